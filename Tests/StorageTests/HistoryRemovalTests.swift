import Federation
import Scoring
import Simulation
import Testing

@testable import Storage

struct HistoryRemovalTests {
    private let reference = Array("only-this-person-has-this-reference".utf8)
    private let person = SubjectID(high: 0x5151_AB54_A98C_EB1F, low: 0x0AD2_4B5E_9D3E_6F11)
    private var personBytes: [UInt8] {
        [0x51, 0x51, 0xAB, 0x54, 0xA9, 0x8C, 0xEB, 0x1F, 0x0A, 0xD2, 0x4B, 0x5E, 0x9D, 0x3E, 0x6F, 0x11]
    }
    private let others = (0..<300).map { SubjectID(high: UInt64($0) << 56 | 0xABCDEF, low: UInt64($0) &* 0x2545_F491) }

    /// Where the person's records lie when they are removed.
    enum Place: CaseIterable { case memory, runs, oneRun, mergesUnderWay, retiredRuns }

    @Test(arguments: Place.allCases)
    func removedBytesAreGoneFromTheFiles(place: Place) throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        var removals: [HistoryRemoval] = []
        for round in 0..<40 {
            try store.observe(others, origin: origin, reference: Array("reference of others".utf8))
            guard round % 10 == 5 else { continue }
            removals.append(HistoryRemoval(subject: person, origin: origin, index: store.visibleUpTo(origin)))
            try store.observe([person], origin: origin, reference: reference)
        }
        var snapshot: HistorySnapshot?
        switch place {
        case .memory:
            removals.append(HistoryRemoval(subject: person, origin: origin, index: store.visibleUpTo(origin)))
            try store.observe([person], origin: origin, reference: reference)
        case .runs: try store.flush()
        case .oneRun: try store.compact()
        case .mergesUnderWay: try store.observe(others + others.prefix(50), origin: origin)
        case .retiredRuns:
            snapshot = try store.snapshot()
            try store.compact()
        }
        if place != .memory { #expect(try folder.contains(reference)) }

        let count = store.statistics.records
        #expect(try store.removeRecords(removals) == removals.count)
        #expect(try !folder.contains(reference))
        #expect(try !folder.contains(personBytes))
        #expect(try store.facts(about: person).isEmpty)
        #expect(store.statistics.records == count - removals.count)
        #expect(try store.removeRecords(removals) == 0)

        #expect(try store.snapshot().facts(partitions: 3).count == others.count)
        // The snapshot goes on, without what was removed from the file.
        if let snapshot { #expect(try snapshot.facts(partitions: 1).count >= others.count) }
        snapshot = nil
        try store.compact()
        #expect(try store.snapshot().facts(partitions: 1).reduce(0) { $0 + $1.facts.count } == count - removals.count)
        store.close()
        #expect(try !folder.contains(reference))
        #expect(try HistoryStore(path: folder.path, options: .small).facts(about: person).isEmpty)
    }

    /// The index of a run names the first subject of each segment; it must not keep one that is nowhere else.
    @Test func noSubjectStaysInTheIndexOfARun() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        // Sixteen subjects whose records fill a few segments each.
        let people = (1...16).map {
            SubjectID(high: UInt64($0) &* 0x0123_4567_89AB_CDEF, low: UInt64($0) &* 0x1111_2222_3333_4445)
        }
        for _ in 0..<40 {
            for person in people {
                try store.observe(
                    Array(repeating: person, count: 20), origin: origin, reference: Array(repeating: 5, count: 40))
            }
        }
        try store.compact()
        var random = SeededRandom(seed: 5)
        var left = people
        while !left.isEmpty {
            let gone = left.remove(at: Int(random.next() % UInt64(left.count)))
            let removals = try store.facts(about: gone).map {
                HistoryRemoval(subject: gone, origin: $0.record.origin, index: $0.record.index)
            }
            #expect(removals.count == 800)
            try store.removeRecords(removals)
            #expect(try !folder.contains(gone.bigEndianBytes))
            #expect(try store.snapshot().facts(partitions: 2).map(\.subject) == left.sorted())
            if let other = left.first { #expect(try store.facts(about: other).count == 800) }
            if random.chance(20) { try store.compact() }
        }
        try store.compact()
        #expect(store.statistics.runs == 1)
        #expect(store.statistics.records == 0)
    }

    @Test func whatIsNotThereIsPassedOver() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        #expect(try store.removeRecords([HistoryRemoval(subject: person, origin: origin, index: 0)]) == 0)
        try store.observe([person, person], origin: origin, reference: reference)
        #expect(try store.removeRecords([HistoryRemoval(subject: others[1], origin: origin, index: 0)]) == 0)
        #expect(try store.removeRecords([HistoryRemoval(subject: person, origin: origin, index: 1)]) == 1)
        #expect(try store.facts(about: person).map(\.record.index) == [0])
        // Folding the same entries again does not bring it back.
        #expect(store.visibleUpTo(origin) == 2)
    }
}

extension SubjectID {
    var bigEndianBytes: [UInt8] {
        [high, low].flatMap { half in (0..<8).map { UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * $0)) } }
    }
}
