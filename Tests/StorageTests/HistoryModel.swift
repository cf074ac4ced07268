import Federation
import Scoring
import Simulation
import Testing

@testable import Storage

/// What the store has to say, kept as simply as possible beside it, and the random life of both.
struct HistoryModel {
    var facts: [SubjectID: [HistoryFact]] = [:]
    var erasures: [ErasureRecord] = []
    /// By origin: next index.
    var positions: [UInt32: UInt64] = [:]
    var random: SeededRandom
    let subjects: [SubjectID]

    init(seed: UInt64, subjects count: Int) {
        var random = SeededRandom(seed: seed)
        // Some that share long prefixes, some that share nothing, and the ends of the range.
        var subjects = [SubjectID(high: 0, low: 1), SubjectID(high: .max, low: .max)]
        for number in 0..<UInt64(count) {
            subjects.append(SubjectID(high: number / 3, low: number % 2 == 0 ? number : random.next()))
            if number % 4 == 0 { subjects.append(SubjectID(high: random.next(), low: random.next())) }
        }
        self.subjects = subjects
        self.random = random
    }

    /// A random batch that continues a log; some of its entries leave nothing, some are erasures.
    mutating func batch(origin: UInt32, entries: Int) -> HistoryBatch {
        var batch = HistoryBatch()
        let first = positions[origin] ?? 0
        batch.reset(origin: origin, first: first)
        for index in first..<first + UInt64(entries) {
            if random.chance(5) { continue }
            if random.chance(4) {
                let target = (origin: UInt32(random.next() % 5), index: random.next() % 50)
                batch.appendErasure(index: index, targetOrigin: target.origin, targetIndex: target.index)
                erasures.append(
                    ErasureRecord(
                        origin: origin, index: index, targetOrigin: target.origin, targetIndex: target.index))
                continue
            }
            // A quarter of everything is about one subject, whose groups fill more than one segment.
            let subject = random.chance(25) ? subjects[7] : subjects[Int(random.next() % UInt64(subjects.count))]
            let fact = fact(origin, index)
            batch.append(fact, about: subject)
            facts[subject, default: []].append(fact)
        }
        batch.advance(to: first + UInt64(entries))
        positions[origin] = batch.end
        return batch
    }

    mutating func fact(_ origin: UInt32, _ index: UInt64) -> HistoryFact {
        let kind = random.chance(60) ? 1 : UInt8(1 + random.next() % 6)
        var record = HistoryRecord(
            origin: origin, index: index, kind: kind, verdict: kind == 4 ? UInt8(1 + random.next() % 2) : 0,
            day: random.chance(90) ? UInt32(random.next() % 25_000) : UInt32(truncatingIfNeeded: random.next()))
        if kind == 1 {
            record.factor = random.chance(95) ? UInt32(random.next() % 300) : .max
            record.quantity = random.chance(50) ? 1 : Int32(1 + random.next() % UInt64(Int32.max))
            if random.chance(50) {
                record.leafPrefix = random.next()
                return HistoryFact(record: record, reference: random.bytes(Int(1 + random.next() % 64)))
            }
        } else if (2...4).contains(kind) {
            record.targetOrigin = random.chance(90) ? UInt32(random.next() % 5) : .max
            record.targetIndex = random.chance(90) ? random.next() % 1_000 : random.next()
        }
        return HistoryFact(record: record)
    }

    /// Takes random records out and says which.
    mutating func removals(_ count: Int) -> [HistoryRemoval] {
        var removals: [HistoryRemoval] = []
        for _ in 0..<count {
            let subject = subjects[Int(random.next() % UInt64(subjects.count))]
            guard var kept = facts[subject], !kept.isEmpty else { continue }
            // Sometimes everything about a subject, sometimes one record.
            let taken = random.chance(30) ? kept : [kept.remove(at: Int(random.next() % UInt64(kept.count)))]
            facts[subject] = taken.count > 1 || kept.isEmpty || taken == kept ? nil : kept
            removals += taken.map {
                HistoryRemoval(subject: subject, origin: $0.record.origin, index: $0.record.index)
            }
        }
        return removals
    }

    /// Compares every subject by query, everything by scan, the erasures and the positions.
    func expectEqual(_ store: HistoryStore, partitions: Int) throws {
        for subject in subjects {
            #expect(try store.facts(about: subject) == HistoryFact.sorted(facts[subject] ?? []))
        }
        let scanned = try store.snapshot().facts(partitions: partitions)
        let expected = facts.filter { !$0.value.isEmpty }.keys.sorted()
        #expect(scanned.map(\.subject) == expected)
        for (subject, found) in scanned { #expect(found == HistoryFact.sorted(facts[subject] ?? [])) }

        #expect(Self.sorted(Array(store.erasures)) == Self.sorted(erasures))
        for erasure in erasures.prefix(20) {
            let same = erasures.filter {
                $0.targetOrigin == erasure.targetOrigin && $0.targetIndex == erasure.targetIndex
            }
            let found = store.erasures.erasures(ofOrigin: erasure.targetOrigin, index: erasure.targetIndex)
            #expect(Self.sorted(found) == Self.sorted(same))
        }
        for (origin, position) in positions { #expect(store.visibleUpTo(origin) == position) }
        #expect(store.statistics.records == facts.values.reduce(0) { $0 + $1.count })
    }

    private static func sorted(_ erasures: [ErasureRecord]) -> [ErasureRecord] {
        erasures.sorted { ($0.origin, $0.index) < ($1.origin, $1.index) }
    }
}
