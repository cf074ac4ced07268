import Federation
import Foundation
import GRDB
import Scoring
import Synchronization
import Testing

@testable import Storage

/// What happens to the file under the store: restarts, damage, full disks.
struct HistoryFileTests {
    private let subjects = (0..<3_000).map { SubjectID(high: UInt64($0), low: UInt64($0) &* 0x9E37_79B9) }

    private func filled(_ folder: HistoryFolder) throws -> HistoryStore {
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        for start in stride(from: 0, to: subjects.count, by: 300) {
            try store.observe(Array(subjects[start..<start + 300]), origin: origin, reference: [1, 2, 3])
        }
        try store.flush()
        return store
    }

    @Test func theFileIsInTheModesThatTheDesignRestsOn() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path)
        let number = { (pragma: String) in
            try store.database.pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA \(pragma)") ?? -1 }
        }
        let mode = try store.database.read { try String.fetchOne($0, sql: "PRAGMA journal_mode") }
        #expect(mode == "wal")
        #expect(try number("synchronous") == 1)
        #expect(try number("secure_delete") == 1)
        #expect(try number("page_size") == HistoryDatabase.pageBytes)
        #expect(try number("wal_autocheckpoint") > 0)
        #expect(try number("auto_vacuum") == 2)
    }

    @Test func eachSegmentFillsOnePageByItself() throws {
        let folder = try HistoryFolder()
        let store = try filled(folder)
        try store.compact()
        while store.trash.first != nil { usleep(1_000) }
        let rows = try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM merged") ?? 0 }
        let leaves = store.statistics.runBytes / HistoryDatabase.pageBytes
        // Segments and one row of the index.
        #expect(rows == leaves + 1)
        store.close()
        let pages = try DatabaseQueue(path: folder.path).read { database in
            (
                all: try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0,
                free: try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
            )
        }
        // Besides: the schema, seven tables of which `merged` has an inner page, the autoindex of none.
        #expect(pages.all - pages.free <= rows + 9)
    }

    @Test func aSubjectOfMoreSegmentsThanOneLookupTakesIsReadWhole() throws {
        let folder = try HistoryFolder()
        var options = HistoryOptions()
        // Runs as they come, so that both kinds are read and each by several statements.
        options.tableRecords = 4_096
        options.fanIn = 64
        let store = try HistoryStore(path: folder.path, options: options)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        let reference = [UInt8](repeating: 7, count: 200)
        func observe(_ batches: Int) throws {
            for _ in 0..<batches {
                try store.observe(Array(repeating: subjects[5], count: 2_000), origin: origin, reference: reference)
            }
            try store.flush()
        }
        try observe(5)
        try store.compact()
        try observe(5)
        #expect(store.statistics.runs > 1)
        #expect(store.statistics.runBytes > 2 * 65 * HistoryDatabase.pageBytes)
        #expect(try store.facts(about: subjects[5]).map(\.record.index) == Array(0..<20_000))
        #expect(try store.facts(about: subjects[6]).isEmpty)
    }

    @Test func aMissingSegmentIsDamageAndNotAnEmptyHistory() throws {
        let folder = try HistoryFolder()
        let store = try filled(folder)
        try store.compact()
        let run = try #require(store.state.withLock { $0.runs.first?.id })
        try store.database.write {
            try $0.execute(sql: "DELETE FROM \(run.home.table) WHERE id = ?", arguments: [run.row(0)])
        }
        #expect(throws: HistoryFailure.self) { _ = try store.facts(about: subjects[0]) }
    }

    @Test func theWriteAheadLogStaysSmallWhileReadersCome() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        var snapshots: [HistorySnapshot] = []
        for round in 0..<400 {
            try store.observe(Array(subjects[0..<300]), origin: origin, reference: Array(repeating: 7, count: 60))
            if round % 40 == 0 { snapshots.append(try store.snapshot()) }
        }
        try store.compact()
        #expect(try snapshots[5].facts(partitions: 2).reduce(0) { $0 + $1.facts.count } == 201 * 300)
        let log = try FileManager.default.attributesOfItem(atPath: folder.path + "-wal")[.size] as? Int ?? 0
        #expect(log < 40 << 20)
    }

    @Test func damageInASegmentIsNoticedByQueryScanAndMergeAndCuredByARebuild() throws {
        let folder = try HistoryFolder()
        try filled(folder).close()
        try DatabaseQueue(path: folder.path).write { database in
            for table in ["fresh", "merged"] {
                try database.execute(
                    sql: """
                        UPDATE \(table) SET data = CAST(substr(data, 1, 700) || x'00ff' || substr(data, 703) AS BLOB)
                        WHERE id & 0x80000000 = 0
                        """)
            }
        }
        let store = try HistoryStore(path: folder.path, options: .small)
        #expect(throws: HistoryFailure.self) { _ = try store.facts(about: subjects[1_000]) }
        guard case .damaged = store.statistics.failure else {
            Issue.record("the store does not know that it is damaged")
            return
        }
        // It stays so for everyone.
        #expect(throws: HistoryFailure.self) { try store.flush() }
        #expect(throws: HistoryFailure.self) { _ = try store.snapshot() }
        store.close()

        let scanned = try HistoryStore(path: folder.path, options: .small)
        let snapshot = try scanned.snapshot()
        #expect(throws: HistoryFailure.self) { _ = try snapshot.facts(partitions: 1) }
        scanned.close()

        let merged = try HistoryStore(path: folder.path, options: .small)
        let origin = try merged.originNumber(Array("x/a/1".utf8))
        #expect(throws: HistoryFailure.self) {
            try merged.observe(subjects, origin: origin, inBatchesOf: 300)
            try merged.compact()
        }
        merged.close()
    }

    @Test func aMissingRowAndADamagedIndexAreDamage() throws {
        for sql in ["DELETE FROM fresh WHERE id & 0xFFFFFFFF = 0", "UPDATE fresh SET data = zeroblob(16340)"] {
            let folder = try HistoryFolder()
            let store = try HistoryStore(path: folder.path)
            let origin = try store.originNumber(Array("x/a/1".utf8))
            try store.observe(Array(subjects[0..<10]), origin: origin)
            store.close()
            try DatabaseQueue(path: folder.path).write { try $0.execute(sql: sql) }
            #expect(throws: HistoryFailure.self) {
                _ = try HistoryStore(path: folder.path).facts(about: subjects[1])
            }
        }
    }

    enum Harm: CaseIterable { case garbage, cut, version, page }

    /// A damaged page can give a row of other types and sizes than its table declares.
    @Test(
        arguments: [
            "UPDATE run SET segments = -5", "UPDATE run SET segments = 1 << 62", "UPDATE run SET home = 7",
            "UPDATE run SET number = -1 - number", "UPDATE origin SET number = -3 - number",
        ], [false, true])
    func rowsThatCannotBeAreDamageAndEndNothing(sql: String, isOfAnotherType: Bool) throws {
        let folder = try HistoryFolder()
        try filled(folder).close()
        let queue = try DatabaseQueue(path: folder.path)
        try queue.writeWithoutTransaction { database in
            if isOfAnotherType {
                // STRICT keeps wrong types out of tables, but not out of a damaged file.
                try database.execute(sql: "PRAGMA writable_schema = ON")
                try database.execute(sql: "UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT', ''), 'NOT NULL', '')")
            }
        }
        try queue.close()
        let again = try DatabaseQueue(path: folder.path)
        let column = sql.split(separator: " ")[3]
        try again.write {
            try $0.execute(sql: isOfAnotherType && column != "number" ? "UPDATE run SET \(column) = NULL" : sql)
        }
        try again.close()
        #expect(throws: HistoryFailure.self) { _ = try HistoryStore(path: folder.path, options: .small) }
        let rebuilt = try HistoryStore.openOrRebuild(path: folder.path, options: .small)
        #expect(rebuilt.wasRebuilt)
        rebuilt.close()
    }

    @Test(arguments: Harm.allCases)
    func aFileThatCannotBeReadIsRebuilt(harm: Harm) throws {
        let folder = try HistoryFolder()
        try filled(folder).close()
        let url = URL(fileURLWithPath: folder.path)
        var bytes = try Data(contentsOf: url)
        switch harm {
        case .garbage: bytes = Data("This is no database, though it is longer than a header: ".utf8) + bytes
        case .cut: bytes = bytes.prefix(bytes.count / 3)
        case .version: try DatabaseQueue(path: folder.path).write { try $0.execute(sql: "PRAGMA user_version = 99") }
        case .page: bytes.replaceSubrange(3 * 16_384..<12 * 16_384, with: Data(repeating: 0xA5, count: 9 * 16_384))
        }
        if harm != .version { try bytes.write(to: url) }
        #expect(throws: HistoryFailure.self) { _ = try HistoryStore(path: folder.path, options: .small) }

        let store = try HistoryStore.openOrRebuild(path: folder.path, options: .small)
        #expect(store.wasRebuilt)
        #expect(store.statistics.records == 0)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        #expect(store.foldedUpTo(origin) == 0)
        try store.observe(Array(subjects[0..<10]), origin: origin)
        #expect(try store.facts(about: subjects[3]).count == 1)
        store.close()
        #expect(try !HistoryStore.openOrRebuild(path: folder.path, options: .small).wasRebuilt)
    }

    @Test func onAFullDiskItGoesOnServingAndThenGoesOnWriting() throws {
        let folder = try HistoryFolder()
        let store = try filled(folder)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        let limit = try store.database.pool.writeWithoutTransaction { database in
            let pages = try Int.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            return try Int.fetchOne(database, sql: "PRAGMA max_page_count = \(pages)") ?? 0
        }
        #expect(limit > 0)
        let reference = [UInt8](repeating: 9, count: 60)
        var appended = 0
        #expect(throws: HistoryFailure.self) {
            while true {
                try store.observe(Array(subjects[0..<300]), origin: origin, reference: reference)
                appended += 1
            }
        }
        #expect(throws: HistoryFailure.self) { try store.flush() }
        #expect(throws: HistoryFailure.self) { try store.compact() }
        #expect(try store.facts(about: subjects[5]).count == 1 + appended)
        #expect(try store.snapshot().facts(partitions: 2).count == subjects.count)

        try store.database.pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA max_page_count = 1000000") }
        while store.statistics.failure != nil { usleep(1_000) }
        try store.observe(Array(subjects[0..<300]), origin: origin, reference: reference)
        try store.compact()
        #expect(store.statistics.recordsInMemory == 0)
        #expect(try store.facts(about: subjects[5]).count == 2 + appended)
    }

    /// Entries behind some records, folded without what their bodies say.
    private func foldedWithoutBodies(_ count: UInt64, in store: HistoryStore) throws -> HistoryBatch {
        let origin = try store.originNumber(Array("x/a/1".utf8))
        try store.observe(Array(subjects[0..<10]), origin: origin)
        var batch = HistoryBatch()
        batch.reset(origin: origin, first: store.visibleUpTo(origin))
        batch.advance(to: batch.first + count)
        try store.append(batch)
        try store.flush()
        return batch
    }

    @Test func aLateRecordIsNotTakenAsLongAsItFindsNoRoom() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let batch = try foldedWithoutBodies(200, in: store)
        let origin = batch.origin
        let setLimit = { (pages: Int) in
            try store.database.pool.writeWithoutTransaction {
                _ = try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(pages)")
            }
        }
        var late = HistoryBatch()
        late.reset(origin: origin, first: batch.first)
        let stranger = SubjectID(high: 77, low: 7)
        for index in batch.first..<batch.end {
            let record = HistoryRecord(origin: origin, index: index, kind: 1, day: 3, quantity: 1, leafPrefix: index)
            late.append(
                HistoryFact(record: record, reference: [UInt8](repeating: 9, count: 250)), about: stranger)
        }
        try setLimit(1)
        // They are in memory since the first attempt, and a crash would find them nowhere else.
        for _ in 0..<2 { #expect(throws: HistoryFailure.self) { try store.insertLate(late) } }
        try setLimit(1_000_000)
        try store.insertLate(late)
        let copy = try folder.copy()
        let reopened = try HistoryStore(path: copy.path)
        #expect(try reopened.facts(about: stranger).count == 200)
    }

    @Test func aLateRecordIsSyncedAlsoWhereTheProcessBeforeCouldOnlyWriteIt() throws {
        let folder = try HistoryFolder()
        var late = HistoryBatch()
        do {
            let store = try HistoryStore(path: folder.path, options: .small)
            let batch = try foldedWithoutBodies(1, in: store)
            late.reset(origin: batch.origin, first: batch.first)
            let record = HistoryRecord(origin: batch.origin, index: batch.first, kind: 1, day: 3, quantity: 1, leafPrefix: 1)
            late.append(HistoryFact(record: record, reference: []), about: SubjectID(high: 77, low: 7))
            try store.insertLate(late)
        }
        // All of it is in the file; whether also on the disk this process cannot know.
        let files = CountingFiles()
        var options = HistoryOptions.small
        options.files = files
        let copy = try folder.copy()
        let reopened = try HistoryStore(path: copy.path, options: options)
        try reopened.insertLate(late)
        #expect(files.syncs.withLock { $0 } == 1)
        try reopened.insertLate(late)
        #expect(files.syncs.withLock { $0 } == 1, "nothing is owed any more")
    }

    @Test func aMergeThatFindsNoRoomIsDoneOnceThereIs() throws {
        let folder = try HistoryFolder()
        let store = try HistoryStore(path: folder.path, options: .small)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        for _ in 0..<2 {
            try store.observe(Array(subjects[0..<300]), origin: origin, reference: Array(repeating: 9, count: 60))
            try store.flush()
        }
        let setLimit = { (pages: Int) in
            try store.database.pool.writeWithoutTransaction {
                _ = try Int.fetchOne($0, sql: "PRAGMA max_page_count = \(pages)")
            }
        }
        try setLimit(1)
        #expect(throws: HistoryFailure.self) { try store.compact() }
        #expect(store.statistics.runs == 2)
        try setLimit(1_000_000)
        try store.compact()
        #expect(store.statistics.runs == 1)
        #expect(store.statistics.failure == nil)
        #expect(try store.facts(about: subjects[299]).count == 2)
    }

    @Test func whatMergesLeaveBehindIsGivenBack() throws {
        let folder = try HistoryFolder()
        let store = try filled(folder)
        let origin = try store.originNumber(Array("x/a/1".utf8))
        let long = [UInt8](repeating: 7, count: 64)
        for start in stride(from: 0, to: subjects.count, by: 300) {
            try store.observe(Array(subjects[start..<start + 300]), origin: origin, reference: long)
        }
        // All runs are in the file, and then one run beside them.
        try store.compact()
        for _ in 0..<10_000 { store.queue.sync {} }
        func number(_ pragma: String) throws -> Int {
            try store.database.read { try Int.fetchOne($0, sql: "PRAGMA \(pragma)") ?? -1 }
        }
        let (free, pages) = (try number("freelist_count"), try number("page_count"))
        #expect(free <= (pages - free) / 2)
        for subject in subjects { #expect(try store.facts(about: subject).count == 2) }
        #expect(try store.database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    }

    @Test func aStoreThatIsClosedSaysSo() throws {
        let folder = try HistoryFolder()
        let store = try filled(folder)
        let snapshot = try store.snapshot()
        store.close()
        #expect(throws: HistoryFailure.closed) { try store.flush() }
        #expect(throws: HistoryFailure.closed) { _ = try store.facts(about: subjects[0]) }
        #expect(throws: HistoryFailure.closed) { _ = try snapshot.facts(partitions: 1) }
        store.close()
    }
}

extension HistoryStore {
    func observe(_ subjects: [SubjectID], origin: UInt32, inBatchesOf count: Int) throws {
        for start in stride(from: 0, to: subjects.count, by: count) {
            try observe(Array(subjects[start..<min(subjects.count, start + count)]), origin: origin)
        }
    }
}

/// The system's files, counting how often a write-ahead log was made durable.
private final class CountingFiles: StoreFiles {
    let syncs = Mutex(0)
    private let system = SystemStoreFiles()

    var vfs: String? { system.vfs }
    func byteCount(of path: String) -> UInt64? { system.byteCount(of: path) }
    func remove(_ path: String) throws { try system.remove(path) }
    func sync(_ path: String) throws {
        syncs.withLock { $0 += 1 }
        try system.sync(path)
    }
    func syncFolder(of path: String) throws { try system.syncFolder(of: path) }
}
