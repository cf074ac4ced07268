import Encoding
import Federation
import Simulation
import TestSupport
import Testing

struct SubjectIDTests {
    @Test func subjectsAreOrderedByTheirBytes() throws {
        var random = SeededRandom(seed: 3)
        var subjects = (0..<200).map { _ in SubjectID(random.bytes(16...16))! }
        // Some that agree in their first half, and in all but one byte.
        for index in 0..<16 {
            var bytes = subjects[0].bytes
            bytes[index] ^= 0x80
            subjects.append(try #require(SubjectID(bytes)))
        }
        for first in subjects {
            for second in subjects where (first < second) != first.bytes.lexicographicallyPrecedes(second.bytes) {
                Issue.record("\(first) and \(second) are not ordered by their bytes")
            }
        }
    }

    @Test func bytesTextAndWordsAreOneThing() throws {
        let subject = try #require(SubjectID(hex: "0000000000000001b73db48b96286b05"))
        #expect(subject.high == 1)
        #expect(subject.low == 0xb73d_b48b_9628_6b05)
        #expect(SubjectID(subject.bytes) == subject)
        #expect(subject.description == "0000000000000001b73db48b96286b05")
        #expect(SubjectID(hex: "0000000000000001B73DB48B96286B05") == subject)
    }

    @Test func sixteenBytesAreASubjectAndNothingElse() {
        for count in [0, 1, 15, 17, 32] {
            #expect(SubjectID([UInt8](repeating: 1, count: count)) == nil)
            #expect(SubjectID(hex: String(repeating: "01", count: count)) == nil)
        }
        #expect(SubjectID(hex: String(repeating: "0", count: 31)) == nil)
        #expect(SubjectID(hex: String(repeating: "g", count: 32)) == nil)
    }
}

struct SyntheticPopulationTests {
    private let vectors = Vectors.root["synthetic_subjects"]!
    private var seed: [UInt8] { Array(vectors["seed"]!.string.utf8) }

    @Test func theSubjectsOfTheVectorsAreMembers() throws {
        let population = SyntheticPopulation(seed: seed, size: 1_400_000_000)
        let members = vectors["subjects"]!.members
        #expect(members.count == 6)
        for member in members {
            let index = try #require(UInt64(member.name))
            let subject = try #require(SubjectID(hex: member.value.string))
            #expect(population.subject(index) == subject)
            #expect(population.contains(subject))
            let smaller = SyntheticPopulation(seed: seed, size: index)
            #expect(!smaller.contains(subject))
            #expect(SyntheticPopulation(seed: seed, size: index + 1).contains(subject))
        }
    }

    @Test func aTurnedBitOrAnotherSeedMakesNoMember() throws {
        let population = SyntheticPopulation(seed: seed, size: 1_400_000_000)
        let subject = population.subject(1)
        for changed in flipped(subject.bytes) { #expect(!population.contains(try #require(SubjectID(changed)))) }
        for other in [[], seed + [0], Array(seed.dropLast())] {
            #expect(!SyntheticPopulation(seed: other, size: 1_400_000_000).contains(subject))
        }
    }

    @Test func randomSubjectsAreNoMembers() {
        let population = SyntheticPopulation(seed: seed, size: .max)
        var random = SeededRandom(seed: 4)
        for _ in 0..<1_000 { #expect(!population.contains(SubjectID(high: random.next(), low: random.next()))) }
    }
}
