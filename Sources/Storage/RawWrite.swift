internal import Foundation
internal import GRDB
internal import TransparencyLog

/// The least that storing events durably in SQLite as it comes costs, for benches to measure beside the real thing: the bytes of a
/// bundle as one blob row, nothing hashed, nothing checked, no index, on the log store's own settings (WAL, FULL, page size), and
/// as many bytes a transaction as a node commits at once.
package enum RawWrite {
    private static let groupBytes = 8 << 20

    /// Writes rows of 256 events of `eventBytes` bytes each to a new database; returns when the last is durable.
    package static func write(events: UInt64, eventBytes: Int, at path: String) throws {
        do {
            let options = LogStoreOptions()
            let pool = try DatabasePool(path: path, configuration: configuration(options))
            try pool.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA synchronous = FULL")
                try database.execute(sql: "CREATE TABLE bundle (key INTEGER PRIMARY KEY, items BLOB NOT NULL) STRICT")
                try write(database, bundles: (events + Tiling.width - 1) / Tiling.width, eventBytes * Int(Tiling.width))
            }
            try pool.close()
        } catch { throw StoreFailure.mapping(error, "write \(path)") }
    }

    private static func configuration(_ options: LogStoreOptions) -> Configuration {
        var configuration = Configuration()
        configuration.prepareDatabase { database in
            try database.execute(
                sql: """
                    PRAGMA page_size = \(options.pageBytes);
                    PRAGMA wal_autocheckpoint = \(options.checkpointPages);
                    PRAGMA cache_size = -\(options.cacheKibibytes);
                    """)
        }
        return configuration
    }

    private static func write(_ database: Database, bundles: UInt64, _ bundleBytes: Int) throws {
        let perGroup = max(1, UInt64(groupBytes / max(1, bundleBytes)))
        let row = Data((0..<bundleBytes).map { UInt8(truncatingIfNeeded: $0 &* 167) })
        for start in stride(from: 0, to: bundles, by: UInt64.Stride(perGroup)) {
            try database.inTransaction(.immediate) {
                for key in start..<min(bundles, start + perGroup) {
                    try database.run("INSERT INTO bundle (key, items) VALUES (?, ?)", [Int64(key), row])
                }
                return .commit
            }
        }
    }
}
