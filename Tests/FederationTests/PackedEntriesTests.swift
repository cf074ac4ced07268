import Cryptography
import Encoding
import Federation
import Simulation
import Testing
import TransparencyLog

/// Entries with their bodies, an empty body for none.
struct Run {
    var items: [(entry: [UInt8], body: [UInt8])] = []

    /// Every vector with its body, then without, and what only a later version understands.
    static let mixed: Run = {
        var run = Run()
        for event in Vectors.good { run.items.append((event.entry, event.body ?? [])) }
        for event in Vectors.good { run.items.append((event.entry, [])) }
        for entry in Vectors.kept { run.items.append((entry, [])) }
        // The unknown kind commits to the first observation's body.
        run.items.append((Vectors.kept[0], Vectors.withBody[0].body!))
        run.items.append(([], []))
        run.items.append(([UInt8](repeating: 9, count: Limits.entryBytes), []))
        return run
    }()

    static func random(_ random: inout SeededRandom, count: Int) -> Run {
        Run(items: (0..<count).map { _ in mixed.items.randomElement(using: &random)! })
    }

    var packed: PackedEntries {
        var builder = PackedEntriesBuilder()
        for item in items { builder.append(entry: item.entry, body: item.body) }
        #expect(builder.count == items.count)
        return builder.finish()
    }

    func matches(_ packed: PackedEntries) -> Bool {
        packed.count == items.count
            && zip(packed.unpacked, items).allSatisfy { $0.entry == $1.entry && $0.body == $1.body }
    }
}

struct PackedEntriesTests {
    @Test func whatIsPackedIsUnpackedTheSame() throws {
        let run = Run.mixed
        let packed = run.packed
        #expect(run.matches(packed))
        #expect(try PackedEntries(checking: packed.bytes) == packed)
        for (index, item) in run.items.enumerated() {
            #expect(packed.item(index).entry == item.entry)
            #expect(packed.item(index).body == item.body)
        }
    }

    @Test func anEntryIsGivenBackByItsHeaderAndBody() {
        let event = Vectors.withBody[0]
        let packed = Run(items: [(event.entry, event.body!)]).packed
        #expect(packed.bytes == [0, 1, 0, 65] + event.entry.prefix(10) + event.body!)
        let bare = Run(items: [(event.entry, [])]).packed
        #expect(bare.bytes == [0, 1, 0x80, 42] + event.entry)
        #expect(PackedEntries.empty.bytes == [0, 0])
        #expect(Run().packed == .empty)
    }

    @Test func leafHashesAreThoseOfThePlainEntries() {
        let run = Run.mixed
        var hashes: [Digest] = []
        run.packed.appendLeafHashes(to: &hashes)
        #expect(hashes == run.items.map { leafHash($0.entry) })
        for (event, hash) in zip(Vectors.good, hashes) { #expect(hex(hash.bytes) == event.leafHash) }
    }

    @Test func aMissingBodyIsToldFromNone() {
        let run = Run.mixed
        run.packed.forEach { index, item in
            let (entry, body) = run.items[index]
            #expect(item.lacksBody == (Entry.hasBody(entry) && body.isEmpty))
            #expect(item.isVerbatim == body.isEmpty)
            #expect(Array(item.body) == body)
        }
    }

    @Test func aChangedBodyGivesAnotherLeaf() {
        let event = Vectors.withBody[0]
        for changed in flipped(event.body!) {
            var hashes: [Digest] = []
            Run(items: [(event.entry, changed)]).packed.appendLeafHashes(to: &hashes)
            #expect(hex(hashes[0].bytes) != event.leafHash)
        }
    }

    @Test func everySliceHoldsItsItems() {
        let run = Run.mixed
        let packed = run.packed
        for start in 0...run.items.count {
            for end in start...run.items.count {
                let slice = packed.slice(start..<end)
                #expect(Run(items: Array(run.items[start..<end])).packed == slice)
            }
        }
    }

    @Test func runsAreJoined() throws {
        var random = SeededRandom(seed: 6)
        for _ in 0..<100 {
            let first = Run.random(&random, count: Int.random(in: 0...20, using: &random))
            let second = Run.random(&random, count: Int.random(in: 0...20, using: &random))
            let joined = first.packed.appending(second.packed)
            #expect(joined == Run(items: first.items + second.items).packed)
            #expect(try PackedEntries(checking: joined.bytes) == joined)
        }
    }

    @Test func itemsAreReplacedAndBodiesTakenOut() {
        let run = Run.mixed
        let packed = run.packed
        #expect(packed.replacing([:]) == packed)
        #expect(packed.withoutBodies(at: []) == packed)
        var bare = run
        for index in bare.items.indices { bare.items[index].body = [] }
        #expect(packed.withoutBodies(at: Set(run.items.indices)) == bare.packed)
        for index in run.items.indices {
            var changed = run
            changed.items[index] = run.items[0]
            #expect(packed.replacing([index: run.items[0]]) == changed.packed)
            changed = run
            changed.items[index].body = []
            #expect(packed.withoutBodies(at: [index]) == changed.packed)
        }
        var hashes: [[Digest]] = [[], []]
        packed.appendLeafHashes(to: &hashes[0])
        bare.packed.appendLeafHashes(to: &hashes[1])
        #expect(hashes[0] == hashes[1], "taking a body out leaves the log as it is")
        // Bodies come back where they were missing.
        var returned: [Int: (entry: [UInt8], body: [UInt8])] = [:]
        for index in run.items.indices { returned[index] = run.items[index] }
        #expect(bare.packed.replacing(returned) == packed)
    }

    @Test func aRunIsAtMostABundle() throws {
        var random = SeededRandom(seed: 7)
        let full = Run.random(&random, count: 256).packed
        #expect(try PackedEntries(checking: full.bytes).count == 256)
        #expect(full.bytes.count <= Limits.packedBundleBytes)
        let over: [UInt8] = [1, 1] + [UInt8](repeating: 0x80, count: 2 * 257)
        #expect(throws: DecodingFailure.vectorLength(257)) { try PackedEntries(checking: over) }
        #expect(throws: DecodingFailure.vectorLength(0xffff)) { try PackedEntries(checking: [0xff, 0xff]) }
    }

    @Test func theLargestBundleFitsItsLimit() {
        let entry = Vectors.withBody[0].entry
        let body = [UInt8](repeating: 1, count: Limits.entryBytes)
        let packed = Run(items: (0..<256).map { _ in (entry, body) }).packed
        #expect(packed.bytes.count == Limits.packedBundleBytes)
    }
}

struct HostilePackedEntriesTests {
    /// Whatever is accepted can be walked, hashed and packed again to the same bytes.
    private func walk(_ bytes: [UInt8]) {
        guard let packed = try? PackedEntries(checking: bytes) else { return }
        var hashes: [Digest] = []
        packed.appendLeafHashes(to: &hashes)
        let unpacked = packed.unpacked
        #expect(hashes.count == packed.count)
        #expect(hashes == unpacked.map { leafHash($0.entry) })
        #expect(Run(items: unpacked).packed.bytes == bytes)
    }

    @Test func aTurnedBitCrashesNothing() {
        let bytes = Run(items: Run.mixed.items.filter { $0.entry.count + $0.body.count < 400 }).packed.bytes
        for index in bytes.indices {
            for bit in 0..<8 {
                var changed = bytes
                changed[index] ^= 1 << UInt8(bit)
                walk(changed)
            }
        }
    }

    @Test func aRunThatIsCutOrLengthenedIsRefused() {
        let bytes = Run(items: Run.mixed.items.filter { $0.entry.count + $0.body.count < 400 }).packed.bytes
        for count in bytes.indices {
            #expect(throws: DecodingFailure.truncated) { try PackedEntries(checking: Array(bytes[..<count])) }
        }
        #expect(throws: DecodingFailure.trailingBytes) { try PackedEntries(checking: bytes + [0]) }
    }

    @Test func randomBytesCrashNothing() {
        var random = SeededRandom(seed: 8)
        for _ in 0..<20_000 {
            let count = UInt8(random.next() & 3)
            var bytes: [UInt8] = [0, count]
            for _ in 0..<count {
                bytes += [UInt8(random.next() & 1) << 7, UInt8(random.next() & 31)]
            }
            walk(bytes + random.bytes(0...80).map { $0 & 7 })
        }
    }

    @Test func aLengthBeyondItsLimitIsRefused() {
        let over = UInt16(Limits.entryBytes + 1)
        for length in [over, over | 0x8000, 0x7fff, 0xffff] {
            let bytes: [UInt8] = [0, 1, UInt8(length >> 8), UInt8(length & 0xff)] + [UInt8](repeating: 1, count: 40_000)
            #expect(throws: DecodingFailure.vectorLength(Int(length))) { try PackedEntries(checking: bytes) }
        }
    }

    @Test func aBodyStandsOnlyWhereItsEntryCanHaveOne() {
        func packed(version: UInt8, kind: UInt8, length: UInt8) -> [UInt8] {
            [0, 1, 0, length, version, kind] + [UInt8](repeating: 0, count: 8 + Int(length))
        }
        #expect((try? PackedEntries(checking: packed(version: 1, kind: 1, length: 1))) != nil)
        #expect((try? PackedEntries(checking: packed(version: 1, kind: 99, length: 1))) != nil)
        #expect((try? PackedEntries(checking: packed(version: 2, kind: 1, length: 1))) == nil)
        #expect((try? PackedEntries(checking: packed(version: 1, kind: 7, length: 1))) == nil)
        #expect((try? PackedEntries(checking: packed(version: 1, kind: 1, length: 0))) == nil)
    }
}
