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
