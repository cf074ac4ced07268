import Federation
import GRDB
import Simulation
import Testing

@testable import Storage

struct HistoryModelTests {
    /// Appends, flushes, merges, removals and restarts in random order never change what is said about anybody.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func theStoreSaysWhatTheLogsSaid(seed: UInt64) throws {
        let folder = try HistoryFolder()
        var store = try HistoryStore(path: folder.path, options: .small)
        for origin in 0..<4 { #expect(try store.originNumber(Array("x/\(origin)/1".utf8)) == UInt32(origin)) }
        var model = HistoryModel(seed: seed, subjects: 60)
        for round in 0..<120 {
            let origin = UInt32(model.random.next() % 4)
            let batch = model.batch(origin: origin, entries: Int(model.random.next() % 200))
            try store.append(batch)
            // A fold that starts again too early changes nothing.
            if model.random.chance(20) { try store.append(batch) }
            if model.random.chance(10) { try store.flush() }
            if model.random.chance(3) { try store.compact() }
            if model.random.chance(5) {
                let removals = model.removals(6)
                #expect(try store.removeRecords(removals) == Set(removals).count)
            }
            if model.random.chance(5) {
                store.close()
                store = try HistoryStore(path: folder.path, options: .small)
            }
            if round % 30 == 29 { try model.expectEqual(store, partitions: 1 + round % 4) }
        }
        try store.compact()
        #expect(store.statistics.runs <= 1)
        try model.expectEqual(store, partitions: 3)
    }

    /// After a crash the file tells how far it is folded; folding the rest again gives everything, once.
    @Test(arguments: [11, 12] as [UInt64])
    func afterACrashTheFoldGoesOnWhereTheFileEnds(seed: UInt64) throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        for origin in 0..<4 { _ = try store.originNumber(Array("x/\(origin)/1".utf8)) }
        var model = HistoryModel(seed: seed, subjects: 40)
        var batches: [HistoryBatch] = []
        var copies: [(folder: HistoryFolder, batches: Int)] = []
        for round in 0..<90 {
            let batch = model.batch(origin: UInt32(round % 4), entries: 100)
            batches.append(batch)
            try store.append(batch)
            if round % 15 == 14 {
                try store.flush()
                // Merges may be in the middle: the writer stands still, the work does not.
                copies.append((try store.database.pool.writeWithoutTransaction { _ in try folder.copy() }, round + 1))
            }
        }
        for copy in copies {
            let reopened = try HistoryStore(path: copy.folder.path, options: .small)
            #expect(!reopened.wasRebuilt)
            for batch in batches.prefix(copy.batches) { #expect(reopened.foldedUpTo(batch.origin) >= batch.end) }
            for batch in batches { try reopened.append(batch) }
            try model.expectEqual(reopened, partitions: 2)
        }
    }
}
