import Dispatch
import Federation
import Foundation
import Scoring
import Synchronization
import Testing

@testable import Storage

struct HistoryStoreTests {
    private let subjects = (0..<200).map { SubjectID(high: UInt64($0), low: UInt64($0) &* 31) }

    // MARK: Appending

    @Test func anAppendIsVisibleAtOnceAndDurableAfterAFlush() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        try store.observe(subjects, origin: origin)
        #expect(try store.facts(about: subjects[9]).count == 1)
        #expect(store.visibleUpTo(origin) == 200)
        #expect(store.foldedUpTo(origin) == 0)
        try store.flush()
        #expect(store.foldedUpTo(origin) == 200)
    }

    @Test func aQueryIsAnsweredWhileAnAppendIsUnderWay() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        try store.observe(subjects, origin: origin)
        let found = store.appending.withLock { _ in try? store.facts(about: subjects[9]) }
        #expect(found?.count == 1)
    }

    @Test func entriesThatLeaveNothingMoveThePositionToo() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        var batch = HistoryBatch()
        batch.reset(origin: origin, first: 0)
        batch.advance(to: 256)
        try store.append(batch)
        try store.flush()
        #expect(store.foldedUpTo(origin) == 256)
        #expect(store.statistics.runs == 0)
    }

    @Test func aBatchThatOverlapsIsTakenFromThePositionOn() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        try store.observe(Array(subjects[0..<10]), origin: origin)
        var batch = HistoryBatch()
        batch.reset(origin: origin, first: 4)
        for index in 4..<20 as Range<UInt64> {
            if index % 5 == 0 {
                batch.appendErasure(index: index, targetOrigin: 0, targetIndex: 1)
            } else {
                batch.append(
                    HistoryRecord(origin: origin, index: index, kind: 1, day: 1, quantity: 1), about: subjects[0])
            }
        }
        try store.append(batch)
        #expect(try store.facts(about: subjects[0]).map(\.record.index) == [0, 11, 12, 13, 14, 16, 17, 18, 19])
        #expect(store.erasures.map(\.index).sorted() == [10, 15])
        #expect(store.visibleUpTo(origin) == 20)
    }

    @Test func aGapIsRefused() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        try store.observe(subjects, origin: origin)
        var batch = HistoryBatch()
        batch.reset(origin: origin, first: 256)
        batch.advance(to: 512)
        #expect(throws: HistoryFailure.gap(expected: 200)) { try store.append(batch) }
    }

    @Test func aBatchLargerThanATableIsRefused() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        #expect(throws: HistoryFailure.batchTooLarge) {
            try store.observe(subjects + subjects + subjects, origin: origin)
        }
        #expect(store.visibleUpTo(origin) == 0)
    }

    @Test func aLateRecordIsAddedOnceAndDurable() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        try store.observe(Array(subjects[0..<10]), origin: origin)
        var batch = HistoryBatch()
        batch.reset(origin: origin, first: 10)
        batch.advance(to: 20)
        try store.append(batch)

        var late = HistoryBatch()
        late.reset(origin: origin, first: 8)
        for index in [8, 9, 12, 15, 25] as [UInt64] {
            let subject = index < 10 ? subjects[Int(index)] : subjects[50]
            let record = HistoryRecord(origin: origin, index: index, kind: 1, day: 3, quantity: 1, leafPrefix: index)
            late.append(HistoryFact(record: record, reference: [UInt8(index)]), about: subject)
        }
        late.appendErasure(index: 26, targetOrigin: origin, targetIndex: 1)
        for _ in 0..<3 { try store.insertLate(late) }
        #expect(try store.facts(about: subjects[8]).count == 1)
        #expect(try store.facts(about: subjects[50]).map(\.record.index) == [12, 15])
        #expect(store.erasures.isEmpty)
        #expect(store.visibleUpTo(origin) == 20)

        // What comes behind the position is for `append`; a crash takes neither.
        let copy = try folder.copy()
        let reopened = try HistoryStore(path: copy.path)
        #expect(reopened.foldedUpTo(origin) == 20)
        for store in [store, reopened] {
            batch.reset(origin: origin, first: 20)
            batch.appendErasure(index: 20, targetOrigin: origin, targetIndex: 7)
            try store.append(batch)
            late.reset(origin: origin, first: 11)
            late.append(HistoryRecord(origin: origin, index: 11, kind: 5, day: 3), about: subjects[50])
            late.appendErasure(index: 20, targetOrigin: origin, targetIndex: 7)
            try store.insertLate(late)
            #expect(try store.facts(about: subjects[50]).map(\.record.index) == [11, 12, 15])
            #expect(try store.facts(about: subjects[50]).map(\.reference) == [[], [12], [15]])
            #expect(store.erasures.map(\.index) == [20])
            try store.compact()
            store.close()
        }
        #expect(!copy.files.isEmpty)
    }

    // MARK: Snapshots

    @Test func aSnapshotShowsOneMoment() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        for _ in 0..<30 { try store.observe(subjects, origin: origin) }
        let snapshot = try store.snapshot()
        #expect(snapshot.positions == [6_000])
        var seen: [Int] = []
        for (place, partition) in snapshot.partitions(4).enumerated() {
            try partition.forEachSubject { _, history in
                seen.append(history.records.count)
                if seen.count % 20 == 0 { try store.observe(subjects, origin: origin) }
            }
            if place == 1 { try store.compact() }
        }
        #expect(seen == Array(repeating: 30, count: 200))
        #expect(try store.snapshot().facts(partitions: 1).allSatisfy { $0.facts.count == 40 })
    }

    @Test func partitionsHoldEachSubjectOnceAndShareTheWork() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        let many = (0..<40_000).map { SubjectID(high: UInt64($0), low: 7) }
        try store.observe(many, origin: origin, inBatchesOf: 256)
        for isFlushed in [false, true] {
            if isFlushed { try store.flush() }
            let snapshot = try store.snapshot()
            var counts: [Int] = []
            var all: [SubjectID] = []
            for partition in snapshot.partitions(4) {
                let before = all.count
                try partition.forEachSubject { subject, _ in all.append(subject) }
                counts.append(all.count - before)
            }
            #expect(all == many)
            #expect(counts.count == 4)
            #expect(counts.allSatisfy { (8_000...12_000).contains($0) })
        }
        #expect(try store.snapshot().facts(partitions: 1_000).count == many.count)
    }

    @Test func anEmptyStoreHasAnEmptySnapshot() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        #expect(try store.snapshot().facts(partitions: 3).isEmpty)
        #expect(try store.facts(about: subjects[0]).isEmpty)
        try store.compact()
        #expect(store.statistics.runs == 0)
    }

    @Test func rowsOfMergedRunsAreDeletedOnceNoSnapshotNeedsThem() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        for _ in 0..<30 { try store.observe(subjects, origin: origin) }
        try store.flush()
        var snapshot: HistorySnapshot? = try store.snapshot()
        try store.compact()
        let rows = { try store.database.leftovers(besides: Set(store.state.withLock { $0.runs.map(\.id) })).count }
        #expect(try rows() > 0)
        #expect(try snapshot?.facts(partitions: 2).count == 200)
        snapshot = nil
        while try rows() > 0 { usleep(1_000) }
        #expect(try store.facts(about: subjects[3]).count == 30)
    }

    // MARK: Threads

    @Test func queriesAndScansSeeWholeBatchesWhileOthersWrite() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origins = try (0..<2).map { try store.originNumber(Array("x/\($0)/1".utf8)) }
        let isDone = Atomic(false)
        let failures = Mutex<[String]>([])
        let rounds = 400
        DispatchQueue.concurrentPerform(iterations: 4) { thread in
            do {
                if thread < 2 {
                    for _ in 0..<rounds { try store.observe(subjects, origin: origins[thread]) }
                    if thread == 0 { isDone.store(true, ordering: .releasing) }
                }
                while thread == 2, !isDone.load(ordering: .acquiring) {
                    let reached = origins.map { Int(store.visibleUpTo($0)) / subjects.count }.reduce(0, +)
                    let count = try store.facts(about: subjects[77]).count
                    if count < reached { failures.withLock { $0.append("query \(count) < \(reached)") } }
                }
                while thread == 3, !isDone.load(ordering: .acquiring) {
                    let snapshot = try store.snapshot()
                    let expected = snapshot.positions.reduce(0) { $0 + Int($1) } / subjects.count
                    for (_, facts) in try snapshot.facts(partitions: 2) where facts.count != expected {
                        failures.withLock { $0.append("scan \(facts.count) != \(expected)") }
                    }
                }
            } catch {
                failures.withLock { $0.append("\(error)") }
            }
        }
        #expect(failures.withLock { $0 } == [])
        try store.compact()
        #expect(try store.facts(about: subjects[77]).count == 2 * rounds)
        #expect(store.statistics.records == 2 * rounds * subjects.count)
    }

    // MARK: Numbers

    @Test func numbersStayTheSameAcrossStarts() throws {
        let folder = try HistoryFolder()
        var numbers: [UInt32] = []
        for _ in 0..<3 {
            let store = try HistoryStore(path: folder.path)
            let origin = try store.originNumber(Array("x/a/1".utf8))
            let found = [
                origin, store.targetOriginNumber("x/b/1"), store.targetOriginNumber("x/a/1"), store.factorNumber("f.1"),
                store.factorNumber(""), try store.reserveFactor(Array("f.2".utf8)), store.factorNumber("f.2"),
            ]
            if numbers.isEmpty { numbers = found }
            #expect(found == numbers)
            #expect(found == [0, 1, 0, 0, 1, 2, 2])
            #expect(store.originLine(1) == Array("x/b/1".utf8))
            #expect(store.originLine(2) == nil)
            #expect(store.originLines.count == 2)
            #expect(store.factorCodes == [Array("f.1".utf8), [], Array("f.2".utf8)])
            try store.observe(subjects, origin: origin)
            store.close()
        }
    }

    @Test func aFloodOfCodesEndsAtTheLimitAndIsRememberedAcrossStarts() throws {
        let folder = try HistoryFolder()
        var options = HistoryOptions.small
        options.factorLimit = 1_000
        options.originLimit = 10
        var store = try HistoryStore(path: folder.path, options: options)
        let known = try store.reserveFactor(Array("rulebook".utf8))
        let origin = try store.originNumber(Array("x/a/1".utf8))
        for number in 0..<999 { #expect(store.factorNumber("flood.\(number)") != HistoryStore.unknownNumber) }
        for number in 999..<3_000 { #expect(store.factorNumber("flood.\(number)") == HistoryStore.unknownNumber) }
        for number in 0..<9 { #expect(store.targetOriginNumber("y/\(number)/1") != HistoryStore.unknownNumber) }
        #expect(store.targetOriginNumber("z/a/1") == HistoryStore.unknownNumber)
        try store.observe(subjects, origin: origin)
        store.close()

        store = try HistoryStore(path: folder.path, options: options)
        #expect(store.factorNumber("rulebook") == known)
        #expect(store.factorNumber("flood.998") == 999)
        #expect(store.factorNumber("flood.999") == HistoryStore.unknownNumber)
        // A name that matters now may be among those left out: only a new fold can tell.
        #expect(throws: HistoryFailure.self) { _ = try store.reserveFactor(Array("flood.2000".utf8)) }
        #expect(throws: HistoryFailure.self) { _ = try store.originNumber(Array("z/a/1".utf8)) }
        #expect(try store.originNumber(Array("y/3/1".utf8)) == 4)
    }

    @Test func whatMattersIsNumberedBeyondTheLimit() throws {
        let folder = try HistoryFolder()
        var options = HistoryOptions.small
        options.factorLimit = 2
        let store = try HistoryStore(path: folder.path, options: options)
        for number in 0..<5 { #expect(try store.reserveFactor(Array("f.\(number)".utf8)) == UInt32(number)) }
        #expect(store.factorNumber("flood") == HistoryStore.unknownNumber)
        #expect(store.factorNumber("f.4") == 4)
    }

    @Test func manyNumbersAreFoundAgain() {
        var table = HistoryNumberTable()
        for number in 0..<5_000 {
            let key = Array("code.\(number)".utf8)
            #expect(key.withUnsafeBytes { table.find($0) } == nil)
            #expect(key.withUnsafeBytes { table.insert($0) } == UInt32(number))
        }
        for number in 0..<5_000 {
            #expect(Array("code.\(number)".utf8).withUnsafeBytes { table.find($0) } == UInt32(number))
            #expect(table[UInt32(number)].elementsEqual("code.\(number)".utf8))
        }
    }
}
