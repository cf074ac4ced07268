internal import TransparencyLog

extension PackedEntries {
    /// Entry and body at an index, copied out; an empty body is none.
    package func item(_ index: Int) -> (entry: [UInt8], body: [UInt8]) {
        precondition(index >= 0 && index < count, "an item lies within its run")
        let position = position(of: index)
        return bytes.withUnsafeBytes { buffer in
            let item = Self.item(buffer, index, at: position)
            return (item.entry, Array(item.body))
        }
    }

    package func slice(_ range: Range<Int>) -> PackedEntries {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "a slice lies within its run")
        if range == 0..<count { return self }
        let lengths = bytes[(2 + 2 * range.lowerBound)..<(2 + 2 * range.upperBound)]
        let items = bytes[position(of: range.lowerBound)..<position(of: range.upperBound)]
        return PackedEntries(joining: [lengths], [items], count: range.count)
    }

    /// This run with another behind it; together at most a bundle.
    package func appending(_ other: PackedEntries) -> PackedEntries {
        if count == 0 { return other }
        if other.count == 0 { return self }
        return PackedEntries(
            joining: [lengthBytes, other.lengthBytes], [itemBytes, other.itemBytes], count: count + other.count)
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

    /// Where the item at an index begins; behind the last one for the count.
    private func position(of index: Int) -> Int {
        bytes.withUnsafeBytes { buffer in
            var position = Self.prefixBytes(count)
            for before in 0..<index { position += Self.itemBytes(Self.bigEndian16(buffer, 2 + 2 * before)) }
            return position
        }
    }

    private var lengthBytes: ArraySlice<UInt8> { bytes[2..<Self.prefixBytes(count)] }
    private var itemBytes: ArraySlice<UInt8> { bytes[Self.prefixBytes(count)...] }

    /// From parts of runs that are sound.
    private init(joining lengths: [ArraySlice<UInt8>], _ items: [ArraySlice<UInt8>], count: Int) {
        precondition(count <= Int(Tiling.width), "a packed run is at most a bundle")
        var bytes: [UInt8] = []
        bytes.reserveCapacity((lengths + items).reduce(2) { $0 + $1.count })
        bytes += [UInt8(count >> 8), UInt8(count & 0xff)]
        for part in lengths + items { bytes += part }
        self.init(unchecked: bytes, count: count)
    }
}
