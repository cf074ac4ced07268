// TransparencyLog: leaf, node, compact range, tile, proofs, signed note, checkpoint, fork proof. May import Encoding and
// Cryptography; no Foundation, no clock, no random numbers.

package import Cryptography

/// Hash of a leaf (RFC 6962 section 2.1): SHA-256(0x00 ‖ entry).
@inline(__always)
package func leafHash(_ entry: UnsafeRawBufferPointer) -> Digest {
    if entry.count <= 54 { return sha256(prefix: 0, short: entry) }
    var message = [UInt8](repeating: 0, count: 1)
    message.append(contentsOf: entry)
    return sha256(message)
}

package func leafHash(_ entry: [UInt8]) -> Digest { entry.withUnsafeBytes { leafHash($0) } }

/// The perfect subtrees that cover a tree of `size` leaves from the left: all that is needed to append to it and to know
/// its root. One hash for every bit that is set in the size, largest subtree first.
package struct CompactRange: Equatable, Sendable {
    package private(set) var size: UInt64
    package private(set) var hashes: [Digest]

    package init() {
        size = 0
        hashes = []
    }

    /// From hashes found elsewhere; nil where their number does not fit the size.
    package init?(size: UInt64, hashes: [Digest]) {
        guard hashes.count == size.nonzeroBitCount else { return nil }
        self.size = size
        self.hashes = hashes
    }

    package mutating func append(_ leaf: Digest) { append(leaf, level: 0) }

    /// Appends the root of a perfect subtree of 2^level leaves. The size must be a multiple of that.
    package mutating func append(_ subtree: Digest, level: Int) {
        precondition(size & ((1 << UInt64(level)) - 1) == 0, "a subtree can only be appended where it is aligned")
        var node = subtree
        var bit = UInt64(1) << UInt64(level)
        while size & bit != 0 {
            node = sha256Node(hashes.removeLast(), node)
            bit <<= 1
        }
        hashes.append(node)
        size += UInt64(1) << UInt64(level)
    }

    /// Root of the tree: of the empty one SHA-256 of nothing.
    package var root: Digest {
        guard var node = hashes.last else { return sha256([]) }
        for left in hashes.dropLast().reversed() { node = sha256Node(left, node) }
        return node
    }
}

/// Root of the RFC 6962 tree over leaf hashes.
package func treeRoot(_ leaves: some Sequence<Digest>) -> Digest {
    var range = CompactRange()
    for leaf in leaves { range.append(leaf) }
    return range.root
}

/// Root of a perfect tree over 2^k hashes, as tiles hold them; overwrites its scratch space.
package func perfectRoot(_ hashes: inout [Digest]) -> Digest {
    precondition(!hashes.isEmpty && hashes.count & (hashes.count - 1) == 0, "a perfect tree has a power of two of leaves")
    var count = hashes.count
    hashes.withUnsafeMutableBufferPointer { nodes in
        while count > 1 {
            count /= 2
            for index in 0..<count { nodes[index] = sha256Node(nodes[2 * index], nodes[2 * index + 1]) }
        }
    }
    return hashes[0]
}
