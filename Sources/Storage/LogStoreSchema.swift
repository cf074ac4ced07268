internal import Encoding
internal import Federation
internal import GRDB
internal import TransparencyLog

/// Tables of `log.sqlite`.
///
/// A bundle's leaf hashes stand before its entries and are longer than any part of a row that SQLite keeps in a page of
/// the table itself (pages are at most 8,192 bytes). So bodies lie in overflow pages only, each of which belongs to one
/// row and is overwritten with zeros when that row changes, and no copy of a body can stay behind where pages of the
/// table were split. The bundles' roots have a table of their own, so that opening a log of millions reads little.
enum LogStoreSchema {
    /// One text per version; the version is SQLite's `user_version`.
    static let migrations = [
        """
        CREATE TABLE origin (
          number INTEGER PRIMARY KEY, line BLOB NOT NULL UNIQUE,
          size INTEGER NOT NULL,           -- entries recorded
          least INTEGER NOT NULL           -- least size that holds every erasure recorded here whose bytes are dropped
        ) STRICT;
        CREATE TABLE bundle (              -- key: origin number << 40 | bundle number
          key INTEGER PRIMARY KEY, hashes BLOB NOT NULL, items BLOB NOT NULL
        ) STRICT;
        CREATE TABLE root (                -- root of a bundle's leaves, by the same key
          key INTEGER PRIMARY KEY, hash BLOB NOT NULL
        ) STRICT;
        CREATE TABLE tail (                -- key: origin number << 40 | index of the first entry
          key INTEGER PRIMARY KEY, hashes BLOB NOT NULL, items BLOB NOT NULL
        ) STRICT;
        CREATE TABLE tail_copy (           -- empty but while the tails are rewritten
          key INTEGER PRIMARY KEY, hashes BLOB NOT NULL, items BLOB NOT NULL
        ) STRICT;
        CREATE TABLE checkpoint (origin INTEGER PRIMARY KEY, size INTEGER NOT NULL, note BLOB NOT NULL) STRICT;
        CREATE TABLE proving (
          origin INTEGER PRIMARY KEY, stored INTEGER NOT NULL, note BLOB NOT NULL, proof BLOB NOT NULL
        ) STRICT;
        CREATE TABLE missing (             -- a bit for every entry of a bundle or tail that commits to a body not here
          key INTEGER PRIMARY KEY, mask BLOB NOT NULL
        ) STRICT;
        CREATE TABLE erased (              -- key: origin number << 40 | index of an entry whose body is to be dropped
          key INTEGER PRIMARY KEY, since INTEGER NOT NULL, eraser INTEGER NOT NULL, erasure INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE fork (origin INTEGER PRIMARY KEY, proof BLOB NOT NULL) STRICT;
        CREATE TABLE cut (hash BLOB PRIMARY KEY, text BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
        CREATE TABLE attestation (
          cut BLOB NOT NULL, node BLOB NOT NULL, note BLOB NOT NULL, PRIMARY KEY (cut, node)
        ) STRICT;
        CREATE TABLE meta (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
        """,
        """
        CREATE TABLE aside (               -- own entries that were never published; origin 0: never in a log
          origin INTEGER NOT NULL, first INTEGER NOT NULL, hashes BLOB NOT NULL, items BLOB NOT NULL,
          PRIMARY KEY (origin, first)
        ) STRICT;
        """,
        """
        CREATE TABLE decision (            -- where an authority let a forked log end; checkpoint: empty for size 0
          origin INTEGER PRIMARY KEY, note BLOB NOT NULL, checkpoint BLOB NOT NULL
        ) STRICT;
        """,
    ]

    /// "CNCD": tells the file from other databases.
    static let applicationID = 0x434e_4344

    static func version(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    /// Brings the schema up to date; refuses a file that a later version made.
    static func migrate(_ database: Database) throws {
        var version = try checkedVersion(database)
        while version < migrations.count {
            try database.inTransaction(.immediate) {
                try database.execute(sql: migrations[version])
                version += 1
                try database.execute(sql: "PRAGMA user_version = \(version); PRAGMA application_id = \(applicationID)")
                return .commit
            }
        }
    }

    static func checkedVersion(_ database: Database) throws -> Int {
        let version = try version(database)
        let identifier = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
        if version == 0, identifier == 0 { return 0 }
        guard identifier == applicationID else {
            throw StoreFailure(
                .rejected,
                "the file is a database, but not a log store: name the data folder of a node; if this is one, the file is damaged: run concord rescue --data with that folder"
            )
        }
        guard version <= migrations.count else {
            throw StoreFailure(
                .rejected,
                "the log store has version \(version), this program knows \(migrations.count): use a newer one; if none has ever been used here, the file is damaged: run concord rescue --data with its folder"
            )
        }
        return version
    }
}

/// Keys of rows: the origin's number above 40 bits of bundle number or index.
enum RowKey {
    static let indexBits: Int64 = 40
    /// Entries of one log: indices fit their bits.
    static let maximumSize = UInt64(1) << UInt64(indexBits)
    /// Origins of one store: the key stays positive.
    static let maximumOrigin = Int64(1) << (62 - indexBits)

    static func make(_ origin: Int64, _ index: UInt64) -> Int64 { origin << indexBits | Int64(index) }
    static func origin(_ key: Int64) -> Int64 { key >> indexBits }
    static func index(_ key: Int64) -> UInt64 { UInt64(key & (1 << indexBits - 1)) }
    /// Keys of one origin.
    static func all(_ origin: Int64) -> ClosedRange<Int64> {
        (origin << indexBits)...(origin << indexBits | (1 << indexBits - 1))
    }
}
