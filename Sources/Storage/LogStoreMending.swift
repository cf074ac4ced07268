package import Cryptography
package import Federation
internal import GRDB
internal import TransparencyLog

/// What a resync reads beside the ordinary: entries as their bytes hash, whatever the stored hashes say.
extension LogStore {
    /// For each entry of a bundle, or of the tail behind the last full one, the leaf hash that its stored bytes give; nil
    /// where they cannot be made out.
    package func leavesFromEntries(_ origin: OriginName, bundle: UInt64) throws -> [Digest?] {
        guard let log = state(origin) else { return [] }
        return try read("hash entries of \(origin)") { database in
            if bundle >= log.recordedSize / Tiling.width {
                return try tailItems(log, database).map(\.computed)
            }
            let evidence = try BundleReader(database, RowKey.make(log.number, bundle)).evidence()
            guard let items = evidence.items else { return [] }
            if let decoded = DecodedItems(items, count: Int(Tiling.width)) { return decoded.leaves }
            guard let tile = evidence.tile else { return [] }
            return ItemSalvage(items, leaves: tile).spans.map { $0?.run(items)?.onlyLeafHash }
        }
    }

    /// The entries behind the last full bundle that can be made out, by index.
    package func entriesOfTail(_ origin: OriginName) throws -> [UInt64: StoredEntry] {
        guard let log = state(origin) else { return [:] }
        let start = log.recordedSize / Tiling.width * Tiling.width
        return try read("read the tail of \(origin)") { database in
            var entries: [UInt64: StoredEntry] = [:]
            for (offset, item) in try tailItems(log, database).enumerated() {
                guard let (entry, body) = item.entry?.unpacked.first else { continue }
                entries[start + UInt64(offset)] = StoredEntry(entry: entry, body: body)
            }
            return entries
        }
    }

    private func tailItems(_ log: LogState, _ database: Database) throws -> [TailFinding.Item] {
        let start = log.recordedSize / Tiling.width * Tiling.width
        return try TailFinding(database, log.number, start: start, end: log.recordedSize).items
    }

    /// An entry with its body even where an erasure hides that: for taking the body's traces out of what is derived.
    package func hiddenEntry(_ origin: OriginName, _ index: UInt64) throws -> StoredEntry? {
        guard let log = state(origin), index < log.size else { return nil }
        if index >= log.tailStart {
            let (entry, body) = log.tail.item(Int(index - log.tailStart))
            return StoredEntry(entry: entry, body: body)
        }
        return try read("read an entry of \(origin)") { database in
            let key = RowKey.make(log.number, index / Tiling.width)
            guard let bytes = try BundleReader(database, key).items(), let items = try? PackedEntries(checking: bytes),
                items.count == Int(Tiling.width)
            else { return nil }
            let (entry, body) = items.item(Int(index % Tiling.width))
            return StoredEntry(entry: entry, body: body)
        }
    }
}
