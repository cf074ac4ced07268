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
    static func prefixBytes(_ count: Int) -> Int { 2 + 2 * count }

    package static let empty = PackedEntries(unchecked: [0, 0], count: 0)

    init(unchecked bytes: [UInt8], count: Int) {
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
    static func bigEndian16(_ buffer: UnsafeRawBufferPointer, _ offset: Int) -> UInt16 {
        UInt16(buffer[offset]) << 8 | UInt16(buffer[offset + 1])
    }

    @inline(__always)
    static func itemBytes(_ length: UInt16) -> Int {
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
                let item = Self.item(buffer, index, at: position)
                try body(index, item)
                position += item.bytes.count
            }
        }
    }

    static func item(_ buffer: UnsafeRawBufferPointer, _ index: Int, at position: Int) -> PackedItem {
        let length = bigEndian16(buffer, 2 + 2 * index)
        return PackedItem(
            bytes: UnsafeRawBufferPointer(rebasing: buffer[position..<(position + itemBytes(length))]),
            isVerbatim: length & verbatim != 0)
    }

    /// Appends the leaf hash of every entry, in order.
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
}
