import Cryptography
import Encoding
import Federation
import Scoring
import TestSupport
import Testing
import TransparencyLog

struct CutTests {
    private let vector = vectors("cut", in: .module)

    private func text(_ name: String) throws -> [UInt8] {
        var reader = try JSONObjectReader(vector)
        return Array(try reader.string(name).utf8)
    }

    @Test func theTextIsTheExpectedOneAndReadsBack() throws {
        let cut = try Cut(text: text("cut"))
        #expect(cut.text == (try text("cut")))
        #expect(cut.topology == sha256(try text("topology_bytes")))
        #expect(cut.rulebook == sha256(try text("rulebook_bytes")))
        #expect(cut.day == 18_262)
        #expect(cut.size(of: Array("pilot.concord.example/suzhou/2".utf8)) == 5)
        #expect(cut.size(of: Array("pilot.concord.example/suzhou/3".utf8)) == 0)
        let rebuilt = Cut(
            topology: cut.topology, rulebook: cut.rulebook, day: cut.day,
            origins: cut.origins.reversed() + [Cut.Origin(line: Array("a/b/1".utf8), size: 0, root: sha256([]))])
        #expect(rebuilt == cut)
    }

    @Test func theStandingsHaveTheExpectedRoot() throws {
        guard case .object(let members)? = vector["standings"]?.content else { throw Missing() }
        var accumulator = StandingsAccumulator()
        #expect(accumulator.root == sha256([]))
        for member in members {
            guard case .integer(let score) = member.value.content else { throw Missing() }
            accumulator.append(SubjectID(hex: member.name)!, score: score)
        }
        #expect(hex(accumulator.root.bytes) == String(decoding: try text("standings_root"), as: UTF8.self))
        let cut = try Cut(text: text("cut"))
        let attestation = Attestation(cut: cut.hash, standingsRoot: accumulator.root, subjects: accumulator.count)
        #expect(attestation.text == (try text("attestation")))
        #expect(try Attestation(text: attestation.text) == attestation)
    }

    private struct Missing: Error {}

    @Test func theSignedAttestationVerifies() throws {
        let note = try SignedNote(text("signed"))
        #expect(note.text == (try text("attestation")))
        let key = try VerifierKey(String(decoding: text("verifier_key"), as: UTF8.self))
        #expect(try note.verified(by: [key]).count == 1)
    }

    @Test func aCutOfNoEntriesReadsBack() throws {
        let cut = Cut(topology: sha256([1]), rulebook: sha256([2]), day: .max, origins: [])
        #expect(try Cut(text: cut.text) == cut)
    }

    @Test(arguments: [
        ("concord/cut/v1\n", "concord/cut/v2\n"), ("concord/cut/v1\n", ""), ("topology ", "topology  "),
        ("topology ", "Topology "), ("day 18262", "day 018262"), ("day 18262", "day -1"),
        ("day 18262", "day 4294967296"),
        ("day 18262\n", ""), ("shanghai/1 600", "shanghai/1 0"), ("shanghai/1 600", "shanghai/1 0600"),
        ("shanghai/1 600", "shanghai/1  600"), ("shanghai/1 600", "shanghai/0 600"), ("shanghai/1", "suzhou/3"),
        ("shanghai/1", "suzhou/1"), ("shanghai/1 600", "shanghai/1 9223372036854775808"), ("FCE=\n", "FCF=\n"),
        ("FCE=\n", "FCE\n"), ("FCE=\n", "FCE=\r\n"), ("FCE=\n", "FCE=\n\n"), ("049nI=\n", "049nI="),
        ("049nI=\n", "049nI=\n\n"), ("049nI=\n", "049nI= \n"), ("/suzhou/1 33", "/suzhou/1 33 33"),
    ])
    func whatIsNotTheOneFormOfACutIsRefused(part: String, replacement: String) throws {
        let good = String(decoding: try text("cut"), as: UTF8.self)
        let bad = good.replacing(part, with: replacement, maxReplacements: 1)
        #expect(bad.utf8.count != good.utf8.count || bad != good)
        #expect(throws: DecodingFailure.self) { try Cut(text: Array(bad.utf8)) }
    }

    @Test(arguments: [
        ("concord/attestation/v1", "concord/attestation/v2"), ("\n5\n", "\n05\n"), ("\n5\n", "\n5"),
        ("\n5\n", "\n5\n\n"),
        ("\n5\n", "\n"), ("\n5\n", "\n-5\n"), ("TP0s=", "TP0t="), ("\n5\n", "\n 5\n"),
    ])
    func whatIsNotTheOneFormOfAnAttestationIsRefused(part: String, replacement: String) throws {
        let good = String(decoding: try text("attestation"), as: UTF8.self)
        let bad = good.replacing(part, with: replacement, maxReplacements: 1)
        #expect(bad != good)
        #expect(throws: DecodingFailure.self) { try Attestation(text: Array(bad.utf8)) }
    }

    @Test func noPrefixAndNoFlippedByteOfACutIsTakenForAnother() throws {
        let good = try text("cut")
        let cut = try Cut(text: good)
        for count in good.indices {
            // What ends with a line is a cut of fewer origins; anything else is none.
            if let shorter = try? Cut(text: Array(good[..<count])) { #expect(shorter.origins.count < 3) }
            var flipped = good
            flipped[count] ^= 1
            if let other = try? Cut(text: flipped) {
                #expect(other != cut)
                #expect(other.text == flipped)
            }
        }
    }
}
