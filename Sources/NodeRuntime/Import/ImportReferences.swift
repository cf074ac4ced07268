internal import Cryptography
internal import Federation

/// References for observations that come without one, so that importing a file twice adds nothing.
///
/// A reference is the first 16 bytes of
///
///     SHA-256("concord/import/v1" ‖ node<1..255> ‖ subject[16] ‖ uint32 day ‖ factor<1..64> ‖ int32 quantity
///         ‖ uint64 ordinal)
///
/// with vectors and integers as in RFC 8446 section 3. The node is the name of the importing node in its federation;
/// the ordinal counts, from 0, the rows before this one in the file that are the same in all of these and have no
/// reference either. So equal rows are different occurrences, and the references of a file do not depend on the order
/// of its rows, nor on rows added to it later.
///
/// To count, only 8 bytes of each different row are kept: the front of its hash with ordinal 0. In the set they take 11
/// to 22 bytes, half as much again while it grows; rows that come again take about 32 bytes more, once. (Two different
/// rows with the same 8 bytes, one chance in a million in a file of six million rows, would be counted together; that
/// shifts an ordinal in the same way each time the file is read.)
struct ImportReferences {
    private static let byteCount = 16
    private let prefixBytes: Int
    /// What is hashed; used again for every row, so that it is not allocated for each.
    private var message: [UInt8]
    private var seen: Set<UInt64> = []
    /// Rows so far of those that came more than once.
    private var counts: [UInt64: UInt64] = [:]

    /// - Parameter node: the node's name, 1 to 255 bytes.
    init(node: [UInt8]) {
        precondition((1...OriginName.maximumBytes).contains(node.count), "a node's name has 1 to 255 bytes")
        message = Array("concord/import/v1".utf8) + [UInt8(node.count)] + node
        prefixBytes = message.count
    }

    /// - Parameter factor: 1 to 64 bytes.
    mutating func reference(subject: SubjectID, day: UInt32, factor: [UInt8], quantity: Int32) -> [UInt8] {
        message.removeSubrange(prefixBytes...)
        append(subject.high)
        append(subject.low)
        append(day)
        message.append(UInt8(factor.count))
        message.append(contentsOf: factor)
        append(quantity)
        append(UInt64(0))
        let first = sha256(message)
        if seen.insert(first.prefix).inserted { return front(of: first) }
        let ordinal = counts[first.prefix, default: 1]
        counts[first.prefix] = ordinal + 1
        message.removeLast(MemoryLayout<UInt64>.size)
        append(ordinal)
        return front(of: sha256(message))
    }

    private mutating func append(_ number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.bigEndian) { message.append(contentsOf: $0) }
    }

    private func front(of digest: Digest) -> [UInt8] {
        withUnsafeBytes(of: digest.words) { Array($0.prefix(Self.byteCount)) }
    }
}
