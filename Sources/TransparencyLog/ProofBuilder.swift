package import Cryptography

/// Where the hashes of perfect, aligned subtrees come from: the root of the leaves
/// `index << level ..< (index + 1) << level`.
package protocol SubtreeHashes {
    func hash(level: Int, index: UInt64) throws -> Digest
}

/// Makes the proofs that `Proofs` verifies (RFC 6962 sections 2.1.1 and 2.1.2), from the leaf upwards.
package enum ProofBuilder {
    /// Root of the leaves `start..<end`, where `start` is a multiple of the smallest power of two not below the length.
    private static func root(_ start: UInt64, _ end: UInt64, _ hashes: some SubtreeHashes) throws -> Digest {
        var node: Digest?
        var end = end
        // From the right: the perfect subtrees of the range, smallest first.
        while end > start {
            let length = end - start
            let level = length.trailingZeroBitCount
            let width = UInt64(1) << UInt64(level)
            let subtree = try hashes.hash(level: level, index: (end - width) >> UInt64(level))
            node = node.map { sha256Node(subtree, $0) } ?? subtree
            end -= width
        }
        return node ?? sha256([])
    }

    package static func inclusion(index: UInt64, size: UInt64, _ hashes: some SubtreeHashes) throws -> [Digest] {
        precondition(index < size, "a leaf is proven in a tree that holds it")
        var path: [Digest] = []
        var start: UInt64 = 0
        var end = size
        while end - start > 1 {
            let split = start + largestPower(below: end - start)
            if index < split {
                path.append(try root(split, end, hashes))
                end = split
            } else {
                path.append(try root(start, split, hashes))
                start = split
            }
        }
        return path.reversed()
    }

    package static func consistency(first: UInt64, second: UInt64, _ hashes: some SubtreeHashes) throws -> [Digest] {
        precondition(first <= second, "a tree is proven consistent with a later one")
        guard first > 0, first < second else { return [] }
        var path: [Digest] = []
        var start: UInt64 = 0
        var end = second
        var isWhole = true
        while first != end {
            let split = start + largestPower(below: end - start)
            if first <= split {
                path.append(try root(split, end, hashes))
                end = split
            } else {
                path.append(try root(start, split, hashes))
                start = split
                isWhole = false
            }
        }
        if !isWhole { path.append(try root(start, end, hashes)) }
        return path.reversed()
    }

    /// Largest power of two below a number over 1.
    private static func largestPower(below value: UInt64) -> UInt64 {
        UInt64(1) << UInt64(63 - (value - 1).leadingZeroBitCount)
    }
}
