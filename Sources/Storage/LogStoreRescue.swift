internal import Cryptography
package import Federation
internal import GRDB
package import TransparencyLog

extension LogStore {
    /// Copies everything that SQLite can still read, row by row, into a new store file at `path`, where a resync can then
    /// repair it. This is the way out when pages of the file itself are damaged, so that rows can be neither read nor
    /// written. Nothing is judged here: ``LogVerifier`` tells afterwards what is missing.
    ///
    /// - Parameters:
    ///   - own: the log that the node writes itself: where entries of it are damaged, what follows them is set aside.
    ///   - keys: those under which origins sign their checkpoints.
    package func copyReadable(to path: String, own: OriginName? = nil, keys: [VerifierKey] = []) throws {
        var fresh = options
        fresh.isReadOnly = false
        try Self.using(path, fresh) { target in
            try read("copy itself") { source in
                for log in states {
                    // A log of which too little can be read is fetched from peers as a whole.
                    do { try Self.copy(log, from: source, to: target) } catch  where Damage.isDamage(error) {}
                }
                try Self.copyRecords(from: source, to: target)
            }
        }
        guard let own else { return }
        // Opened anew it knows the logs that it holds now.
        try Self.using(path, fresh) { try $0.setAsideDamaged(own, keys: keys) }
    }

    private static func using(_ path: String, _ options: LogStoreOptions, _ body: (LogStore) throws -> Void) throws {
        let store = try LogStore(path: path, options: options)
        do { try body(store) } catch {
            try? store.close()
            throw error
        }
        try store.checkpointWAL(truncate: true)
        try store.close()
    }

    /// Rows copied in one transaction.
    private static let batch = 64

    private static func copy(_ log: LogState, from source: Database, to target: LogStore) throws {
        let size = try LogLoader(source).recordedSize(log.number).size
        let isNew = try target.write { transaction in
            try fitting {
                try transaction.database.run(
                    "INSERT INTO origin (number, line, size, least) VALUES (?, ?, ?, ?)",
                    [log.number, blob(log.origin.line), Int64(size), Int64(log.leastSize)])
            }
        }
        guard isNew else { return }
        let bundles = size / Tiling.width
        var number: UInt64 = 0
        while number < bundles {
            let end = min(number + UInt64(batch), bundles)
            try target.write { transaction in
                for number in number..<end {
                    try copyBundle(RowKey.make(log.number, number), from: source, to: transaction.database)
                }
            }
            number = end
        }
        let keys = RowKey.make(log.number, bundles * Tiling.width)...RowKey.make(log.number, size)
        try target.write { transaction in
            for key in keys { try copyRow("tail", ["key", "hashes", "items"], key, from: source, to: transaction.database) }
            for number in 0...bundles {
                let key = RowKey.make(log.number, number)
                try copyRow("missing", ["key", "mask"], key, from: source, to: transaction.database)
            }
            for index in log.erased.indices {
                let key = RowKey.make(log.number, index)
                try copyRow("erased", ["key", "since", "eraser", "erasure"], key, from: source, to: transaction.database)
            }
            try copyRow("checkpoint", ["origin", "size", "note"], log.number, from: source, to: transaction.database)
            try copyRow("proving", ["origin", "stored", "note", "proof"], log.number, from: source, to: transaction.database)
            try copyRow("fork", ["origin", "proof"], log.number, from: source, to: transaction.database)
            try copyRow("decision", ["origin", "note", "checkpoint"], log.number, from: source, to: transaction.database)
        }
    }

    private static func copyBundle(_ key: Int64, from source: Database, to target: Database) throws {
        let reader = BundleReader(source, key)
        let hashes = try reader.hashes()
        let items = try reader.items()
        if hashes != nil || items != nil {
            try target.run(
                "INSERT INTO bundle (key, hashes, items) VALUES (?, ?, ?)",
                [key, hashes.map { blob($0) } ?? blob([UInt8]()), blob(items ?? [])])
        }
        if let root = try reader.root() {
            try target.run("INSERT INTO root (key, hash) VALUES (?, ?)", [key, blob(root)])
        }
    }

    private static func copyRow(
        _ table: String, _ columns: [String], _ key: Int64, from source: Database, to target: Database
    ) throws {
        do {
            let sql = "SELECT \(columns.joined(separator: ", ")) FROM \(table) WHERE \(columns[0]) = ?"
            try source.forEachRow(sql, [key]) { try insert($0, table, columns, target) }
        } catch  where Damage.isDamage(error) {}
    }

    /// Cuts, attestations and settings, up to where they can be read.
    private static func copyRecords(from source: Database, to target: LogStore) throws {
        let tables = [
            ("cut", ["hash", "text", "at"]), ("attestation", ["cut", "node", "note"]), ("meta", ["key", "value"]),
            ("aside", ["origin", "first", "hashes", "items"]),
        ]
        try target.write { transaction in
            for (table, columns) in tables {
                do {
                    try source.forEachRow("SELECT \(columns.joined(separator: ", ")) FROM \(table)", []) {
                        try insert($0, table, columns, transaction.database)
                    }
                } catch  where Damage.isDamage(error) {}
            }
        }
    }

    private static func insert(_ row: Row, _ table: String, _ columns: [String], _ target: Database) throws {
        let marks = columns.map { _ in "?" }.joined(separator: ", ")
        _ = try fitting {
            try target.run(
                "INSERT OR REPLACE INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(marks))",
                StatementArguments(row.databaseValues))
        }
    }

    /// Whether what was read could stand in a table: a damaged row may read as one that no store has written.
    private static func fitting(_ insertion: () throws -> Void) throws -> Bool {
        do { try insertion() } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT { return false }
        return true
    }
}
