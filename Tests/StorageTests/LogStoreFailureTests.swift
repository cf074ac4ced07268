import Cryptography
import Federation
import Foundation
import GRDB
import Simulation
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogStoreFailureTests {
    @Test(arguments: [UInt64](1...4))
    func aFullDiskLeavesTheStoreSoundAndWritableOnceThereIsRoom(seed: UInt64) throws {
        let folder = try LogFolder()
        var generator = SeededRandom(seed: seed)
        let store = try folder.store { $0.checkpointPages = 100 }
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        for _ in 0..<6 {
            try Self.limit(store, pagesLeft: Int.random(in: 0...12, using: &generator))
            let failure = #expect(throws: StoreFailure.self) { try model.grow(to: model.entries.count + 5_000, store) }
            #expect(failure?.code == .diskFull)
            try LogStoreAppendTests.expect(store, model)
            try Self.limit(store, pagesLeft: 100_000)
            try model.grow(to: model.entries.count + Int.random(in: 1...600, using: &generator), store)
            try LogStoreAppendTests.expect(store, model)
        }
        try store.close()
        let again = try folder.store()
        try LogStoreAppendTests.expect(again, model)
        #expect(try LogVerifier(again, keys: []).verify(rongcheng)?.damages == [])
    }

    private static func limit(_ store: LogStore, pagesLeft: Int) throws {
        try store.pool.writeWithoutTransaction { database in
            let used = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            _ = try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(used + pagesLeft)")
        }
    }

    @Test func errorsOfSQLiteAreTold() {
        let cases: [(ResultCode, StoreFailure.Code)] = [
            (.SQLITE_FULL, .diskFull), (.SQLITE_READONLY, .readOnly), (.SQLITE_READONLY_DIRECTORY, .readOnly),
            (.SQLITE_CORRUPT, .corrupt), (.SQLITE_CORRUPT_VTAB, .corrupt), (.SQLITE_NOTADB, .corrupt),
            (.SQLITE_IOERR_FSYNC, .inputOutput), (.SQLITE_IOERR_WRITE, .inputOutput), (.SQLITE_CANTOPEN, .inputOutput),
            (.SQLITE_IOERR_CORRUPTFS, .corrupt), (.SQLITE_BUSY, .busy), (.SQLITE_MISUSE, .other),
        ]
        for (result, code) in cases {
            let failure = StoreFailure.mapping(DatabaseError(resultCode: result), "write") as? StoreFailure
            #expect(failure?.code == code)
            #expect(failure?.cause is DatabaseError)
        }
        #expect(StoreFailure.mapping(CancellationError(), "write") is CancellationError)
    }

    @Test func aFileThatIsNoDatabaseIsCorrupt() throws {
        let folder = try LogFolder()
        try Data(repeating: 7, count: 20_000).write(to: URL(fileURLWithPath: folder.file))
        let failure = #expect(throws: StoreFailure.self) { try folder.store() }
        #expect(failure?.code == .corrupt)
    }

    @Test func aDamagedLogTakesNothingUntilItIsRepaired() throws {
        let folder = try LogFolder()
        var model = ModelLog(origin: rongcheng)
        var store = try folder.store()
        try model.grow(to: 600, store)
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 600, model.root(600))) }
        try store.close()
        try folder.tamper("UPDATE root SET hash = randomblob(32) WHERE key & 255 = 1")
        store = try folder.store()
        #expect(store.state(rongcheng)?.flaws.map(\.kind) == [.checkpoint(reason: .differentRoot)])
        let failure = #expect(throws: StoreFailure.self) { try model.grow(to: 601, store) }
        #expect(failure?.code == .corrupt)
        #expect(try store.entries(rongcheng, 0..<600) == model.entries)
        #expect(try store.write { try $0.repairBundle(rongcheng, 1) })
        try model.grow(to: 700, store)
        try LogStoreAppendTests.expect(store, model)
    }

    @Test func whatIsWrittenBesidesDoesNotMakeALossTheRecord() throws {
        let folder = try LogFolder()
        var model = ModelLog(origin: rongcheng)
        var store = try folder.store()
        try model.grow(to: 600, store)
        try store.close()
        try folder.tamper("DELETE FROM tail")
        for _ in 0..<2 {
            store = try folder.store()
            #expect(store.state(rongcheng)?.size == 512)
            #expect(store.state(rongcheng)?.recordedSize == 600)
            #expect(store.state(rongcheng)?.flaws.map(\.kind) == [.tailMissing(from: 512, to: 600)])
            try store.write { try $0.putFork(rongcheng, ForkProof(firstNote: [1], secondNote: [2])) }
            try store.close()
        }
    }
}
