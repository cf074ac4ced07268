internal import Cryptography
internal import Federation
internal import GRDB
internal import TransparencyLog

/// What the rows of a log's tail hold, entry by entry: the stored leaf hash and the entry that can be made out, each as far
/// as it is there.
struct TailFinding {
    struct Item {
        var stored: Digest?
        /// The entry as a run of one, and its hash.
        var entry: PackedEntries?
        var computed: Digest?
        /// Whether a row with the entry was there at all.
        var isPresent = false

        /// Hash and entry are both there and differ: only a signed root can tell which is good.
        var isContested: Bool { computed != nil && stored != nil && computed != stored }
        var best: Digest? { stored ?? computed }
    }

    let start: UInt64
    private(set) var items: [Item]
    private(set) var isFramingDamaged = false
    /// SQLite could not read a row.
    private(set) var isFileDamaged = false

    /// Reads the rows of entries `start..<end`, fewer than a bundle.
    init(_ database: Database, _ number: Int64, start: UInt64, end: UInt64) throws {
        self.start = start
        items = Array(repeating: Item(), count: Int(end - start))
        for offset in items.indices { try add(offset, RowKey.make(number, start + UInt64(offset)), database) }
    }

    /// A row that begins with the entry at an offset, if there is one.
    private mutating func add(_ offset: Int, _ key: Int64, _ database: Database) throws {
        let hashes = try part("SELECT hashes FROM tail WHERE key = ?", key, database) { try $0.digests(0) }
        let bytes = try part("SELECT items FROM tail WHERE key = ?", key, database) { try $0.bytes(0) }
        guard hashes != nil || bytes != nil else { return }
        let count = hashes?.count ?? (bytes.flatMap { try? PackedEntries(checking: $0) })?.count ?? 0
        guard count > 0, offset + count <= items.count else { return }
        let decoded = DecodedItems(bytes ?? [], count: count)
        var spans = decoded?.spans ?? []
        if decoded == nil, let bytes, let hashes {
            spans = ItemSalvage(bytes, leaves: hashes).spans
            isFramingDamaged = true
        }
        for index in 0..<count {
            items[offset + index].isPresent = true
            items[offset + index].stored = hashes?[index]
            guard index < spans.count, let run = spans[index]?.run(bytes ?? []) else { continue }
            items[offset + index].entry = run
            items[offset + index].computed = decoded?.leaves[index] ?? run.onlyLeafHash
        }
    }

    private mutating func part<Value>(
        _ sql: String, _ key: Int64, _ database: Database, _ decode: (Row) throws -> Value?
    ) throws -> Value? {
        do { return try database.firstRow(sql, [key], decode) ?? nil } catch  where Damage.isDamage(error) {
            isFileDamaged = true
            return nil
        }
    }
}
