internal import Cryptography
internal import Federation
internal import GRDB
internal import TransparencyLog

/// Reads the parts of one bundle singly: what the file or the row does not give back is nil, and the other parts are still
/// tried. Failures that are no damage (a closed store, say) are thrown.
struct BundleReader {
    private let database: Database
    private let key: Int64

    init(_ database: Database, _ key: Int64) {
        self.database = database
        self.key = key
    }

    func root() throws -> Digest? {
        try tolerant { try database.firstRow("SELECT hash FROM root WHERE key = ?", [key]) { Digest(try $0.bytes(0)) } ?? nil }
    }

    /// The 256 leaf hashes.
    func hashes() throws -> [Digest]? {
        try tolerant {
            try database.firstRow("SELECT hashes FROM bundle WHERE key = ?", [key]) { Self.whole(try $0.digests(0)) } ?? nil
        }
    }

    func items() throws -> [UInt8]? {
        try tolerant { try database.firstRow("SELECT items FROM bundle WHERE key = ?", [key]) { try $0.bytes(0) } }
    }

    /// Everything there is about the bundle.
    func evidence() throws -> BundleEvidence {
        let both = try tolerant {
            try database.firstRow("SELECT hashes, items FROM bundle WHERE key = ?", [key]) { row in
                (hashes: Self.whole(try row.digests(0)), items: try row.bytes(1))
            }
        }
        if let both { return BundleEvidence(items: both.items, tile: both.hashes, root: try root()) }
        return BundleEvidence(items: try items(), tile: try hashes(), root: try root())
    }

    private static func whole(_ hashes: [Digest]?) -> [Digest]? { hashes?.count == Int(Tiling.width) ? hashes : nil }

    private func tolerant<Value>(_ body: () throws -> Value?) throws -> Value? {
        do { return try body() } catch where Damage.isDamage(error) { return nil }
    }
}

/// Recomputes leaf hashes from what the rows of a log hold.
struct LogReadBack {
    private let database: Database
    private let log: LogState

    init(_ database: Database, _ log: LogState) {
        self.database = database
        self.log = log
    }

    func leafHashes(from first: UInt64) throws -> [Digest] {
        guard first < log.size else { return [] }
        var result: [Digest] = []
        result.reserveCapacity(Int(log.size - first))
        var number = first / Tiling.width
        while number < log.levels.bundles {
            let items = try database.firstRow("SELECT items FROM bundle WHERE key = ?", [RowKey.make(log.number, number)]) {
                try $0.bytes(0)
            }
            try add(items, to: &result)
            number += 1
        }
        try database.forEachRow(
            "SELECT items FROM tail WHERE key BETWEEN ? AND ? ORDER BY key",
            [RowKey.all(log.number).lowerBound, RowKey.all(log.number).upperBound]
        ) { try add($0.bytes(0), to: &result) }
        let skipped = Int(first - min(first / Tiling.width, log.levels.bundles) * Tiling.width)
        guard UInt64(result.count - skipped) == log.size - first else {
            throw StoreFailure(.corrupt, "\(log.origin) was not read back as it was written; check the disk")
        }
        return Array(result.dropFirst(skipped))
    }

    private func add(_ bytes: [UInt8]?, to result: inout [Digest]) throws {
        guard let bytes, let items = try? PackedEntries(checking: bytes) else {
            throw StoreFailure(.corrupt, "entries of \(log.origin) were not read back as they were written; check the disk")
        }
        items.appendLeafHashes(to: &result)
    }
}
