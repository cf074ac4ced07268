internal import Cryptography
internal import Federation
internal import GRDB
internal import TransparencyLog

/// Reads the parts of one bundle singly: what the file or the row does not give back is nil, and the other parts are still
/// tried. Failures that are no damage (a closed store, say) are thrown.
final class BundleReader {
    private let database: Database
    private let key: Int64
    /// SQLite could not read something that was asked for.
    private(set) var isFileDamaged = false

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
        let isSplit = isFileDamaged
        let items = isSplit ? try items() : both?.items
        let tile = isSplit ? try hashes() : both?.hashes
        return BundleEvidence(items: items, tile: tile, root: try root())
    }

    /// Which entries are marked as lacking their body; nil where the mark cannot be read.
    func mark() throws -> BundleBits? {
        let bytes = try tolerant {
            try database.firstRow("SELECT mask FROM missing WHERE key = ?", [key]) { try $0.bytes(0) } ?? BundleBits().encoded
        }
        return bytes.flatMap(BundleBits.init(encoded:))
    }

    private static func whole(_ hashes: [Digest]?) -> [Digest]? { hashes?.count == Int(Tiling.width) ? hashes : nil }

    private func tolerant<Value>(_ body: () throws -> Value?) throws -> Value? {
        do { return try body() } catch  where Damage.isDamage(error) {
            isFileDamaged = true
            return nil
        }
    }
}

/// Recomputes leaf hashes from what the rows of a log hold.
struct LogReadBack {
    private let database: Database
    private let number: Int64

    init(_ database: Database, _ number: Int64) {
        self.database = database
        self.number = number
    }

    /// From an index to the last entry of which there is a row.
    func leafHashes(from first: UInt64) throws -> [Digest] {
        var result: [Digest] = []
        var bundle = first / Tiling.width
        while let items = try items(ofBundle: bundle) {
            try add(items, to: &result)
            bundle += 1
        }
        let start = first / Tiling.width * Tiling.width
        try database.forEachRow(
            "SELECT key, items FROM tail WHERE key BETWEEN ? AND ? ORDER BY key",
            [RowKey.make(number, bundle * Tiling.width), RowKey.all(number).upperBound]
        ) { row in
            guard RowKey.index(try row.integer(0)) == start + UInt64(result.count) else { throw unlike }
            try add(row.bytes(1), to: &result)
        }
        return Array(result.dropFirst(Int(first - start)))
    }

    private func items(ofBundle bundle: UInt64) throws -> [UInt8]? {
        try database.firstRow("SELECT items FROM bundle WHERE key = ?", [RowKey.make(number, bundle)]) { try $0.bytes(0) }
    }

    private func add(_ bytes: [UInt8], to result: inout [Digest]) throws {
        guard let items = try? PackedEntries(checking: bytes) else { throw unlike }
        items.appendLeafHashes(to: &result)
    }

    private var unlike: StoreFailure {
        StoreFailure(.corrupt, "entries were not read back as they were written; check the disk, run `concord verify`")
    }
}
