import Federation
import Scoring
import Simulation
import Testing

@testable import Storage

struct HistoryCodingTests {
    /// Expected values from the reference implementation of xxHash.
    @Test(
        arguments: [
            ([], 0, 0xef46_db37_51d8_e999),
            (Array("abc".utf8), 0, 0x44bc_2cf5_ad77_0999),
            (Array("xxhash".utf8), 20_141_025, 0xb559_b98d_844e_0635),
            (Array("Nobody inspects the spammish repetition".utf8), 0, 0xfbce_a83c_8a37_8bf1),
            (Array(0..<32), 1, 0xd74e_6766_ce9d_ba94),
            (Array(0..<101), 0x9e37_79b9_7f4a_7c15, 0x843d_211d_892e_a64a),
        ] as [([UInt8], UInt64, UInt64)])
    func theChecksumIsXXH64(bytes: [UInt8], seed: UInt64, expected: UInt64) {
        #expect(bytes.withUnsafeBytes { HistoryChecksum.hash($0, seed: seed) } == expected)
    }

    private func encoded(_ fact: HistoryFact) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: HistoryCoding.maximumRecordBytes)
        let count = bytes.withUnsafeMutableBytes { target in
            fact.reference.withUnsafeBytes {
                HistoryCoding.encode(fact.record, reference: $0, to: target.baseAddress!)
            }
        }
        return Array(bytes.prefix(count))
    }

    @Test func everyKindOfRecordComesBackAsItWas() throws {
        var model = HistoryModel(seed: 21, subjects: 4)
        for index in 0..<2_000 {
            let fact = model.fact(UInt32(index % 3) << (index % 25), model.random.next() >> (index % 64))
            let bytes = encoded(fact)
            var history = SubjectHistory()
            try bytes.withUnsafeBytes { try HistoryCoding.append($0, to: &history) }
            #expect(HistoryFact.all(in: history) == [fact])
        }
    }

    @Test func aTypicalObservationTakesNineBytes() {
        let record = HistoryRecord(
            origin: 40, index: 1_000_000, kind: 1, day: 19_000, factor: 60, quantity: 3, leafPrefix: 5)
        #expect(encoded(HistoryFact(record: record)).count == 9)
        #expect(encoded(HistoryFact(record: record, reference: [1, 2, 3, 4])).count == 9 + 1 + 8 + 4)
    }

    @Test func bytesThatEndTooEarlyAreDamage() {
        var model = HistoryModel(seed: 22, subjects: 4)
        for index in 0..<200 {
            let bytes = encoded(model.fact(9, UInt64(index) << 20))
            for count in 1..<bytes.count {
                #expect(throws: HistoryFailure.self) {
                    var history = SubjectHistory()
                    try bytes[..<count].withUnsafeBytes { try HistoryCoding.append($0, to: &history) }
                }
            }
        }
    }

    @Test func noBytesCrashTheDecoder() {
        var random = SeededRandom(seed: 23)
        for _ in 0..<20_000 {
            let bytes = random.bytes(Int(random.next() % 60))
            var history = SubjectHistory()
            try? bytes.withUnsafeBytes { try HistoryCoding.append($0, to: &history) }
            #expect(history.records.count <= bytes.count)
        }
    }

    @Test func aSegmentHoldsItsGroupsAndNoticesAnyFlippedBit() throws {
        var random = SeededRandom(seed: 24)
        var builder = HistorySegmentBuilder()
        var groups: [(SubjectID, [UInt8])] = []
        var subject = SubjectID(high: 0, low: 0)
        while true {
            let payload = random.bytes(Int(1 + random.next() % 300))
            guard payload.withUnsafeBytes({ builder.append(subject, $0) }) else { break }
            groups.append((subject, payload))
            if random.chance(70) { subject.low &+= random.next() >> (random.next() % 60 + 4) }
            if random.chance(20) { subject = SubjectID(high: subject.high + random.next() >> 40, low: random.next()) }
        }
        let bytes = builder.finish(id: 77)
        #expect(bytes.count == HistorySegment.byteCount)
        #expect(builder.isEmpty)
        try bytes.withUnsafeBytes { buffer in
            var reader = try HistorySegmentReader(buffer, id: 77)
            for (subject, payload) in groups {
                #expect(try reader.next())
                #expect(reader.subject == subject)
                #expect(Array(reader.payload) == payload)
            }
            #expect(try !reader.next())
        }
        #expect(throws: HistoryFailure.self) { try bytes.withUnsafeBytes { _ = try HistorySegmentReader($0, id: 78) } }
        for _ in 0..<200 {
            var damaged = bytes
            damaged[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
            #expect(throws: HistoryFailure.self) {
                try damaged.withUnsafeBytes { _ = try HistorySegmentReader($0, id: 77) }
            }
        }
    }

    @Test func erasuresAreFoundByTheirTargetAmongMany() {
        var random = SeededRandom(seed: 25)
        var erasures = HistoryErasures()
        var expected: [UInt64: Int] = [:]
        for index in 0..<30_000 {
            let target = random.next() % 20_000
            erasures.insert(ErasureRecord(origin: 1, index: UInt64(index), targetOrigin: 2, targetIndex: target))
            expected[target, default: 0] += 1
        }
        #expect(erasures.count == 30_000)
        #expect(Set(erasures.map(\.index)).count == 30_000)
        for target in 0..<20_000 as Range<UInt64> {
            #expect(erasures.erasures(ofOrigin: 2, index: target).count == expected[target] ?? 0)
        }
        #expect(erasures.erasures(ofOrigin: 1, index: 5).isEmpty)
    }
}
