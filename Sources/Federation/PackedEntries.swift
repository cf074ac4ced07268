package import Cryptography
package import Encoding
internal import TransparencyLog

/// Consecutive entries with their bodies, as they lie in the store and travel between nodes:
///
///     struct { uint16 count; uint16 lengths[count]; opaque items[...]; } PackedEntries;
///
/// A length below 0x8000 is that of a body: the item is the entry's ten bytes of header and the body, whose hash gives the
/// commitment back. A length with the top bit set is that of an entry which has no body, or whose body is missing: the item
/// is the entry itself. The lengths stand in front, so that a damaged item does not move the others.
package struct PackedEntries: Equatable, Sendable {
    package let bytes: [UInt8]
    package let count: Int

    /// Set in the length of an item that is an entry without a body.
    package static let verbatim: UInt16 = 0x8000
    /// Bytes in front of the items.
    private static func prefixBytes(_ count: Int) -> Int { 2 + 2 * count }

    package static let empty = PackedEntries(unchecked: [0, 0], count: 0)

    private init(unchecked bytes: [UInt8], count: Int) {
        self.bytes = bytes
        self.count = count
    }

    /// Checks the form of bytes from outside: at most one bundle of entries, every length within its limit, nothing
    /// missing and nothing left over. Hashes are not looked at.
    package init(checking bytes: [UInt8]) throws(DecodingFailure) {
        let checked: Result<Int, DecodingFailure> = bytes.withUnsafeBytes { buffer in
            do throws(DecodingFailure) { return .success(try Self.check(buffer)) } catch { return .failure(error) }
        }
        count = try checked.get()
        self.bytes = bytes
    }

    private static func check(_ buffer: UnsafeRawBufferPointer) throws(DecodingFailure) -> Int {
        guard buffer.count >= 2 else { throw .truncated }
        let count = Int(bigEndian16(buffer, 0))
        guard count <= Int(Tiling.width) else { throw .vectorLength(count) }
        var position = prefixBytes(count)
        guard buffer.count >= position else { throw .truncated }
        for index in 0..<count {
            let length = bigEndian16(buffer, 2 + 2 * index)
            let size = itemBytes(length)
            guard Int(length & 0x7fff) <= Limits.entryBytes, length != 0 else { throw .vectorLength(Int(length)) }
            guard position + size <= buffer.count else { throw .truncated }
            if length & verbatim == 0 {
                guard buffer[position] == Entry.version, buffer[position + 1] != EventKind.erasure.rawValue else {
                    throw .malformed("a body stands where its entry can have none")
                }
            }
            position += size
        }
        guard position == buffer.count else { throw .trailingBytes }
        return count
    }

    @inline(__always)
    private static func bigEndian16(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt16 {
        UInt16(buffer[offset]) << 8 | UInt16(buffer[offset + 1])
    }

    @inline(__always)
    private static func itemBytes(_ length: UInt16) -> Int {
        length & verbatim == 0 ? Entry.headerBytes + Int(length) : Int(length & 0x7fff)
    }
}

/// One entry of a packed run, seen in place.
package struct PackedItem {
    /// Ten bytes of header and the body, or an entry without one.
    package let bytes: UnsafeRawBufferPointer
    package let isVerbatim: Bool

    /// Whether the entry commits to a body that is not here.
    package var lacksBody: Bool { isVerbatim && Entry.hasBody(bytes) }

    /// The body; empty where there is none.
    package var body: UnsafeRawBufferPointer {
        isVerbatim
            ? UnsafeRawBufferPointer(start: nil, count: 0)
            : UnsafeRawBufferPointer(rebasing: bytes[Entry.headerBytes...])
    }

    /// The entry as its origin made it.
    package var entry: [UInt8] {
        isVerbatim ? Array(bytes) : Array(bytes[..<Entry.headerBytes]) + sha256(body).bytes
    }

    package var leafHash: Digest {
        if isVerbatim { return TransparencyLog.leafHash(bytes) }
        let commitment = sha256(body)
        return withUnsafeTemporaryAllocation(byteCount: Entry.plainBytes, alignment: 8) { entry in
            entry.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[..<Entry.headerBytes]))
            withUnsafeBytes(of: commitment.words) {
                UnsafeMutableRawBufferPointer(rebasing: entry[Entry.headerBytes...]).copyMemory(from: $0)
            }
            return sha256(prefix: 0, short: UnsafeRawBufferPointer(entry))
        }
    }
}

extension PackedEntries {
    /// Visits the entries in order.
    package func forEach(_ body: (Int, PackedItem) throws -> Void) rethrows {
        try bytes.withUnsafeBytes { buffer in
            var position = Self.prefixBytes(count)
            for index in 0..<count {
                let length = Self.bigEndian16(buffer, 2 + 2 * index)
                let end = position + Self.itemBytes(length)
                let item = PackedItem(
                    bytes: UnsafeRawBufferPointer(rebasing: buffer[position..<end]),
                    isVerbatim: length & Self.verbatim != 0)
                try body(index, item)
                position = end
            }
        }
    }

    package func appendLeafHashes(to hashes: inout [Digest]) {
        forEach { _, item in hashes.append(item.leafHash) }
    }

    /// Entry and body of every item; an empty body is none.
    package var unpacked: [(entry: [UInt8], body: [UInt8])] {
        var result: [(entry: [UInt8], body: [UInt8])] = []
        result.reserveCapacity(count)
        forEach { _, item in result.append((item.entry, Array(item.body))) }
        return result
    }

    /// The item at an index, copied out.
    package func item(_ wanted: Int) -> (entry: [UInt8], body: [UInt8]) {
        slice(wanted..<(wanted + 1)).unpacked[0]
    }

    package func slice(_ range: Range<Int>) -> PackedEntries {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice lies within its run")
        if range == 0..<count { return self }
        var builder = PackedEntriesBuilder()
        forEach { index, item in if range.contains(index) { builder.append(item) } }
        return builder.finish()
    }

    /// This run with another behind it; together at most a bundle.
    package func appending(_ other: PackedEntries) -> PackedEntries {
        if count == 0 { return other }
        if other.count == 0 { return self }
        var builder = PackedEntriesBuilder()
        forEach { builder.append($1) }
        other.forEach { builder.append($1) }
        return builder.finish()
    }

    /// This run with some items replaced.
    package func replacing(_ items: [Int: (entry: [UInt8], body: [UInt8])]) -> PackedEntries {
        var builder = PackedEntriesBuilder()
        forEach { index, item in
            if let new = items[index] { builder.append(entry: new.entry, body: new.body) } else { builder.append(item) }
        }
        return builder.finish()
    }

    /// This run without the bodies at some indices.
    package func withoutBodies(at indices: Set<Int>) -> PackedEntries {
        var builder = PackedEntriesBuilder()
        forEach { index, item in
            if indices.contains(index) { builder.append(entry: item.entry, body: []) } else { builder.append(item) }
        }
        return builder.finish()
    }
}

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
