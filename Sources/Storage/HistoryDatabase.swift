import GRDB

/// The file under the history store: one connection that writes and checkpoints, a few that only read.
///
/// Reads hold no transaction open for longer than one subject takes: rows of runs do not change while anybody may read them (`HistoryRunLease`), so
/// the WAL can always be checkpointed.
struct HistoryDatabase: Sendable {
    static let pageBytes = 16_384
    /// Pages in the write-ahead log after which a commit moves them into the database file: 16 megabytes.
    static let checkpointPages = 1_000
    private static let applicationID: Int32 = 0x636f_6e68
    private static let schemaVersion: Int32 = 1

    let pool: DatabasePool
    private let briefReaders: HistoryBriefReaders
    private let path: String
    private let files: any StoreFiles

    init(path: String, files: any StoreFiles) throws {
        self.path = path
        self.files = files
        _ = SQLiteProcess.isSetUp
        do {
            pool = try DatabasePool(path: files.location(path), configuration: Self.configuration())
            try pool.writeWithoutTransaction { database in
                // What lies here can be folded again from the log, so commits need not reach the disk one by one.
                try database.execute(sql: "PRAGMA synchronous = NORMAL")
                try Self.prepareSchema(database)
            }
            briefReaders = try HistoryBriefReaders(path: files.location(path), configuration: Self.configuration())
        } catch {
            throw Self.failure(error)
        }
    }

    private static func configuration() -> Configuration {
        var configuration = Configuration()
        configuration.label = "standings"
        configuration.maximumReaderCount = 8
        configuration.busyMode = .timeout(10)
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            if database.configuration.readonly {
                try database.execute(sql: "PRAGMA cache_size = -512")
            } else {
                try database.execute(
                    sql: """
                        PRAGMA page_size = \(pageBytes);
                        PRAGMA auto_vacuum = INCREMENTAL;
                        PRAGMA secure_delete = ON;
                        PRAGMA cache_size = -4096;
                        PRAGMA wal_autocheckpoint = \(checkpointPages);
                        """)
            }
        }
        return configuration
    }

    private static func prepareSchema(_ database: Database) throws {
        let version = try Int32.fetchOne(database, sql: "PRAGMA user_version") ?? 0
        let application = try Int32.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        if version == 0, application == 0, try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0 {
            try database.inTransaction {
                try database.execute(sql: schema)
                try database.execute(
                    sql: "PRAGMA application_id = \(applicationID); PRAGMA user_version = \(schemaVersion);")
                return .commit
            }
        } else if version != schemaVersion || application != applicationID {
            throw HistoryFailure.damaged("the file has version \(version), this program reads \(schemaVersion)")
        }
        // Segments are made to fill a page: with another size they would still be right, but not erase cleanly.
        guard try Int.fetchOne(database, sql: "PRAGMA page_size") == pageBytes else {
            throw HistoryFailure.damaged("the file has another page size")
        }
    }

    private static let schema = """
        CREATE TABLE origin (number INTEGER PRIMARY KEY, line BLOB NOT NULL, folded INTEGER NOT NULL) STRICT;
        CREATE TABLE factor (number INTEGER PRIMARY KEY, code BLOB NOT NULL) STRICT;
        CREATE TABLE overflow (name TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
        CREATE TABLE erasure (
            origin INTEGER NOT NULL, position INTEGER NOT NULL,
            target_origin INTEGER NOT NULL, target_position INTEGER NOT NULL,
            PRIMARY KEY (origin, position)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE run (
            number INTEGER PRIMARY KEY, home INTEGER NOT NULL, records INTEGER NOT NULL, segments INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE fresh (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
        CREATE TABLE merged (id INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
        """

    /// Runs `body` on the writing connection inside one transaction.
    func write<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try pool.write(body) } catch { throw Self.failure(error) }
    }

    /// Runs `body` on a reading connection; each statement sees the newest commit.
    func read<T>(_ body: (Database) throws -> T) throws -> T {
        do { return try pool.unsafeRead(body) } catch { throw Self.failure(error) }
    }

    /// Runs `body` on a connection that nothing else uses, for the few rows of one subject.
    func readBriefly(_ body: (borrowing HistoryBriefReaders.Rows) throws -> Void) throws {
        do { try briefReaders.read(body) } catch { throw Self.failure(error) }
    }

    /// Moves everything from the WAL into the file and cuts the WAL to nothing, for good.
    func truncateLog() throws {
        do {
            _ = try pool.writeWithoutTransaction { try $0.checkpoint(.truncate) }
            try files.sync(path + "-wal")
        } catch {
            throw Self.failure(error)
        }
    }

    /// Gives up to `limit` pages that merges left behind back to the file system, so that a file that was merged takes at most
    /// half more than what is in it; false if it does. Fewer are kept for the next runs: giving them back costs a move for each.
    /// A file made before this existed keeps them all.
    func returnPages(limit: Int) throws -> Bool {
        try write { database in
            func number(_ pragma: String) throws -> Int { try Int.fetchOne(database, sql: "PRAGMA \(pragma)") ?? 0 }
            let free = try number("freelist_count")
            guard free > limit, free > (try number("page_count") - free) / 2 else { return false }
            try database.execute(sql: "PRAGMA incremental_vacuum(\(limit))")
            return try number("freelist_count") < free
        }
    }

    /// Closes the readers first, then the writer, so that never two connections checkpoint on their way out.
    func close() throws {
        try? truncateLog()
        briefReaders.close()
        pool.releaseMemory()
        do { try pool.close() } catch { throw Self.failure(error) }
    }

    /// Makes durable what was committed.
    func sync() throws {
        guard files.exists(path + "-wal") else { return }
        do { try files.sync(path + "-wal") } catch { throw HistoryFailure.unavailable("\(path): \(error)") }
    }

    static func delete(path: String, files: any StoreFiles) throws {
        for suffix in ["", "-wal", "-shm", "-journal"] where files.exists(path + suffix) {
            do { try files.remove(path + suffix) } catch {
                throw HistoryFailure.unavailable("cannot delete \(path + suffix): \(error)")
            }
        }
    }

    /// Reads columns of a row; one that does not hold what it should is damage.
    static func checked<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let failure as StoreFailure { throw HistoryFailure.damaged(failure.message) }
    }

    /// Tells damage, which a rebuild cures, from a disk that does not serve at the moment.
    static func failure(_ error: any Error) -> any Error {
        if let failure = error as? StoreFailure { return HistoryFailure.unavailable("\(failure)") }
        guard let error = error as? DatabaseError else { return error }
        switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_MISMATCH, .SQLITE_FORMAT, .SQLITE_CONSTRAINT:
            return HistoryFailure.damaged("\(error)")
        case .SQLITE_IOERR where error.extendedResultCode == .SQLITE_IOERR_SHORT_READ:
            return HistoryFailure.damaged("\(error)")
        case .SQLITE_MISUSE:
            return HistoryFailure.closed
        default:
            return HistoryFailure.unavailable("\(error)")
        }
    }
}
