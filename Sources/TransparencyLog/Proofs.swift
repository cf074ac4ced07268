package import Cryptography

/// Inclusion and consistency proofs (RFC 6962 section 2.1, verified as in RFC 9162 section 2.1.3.2 and 2.1.4.2).
package enum Proofs {
    /// Whether `path` leads from the leaf hash at `index` to the root of the tree of `size` leaves.
    package static func isIncluded(_ leaf: Digest, index: UInt64, size: UInt64, path: [Digest], root: Digest) -> Bool {
        guard index < size else { return false }
        var position = index
        var last = size - 1
        var node = leaf
        for sibling in path {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                node = sha256Node(sibling, node)
                while position & 1 == 0 && position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                node = sha256Node(node, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && node == root
    }

    /// Whether the tree of `second` leaves begins with the tree of `first`.
    package static func isConsistent(
        first: UInt64, firstRoot: Digest, second: UInt64, secondRoot: Digest, path: [Digest]
    ) -> Bool {
        if first > second { return false }
        if first == second { return path.isEmpty && firstRoot == secondRoot }
        if first == 0 { return path.isEmpty && firstRoot == sha256([]) }
        var path = path[...]
        if first & (first - 1) == 0 { path = [firstRoot] + path }
        guard let start = path.popFirst() else { return false }
        var position = first - 1
        var last = second - 1
        while position & 1 == 1 {
            position >>= 1
            last >>= 1
        }
        var older = start
        var newer = start
        for sibling in path {
            guard last > 0 else { return false }
            if position & 1 == 1 || position == last {
                older = sha256Node(sibling, older)
                newer = sha256Node(sibling, newer)
                while position & 1 == 0 && position != 0 {
                    position >>= 1
                    last >>= 1
                }
            } else {
                newer = sha256Node(newer, sibling)
            }
            position >>= 1
            last >>= 1
        }
        return last == 0 && older == firstRoot && newer == secondRoot
    }
}

/// Where the hashes of perfect, aligned subtrees come from: the root of the leaves
/// `index << level ..< (index + 1) << level`.
package protocol SubtreeHashes {
    func hash(level: Int, index: UInt64) throws -> Digest
}

/// A proof made over a whole tree at hand.
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
