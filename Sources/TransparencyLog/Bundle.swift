/// Entries of a bundle, full or partial: each stands behind its length as a uint16. Nil where the bytes are none.
package func entriesOfBundle(_ bytes: [UInt8]) -> [[UInt8]]? {
    var entries: [[UInt8]] = []
    var position = 0
    while position < bytes.count {
        guard position + 2 <= bytes.count, entries.count < Int(Tiling.width) else { return nil }
        let count = Int(bytes[position]) << 8 | Int(bytes[position + 1])
        guard position + 2 + count <= bytes.count else { return nil }
        entries.append(Array(bytes[(position + 2)..<(position + 2 + count)]))
        position += 2 + count
    }
    return entries
}

/// Bytes of a bundle of entries, or of one of bodies, where an empty one stands for none.
package func bundle(of entries: [[UInt8]]) -> [UInt8] {
    var bytes: [UInt8] = []
    for entry in entries {
        precondition(entry.count <= 0xffff, "an entry of a bundle is at most 65,535 bytes")
        bytes.append(UInt8(entry.count >> 8))
        bytes.append(UInt8(entry.count & 0xff))
        bytes.append(contentsOf: entry)
    }
    return bytes
}
