internal import Cryptography

/// Trees and proofs in the recursive words of RFC 6962 section 2.1: slow, and written apart from what it is compared with.
enum ReferenceTree {
    /// MTH(D[n])
    static func root(_ leaves: ArraySlice<Digest>) -> Digest {
        if leaves.isEmpty { return sha256([]) }
        if leaves.count == 1 { return leaves[leaves.startIndex] }
        let middle = leaves.startIndex + Int(split(UInt64(leaves.count)))
        return sha256Node(root(leaves[..<middle]), root(leaves[middle...]))
    }

    /// PATH(m, D[n])
    static func path(_ index: Int, _ leaves: ArraySlice<Digest>) -> [Digest] {
        if leaves.count == 1 { return [] }
        let width = Int(split(UInt64(leaves.count)))
        let middle = leaves.startIndex + width
        return index < width
            ? path(index, leaves[..<middle]) + [root(leaves[middle...])]
            : path(index - width, leaves[middle...]) + [root(leaves[..<middle])]
    }

    /// PROOF(m, D[n])
    static func consistency(_ first: Int, _ leaves: ArraySlice<Digest>, isWhole: Bool = true) -> [Digest] {
        if first == leaves.count { return isWhole ? [] : [root(leaves)] }
        let width = Int(split(UInt64(leaves.count)))
        let middle = leaves.startIndex + width
        return first <= width
            ? consistency(first, leaves[..<middle], isWhole: isWhole) + [root(leaves[middle...])]
            : consistency(first - width, leaves[middle...], isWhole: false) + [root(leaves[..<middle])]
    }

    /// The root to which a path leads from a leaf; nil where it is too short or too long.
    static func root(leaf: Digest, index: UInt64, size: UInt64, path: ArraySlice<Digest>) -> Digest? {
        guard index < size else { return nil }
        if size == 1 { return path.isEmpty ? leaf : nil }
        guard let sibling = path.last else { return nil }
        let width = split(size)
        if index < width {
            return root(leaf: leaf, index: index, size: width, path: path.dropLast()).map { sha256Node($0, sibling) }
        }
        return root(leaf: leaf, index: index - width, size: size - width, path: path.dropLast()).map {
            sha256Node(sibling, $0)
        }
    }

    /// The roots of the first `first` and of all `second` leaves to which a consistency proof leads, where the older root
    /// is believed as far as the proof leaves it out; nil where the proof is too short. Takes its hashes from the end.
    static func roots(
        first: UInt64, second: UInt64, older: Digest, isWhole: Bool = true, path: inout ArraySlice<Digest>
    ) -> (Digest, Digest)? {
        if first == second {
            if isWhole { return (older, older) }
            return path.popLast().map { ($0, $0) }
        }
        let width = split(second)
        guard let sibling = path.popLast() else { return nil }
        if first <= width {
            return roots(first: first, second: width, older: older, isWhole: isWhole, path: &path).map {
                ($0, sha256Node($1, sibling))
            }
        }
        return roots(first: first - width, second: second - width, older: older, isWhole: false, path: &path).map {
            (sha256Node(sibling, $0), sha256Node(sibling, $1))
        }
    }

    /// The largest power of two below a number above 1.
    private static func split(_ count: UInt64) -> UInt64 { 1 << UInt64(63 - (count - 1).leadingZeroBitCount) }
}
