import Cryptography
import Encoding
import Federation
import Simulation
import TestSupport
import Testing
import TransparencyLog

struct EntryTests {
    @Test func thereIsAVectorOfEveryKind() {
        #expect(Set(Vectors.good.map(\.kind)) == Set(EventKind.allCases))
        #expect(Set(EventKind.allCases.map(\.name)).count == 7)
    }

    @Test(arguments: Vectors.good)
    func everyEntryOfTheVectorsDecodesAndEncodesToItself(event: Vectors.Event) throws {
        let entry = try Entry(decoding: event.entry)
        #expect(entry.kind == event.kind)
        #expect(entry.encoded == event.entry)
        #expect(hex(leafHash(event.entry).bytes) == event.leafHash)
        #expect(Entry.hasBody(event.entry) == (event.body != nil))
        if let body = event.body { #expect(entry.content == .commitment(sha256(body))) }
    }

    @Test func theErasureNamesItsTarget() throws {
        let entry = try Entry(decoding: Vectors.erasure.entry)
        let target = Position(origin: Array("pilot.concord.example/shanghai/1".utf8), index: 4)
        #expect(entry.content == .erasure(target: target, ground: .recordedInError))
        #expect(Entry(erasing: target, ground: .recordedInError, recordedAt: entry.recordedAt) == entry)
    }

    @Test func theHeaderIsVersionKindAndTime() throws {
        let entry = Entry(kind: .appeal, recordedAt: 0x0102_0304_0506_0708, commitment: sha256([]))
        #expect(entry.encoded.count == Entry.plainBytes)
        #expect(Array(entry.encoded.prefix(Entry.headerBytes)) == [1, 3, 1, 2, 3, 4, 5, 6, 7, 8])
    }

    @Test(arguments: Vectors.root["bad_entry"]!.elements.map { $0["what"]!.string })
    func everyBadEntryOfTheVectorsIsRefused(what: String) throws {
        let vector = try #require(Vectors.root["bad_entry"]!.elements.first { $0["what"]!.string == what })
        #expect(throws: DecodingFailure.self) { try Entry(decoding: vector["hex"]!.hexBytes) }
    }

    @Test func whatALaterVersionWritesIsKeptAndNotUnderstood() {
        let vectors = Vectors.root["kept_but_not_scored"]!.elements
        #expect(vectors.count == 3)
        for vector in vectors {
            let entry = vector["entry"]!.hexBytes
            #expect(throws: DecodingFailure.self) { try Entry(decoding: entry) }
            #expect(.boolean(Entry.hasBody(entry)) == vector["has_body"]!)
        }
    }

    @Test(arguments: Vectors.good)
    func anEntryThatIsCutOrLengthenedIsRefused(event: Vectors.Event) {
        for count in event.entry.indices {
            #expect(throws: DecodingFailure.truncated) { try Entry(decoding: Array(event.entry[..<count])) }
        }
        #expect(throws: DecodingFailure.trailingBytes) { try Entry(decoding: event.entry + [0]) }
    }

    @Test(arguments: Vectors.good)
    func aTurnedBitGivesAnotherEntryOrNone(event: Vectors.Event) throws {
        let original = try Entry(decoding: event.entry)
        for changed in flipped(event.entry) {
            #expect(leafHash(changed) != leafHash(event.entry))
            guard let entry = try? Entry(decoding: changed) else { continue }
            #expect(entry != original)
            #expect(entry.encoded == changed)
        }
    }

    @Test(arguments: Array(UInt8.min...UInt8.max))
    func everyOtherVersionAndKindIsRefused(value: UInt8) throws {
        var entry = Vectors.withBody[0].entry
        entry[1] = value
        #expect(((try? Entry(decoding: entry)) != nil) == (1...6).contains(value))
        entry = Vectors.withBody[0].entry
        entry[0] = value
        #expect(((try? Entry(decoding: entry)) != nil) == (value == 1))
        #expect(Entry.hasBody(entry) == (value == 1))
    }

    @Test func anErasureOfFortyTwoBytesHasNoBody() throws {
        let target = Position(origin: [UInt8](repeating: 0x61, count: 22), index: 9)
        let entry = Entry(erasing: target, ground: .order, recordedAt: 5).encoded
        #expect(entry.count == Entry.plainBytes)
        #expect(!Entry.hasBody(entry))
        #expect(try Entry(decoding: entry).content == .erasure(target: target, ground: .order))
    }

    @Test func onlyFortyTwoBytesHaveABody() {
        for count in 0...100 where count != 42 {
            #expect(!Entry.hasBody([UInt8](repeating: 1, count: count)))
        }
        #expect(Entry.hasBody([UInt8](repeating: 1, count: 42)))
        #expect(Entry.hasBody([9, 9, 9] + [UInt8](repeating: 1, count: 42)[0...]) == false)
        #expect(Entry.hasBody(([9, 9, 9] + [UInt8](repeating: 1, count: 42))[3...]))
    }

    @Test func randomEntriesCrashNothing() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<3_000 {
            let bytes = [1, UInt8(random.next() & 7)] + random.bytes(0...300)
            if let entry = try? Entry(decoding: bytes) { #expect(entry.encoded == bytes) }
        }
    }
}
