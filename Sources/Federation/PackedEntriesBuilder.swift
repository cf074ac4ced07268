internal import Encoding
internal import TransparencyLog

/// Packs entries one after another, at most a bundle of them.
package struct PackedEntriesBuilder: Sendable {
    private var lengths: [UInt16] = []
    private var items: [UInt8] = []

    package init() {}

    package var count: Int { lengths.count }

    package mutating func append(_ item: PackedItem) {
        let size = item.isVerbatim ? item.bytes.count : item.bytes.count - Entry.headerBytes
        lengths.append(UInt16(size) | (item.isVerbatim ? PackedEntries.verbatim : 0))
        items.append(contentsOf: item.bytes)
    }

    /// An entry and its body; an empty body is none. That the body is the entry's own is for the caller to know.
    package mutating func append(entry: [UInt8], body: [UInt8]) {
        precondition(entry.count <= Limits.entryBytes && body.count <= Limits.entryBytes, "entries and bodies are limited")
        if body.isEmpty || !Entry.hasBody(entry) {
            lengths.append(UInt16(entry.count) | PackedEntries.verbatim)
            items.append(contentsOf: entry)
        } else {
            lengths.append(UInt16(body.count))
            items.append(contentsOf: entry[..<Entry.headerBytes])
            items.append(contentsOf: body)
        }
    }

    package mutating func finish() -> PackedEntries {
        precondition(lengths.count <= Int(Tiling.width), "a packed run is at most a bundle")
        var writer = ByteWriter(capacity: 2 + 2 * lengths.count + items.count)
        writer.uint16(UInt16(lengths.count))
        for length in lengths { writer.uint16(length) }
        writer.fixed(items)
        lengths.removeAll(keepingCapacity: true)
        items.removeAll(keepingCapacity: true)
        guard let packed = try? PackedEntries(checking: writer.bytes) else {
            preconditionFailure("a packed run that was built here decodes")
        }
        return packed
    }
}
