// Storage: what a node keeps on disk, in SQLite through GRDB: the log store (what cannot be rebuilt) and the history store
// (what is derived from it). May import Encoding to Scoring, GRDB and Foundation; no NIO.

package import Federation
internal import GRDB
internal import Synchronization

/// `log.sqlite`: entries, bodies, hashes, checkpoints and fork proofs of all logs of a federation.
///
/// One connection writes and checkpoints, others only read, so that the WAL-reset defect of SQLite before 3.51.3 has nothing
/// to work on. What a write stages becomes visible, in memory and on disk, when its COMMIT has returned, and not before.
/// All calls block their thread; none may be made from inside the closure of another.
package final class LogStore: Sendable {
    /// The open file; another value once a store that could only be read can be written to again.
    private struct Opened {
        let pool: DatabasePool
        /// Why the store takes nothing, where it was opened only for reading because it could not be written to.
        let obstacle: StoreFailure?
    }

    private let opened: Mutex<Opened>
    package let path: String
    package let options: LogStoreOptions
    private let published = Mutex(PublishedStates())
    /// Whether bytes that rows no longer hold may lie in the files; a process before may have ended before it took them away.
    private let holdsDroppedBytes = Atomic(true)

    var pool: DatabasePool { opened.withLock { $0.pool } }

    /// Opens the store in a file, which is created where there is none and the store is not read-only.
    ///
    /// - Parameter servesWithoutWriting: a store that cannot be written to, since the disk is full or may only be read, is
    ///   opened for reading where that is possible; ``obstacle`` says so, and ``reopen()`` tries again.
    package init(
        path: String, options: LogStoreOptions = LogStoreOptions(), servesWithoutWriting: Bool = false
    ) throws {
        precondition(options.pageBytes <= 8_192, "bodies must not lie in pages of a table")
        self.path = path
        self.options = options
        _ = SQLiteProcess.isSetUp
        do {
            opened = Mutex(try Self.open(path, options, servesWithoutWriting: servesWithoutWriting))
            let states = try Self.snapshot(opened.withLock { $0.pool }) { database in
                guard try LogStoreSchema.checkedVersion(database) == LogStoreSchema.migrations.count else {
                    throw StoreFailure(.rejected, "the log store is of an older version; open it for writing once")
                }
                return try LogLoader(database).states()
            }
            publish(states)
        } catch {
            throw StoreFailure.ofOpening(error, path)
        }
    }

    /// Moves the write-ahead log into the database file and closes all connections. GRDB closes the writing one first, which
    /// alone could do that; where it cannot be done now, the next opening does it.
    package func close() throws {
        if !isReadOnly { try? checkpointWAL(truncate: true) }
        do { try pool.close() } catch { throw StoreFailure.mapping(error, "close") }
    }

    /// Whether nothing can be written at present, or ever.
    package var isReadOnly: Bool { options.isReadOnly || obstacle != nil }

    /// Why a store that was to be written to can only be read; nil where it can be written to.
    package var obstacle: StoreFailure? { opened.withLock { $0.obstacle } }

    /// Tries again to open a store for writing that could only be read. What is stored has not changed meanwhile.
    package func reopen() throws {
        guard obstacle != nil else { return }
        do {
            let new = try Self.open(path, options, servesWithoutWriting: false)
            let old = opened.withLock { opened in
                defer { opened = new }
                return opened.pool
            }
            try? old.close()
        } catch { throw StoreFailure.mapping(error, "open \(path) for writing") }
    }

    /// A log by its origin line; nil where nothing of it is stored.
    package func state(_ origin: OriginName) -> LogState? { published.withLock { $0.state(origin) } }

    /// All logs, by origin line.
    package var states: [LogState] { published.withLock { $0.states } }

    private func publish(_ states: [LogState]) {
        published.withLock { published in
            for state in states { published.set(state) }
        }
    }

    /// One SQLite transaction. Everything that `body` stages is durable, and visible to readers, when this returns; if it
    /// throws, nothing of it is. Group commit is done by doing much in one call.
    @discardableResult
    package func write<Value>(_ body: (LogTransaction) throws -> Value) throws -> Value {
        if let obstacle { throw obstacle }
        do {
            return try pool.writeWithoutTransaction { database in
                var result: Value?
                let transaction = LogTransaction(database, committed: state)
                options.onStep?(.begun)
                try database.inTransaction(.immediate) {
                    result = try body(transaction)
                    try transaction.finish()
                    WriteAheadLogRoom.make(
                        for: transaction.appendedBytes, database, pageBytes: options.pageBytes,
                        checkpointPages: options.checkpointPages)
                    options.onStep?(.staged)
                    return .commit
                }
                options.onStep?(.durable)
                if transaction.dropsBytes { holdsDroppedBytes.store(true, ordering: .relaxed) }
                publish(transaction.changedStates)
                guard let result else { preconditionFailure("a transaction that committed has run its body") }
                return result
            }
        } catch {
            throw StoreFailure.mapping(error, "write")
        }
    }

    func read<Value>(_ action: String, _ body: (Database) throws -> Value) throws -> Value {
        do { return try Self.snapshot(pool, body) } catch { throw StoreFailure.mapping(error, action) }
    }

    private static func snapshot<Value>(_ pool: DatabasePool, _ body: (Database) throws -> Value) throws -> Value {
        try pool.unsafeRead { try $0.snapshot(body) }
    }

    /// Has no file hold a byte of what was dropped, cut off or replaced by a repair, nor give it back when the power fails.
    /// Nothing is done where nothing was dropped since; where it fails, the next call tries it again.
    package func forgetDroppedBytes() throws {
        guard !isReadOnly, holdsDroppedBytes.exchange(false, ordering: .relaxed) else { return }
        do {
            try write { try $0.rewriteTails() }
            try checkpointWAL(truncate: true)
        } catch {
            holdsDroppedBytes.store(true, ordering: .relaxed)
            throw error
        }
    }

    /// Moves the write-ahead log into the database file. With `truncate` it also waits for readers and cuts the log to
    /// nothing.
    package func checkpointWAL(truncate: Bool) throws {
        do {
            if truncate {
                try pool.barrierWriteWithoutTransaction { _ = try $0.checkpoint(.truncate) }
                try options.files.sync(path + "-wal")
            } else {
                try pool.writeWithoutTransaction { _ = try $0.checkpoint(.passive) }
            }
        } catch {
            throw StoreFailure.mapping(error, "move its write-ahead log into the file")
        }
    }
}

extension LogStore {
    private static func open(_ path: String, _ options: LogStoreOptions, servesWithoutWriting: Bool) throws -> Opened {
        do {
            let isNew = !options.isReadOnly && !options.files.exists(path)
            let pool = try openPool(path, options)
            if !options.isReadOnly {
                try pool.writeWithoutTransaction(prepareWriter)
                try beginWithEmptyLog(pool, path, options)
            }
            if isNew { try options.files.syncFolder(of: path) }
            return Opened(pool: pool, obstacle: nil)
        } catch {
            guard servesWithoutWriting, !options.isReadOnly,
                let failure = StoreFailure.mapping(error, "open \(path) for writing") as? StoreFailure,
                [.diskFull, .readOnly, .inputOutput].contains(failure.code), options.files.exists(path)
            else { throw error }
            var options = options
            options.isReadOnly = true
            return Opened(pool: try openPool(path, options), obstacle: failure)
        }
    }

    private static func openPool(_ path: String, _ options: LogStoreOptions) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.label = "log"
        configuration.readonly = options.isReadOnly
        configuration.maximumReaderCount = options.readers
        configuration.persistentReadOnlyConnections = true
        configuration.busyMode = .timeout(5)
        configuration.prepareDatabase { database in
            // The page size counts only for a file that is still empty, and only before WAL is on.
            if !database.configuration.readonly { try database.execute(sql: "PRAGMA page_size = \(options.pageBytes)") }
            try database.execute(
                sql: """
                    PRAGMA secure_delete = ON;
                    PRAGMA trusted_schema = OFF;
                    PRAGMA cell_size_check = ON;
                    PRAGMA temp_store = MEMORY;
                    PRAGMA wal_autocheckpoint = \(options.checkpointPages);
                    PRAGMA cache_size = -\(database.configuration.readonly ? 2_048 : options.cacheKibibytes);
                    """)
        }
        guard options.isReadOnly else {
            return try DatabasePool(path: options.files.location(path), configuration: configuration)
        }
        return try openReadOnly(path, configuration, options.files)
    }

    /// A database in WAL mode needs its shared-memory file, which cannot be made on a read-only disk. A file that was closed
    /// in order is complete without it and can be opened as one that nobody changes.
    private static func openReadOnly(
        _ path: String, _ configuration: Configuration, _ files: any StoreFiles
    ) throws -> DatabasePool {
        do {
            let pool = try DatabasePool(path: files.location(path), configuration: configuration)
            _ = try pool.read { try LogStoreSchema.version($0) }
            return pool
        } catch let error as DatabaseError
            where [.SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_FULL].contains(error.resultCode)
            && files.exists(path)
        {
            guard (files.byteCount(of: path + "-wal") ?? 0) == 0 else {
                throw StoreFailure(
                    .readOnly,
                    "\(path) was not closed in order: copy it with its -wal file to a folder that can be written, and open it there",
                    cause: error)
            }
            return try DatabasePool(path: files.location(path, isImmutable: true), configuration: configuration)
        }
    }

    /// Moves the write-ahead log into the database file. It may hold commits that were never synced: GRDB makes one before
    /// `synchronous` is FULL, and a process that died may have left some. After a sync that failed, Linux does not write such
    /// pages at the next one, which succeeds all the same (Rebello et al., "Can applications recover from fsync failures?",
    /// 2020): what is acknowledged behind them would be lost with the power. It may also hold bodies whose dropping was not followed by this.
    private static func beginWithEmptyLog(_ pool: DatabasePool, _ path: String, _ options: LogStoreOptions) throws {
        try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        try options.files.sync(path + "-wal")
    }

    /// GRDB sets `synchronous` to NORMAL when it turns WAL on, which may lose commits: FULL is set after that, and asserted.
    private static func prepareWriter(_ database: Database) throws {
        try database.execute(sql: "PRAGMA synchronous = FULL")
        let pragmas = try pragmas(database)
        guard pragmas == Pragmas(journal: "wal", synchronous: 2, secureDelete: 1) else {
            throw StoreFailure(.other, "SQLite does not take the settings that durability and erasure need: \(pragmas)")
        }
        try LogStoreSchema.migrate(database)
    }

    struct Pragmas: Equatable {
        let journal: String?
        let synchronous: Int?
        let secureDelete: Int?
    }

    static func pragmas(_ database: Database) throws -> Pragmas {
        Pragmas(
            journal: try String.fetchOne(database, sql: "PRAGMA journal_mode"),
            synchronous: try Int.fetchOne(database, sql: "PRAGMA synchronous"),
            secureDelete: try Int.fetchOne(database, sql: "PRAGMA secure_delete"))
    }
}

/// The newest state of each log, in the order of the origin lines: asked for with every answer, changed with every commit.
private struct PublishedStates {
    private(set) var states: [LogState] = []
    private var places: [OriginName: Int] = [:]

    func state(_ origin: OriginName) -> LogState? { places[origin].map { states[$0] } }

    mutating func set(_ state: LogState) {
        if let place = places[state.origin] {
            states[place] = state
        } else {
            states.append(state)
            states.sort { $0.origin < $1.origin }
            places = Dictionary(uniqueKeysWithValues: states.enumerated().map { ($1.origin, $0) })
        }
    }
}
