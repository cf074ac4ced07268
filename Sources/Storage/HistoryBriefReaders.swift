import GRDB
import GRDBSQLite
import Synchronization

/// Connections for reading the few rows of one subject, apart from the pool's: taking one from there may wait for a thread of
/// the process's common ones, which hashing, writing and merging keep for tens of milliseconds. Here nobody is waited for but
/// who reads as little.
struct HistoryBriefReaders: Sendable {
    private static let count = 2
    private let readers: [Reader]

    private final class Reader: Sendable {
        let queue: DatabaseQueue
        /// The queue's own order of waiting is not used: it would be a way through the common threads again.
        let isFree = Mutex<Void>(())

        init(_ queue: DatabaseQueue) { self.queue = queue }
    }

    /// The file has to be there, in WAL mode.
    init(path: String, configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        readers = try (0..<Self.count).map { _ in Reader(try DatabaseQueue(path: path, configuration: configuration)) }
    }

    /// Runs `body` in one transaction.
    func read(_ body: (borrowing Rows) throws -> Void) throws {
        for reader in readers.dropLast() {
            let isDone = try reader.isFree.withLockIfAvailable { _ in
                try Rows.read(reader.queue, body)
                return true
            }
            if isDone == true { return }
        }
        guard let last = readers.last else { return }
        try last.isFree.withLock { _ in try Rows.read(last.queue, body) }
    }

    func close() {
        for reader in readers { reader.isFree.withLock { _ in try? reader.queue.close() } }
    }

    /// Rows by their numbers. SQLite is called directly: GRDB's arguments and rows take as long as what they carry.
    struct Rows: ~Copyable {
        private let database: Database

        fileprivate static func read(_ queue: DatabaseQueue, _ body: (borrowing Rows) throws -> Void) throws {
            try queue.unsafeRead { database in
                let rows = Rows(database: database)
                try rows.run("BEGIN")
                // What was only read cannot fail to be given up.
                defer { try? rows.run("ROLLBACK") }
                try body(rows)
            }
        }

        /// Calls `body` with each of the rows, which have to be there. The bytes live only during the call.
        func forEachRow(
            _ rows: [Int64], in home: HistoryRunID.Home, _ body: (Int64, UnsafeRawBufferPointer) throws -> Void
        ) throws {
            let statement = try database.cachedStatement(sql: "SELECT data FROM \(home.table) WHERE id = ?").sqliteStatement
            for row in rows {
                defer { sqlite3_reset(statement) }
                sqlite3_bind_int64(statement, 1, row)
                switch sqlite3_step(statement) {
                case SQLITE_ROW:
                    let bytes = sqlite3_column_blob(statement, 0)
                    try body(row, UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, 0))))
                case SQLITE_DONE: throw HistoryFailure.damaged("row \(row) is missing")
                case let code: throw DatabaseError(resultCode: ResultCode(rawValue: code))
                }
            }
        }

        private func run(_ sql: String) throws {
            let statement = try database.cachedStatement(sql: sql).sqliteStatement
            defer { sqlite3_reset(statement) }
            let code = sqlite3_step(statement)
            guard code == SQLITE_DONE else { throw DatabaseError(resultCode: ResultCode(rawValue: code)) }
        }
    }
}
