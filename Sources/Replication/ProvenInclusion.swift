package import Cryptography
package import TransparencyLog

/// Inclusion proofs in a tree of which only the first part is stored, together with the proof that it is its beginning.
///
/// Entries that arrived under a checkpoint which is larger than what is stored so far are proven by a consistency proof.
/// Its hashes stand for what is not stored, so that they also prove every stored entry under that checkpoint.
package enum ProvenInclusion {
    /// - Parameters:
    ///   - path: of the entry in the tree of the stored entries.
    ///   - stored: that tree.
    ///   - size: of the signed tree, not below the stored one.
    ///   - consistency: proof from the stored to the signed tree.
    /// - Returns: the entry's path in the signed tree; nil where the proofs do not have the form that belongs to the sizes.
    package static func path(
        index: UInt64, path: [Digest], stored: CompactRange, size: UInt64, consistency: [Digest]
    ) -> [Digest]? {
        guard index < stored.size, stored.size <= size else { return nil }
        if stored.size == size { return path }
        guard let tree = ProvenTree(stored: stored, size: size, consistency: consistency) else { return nil }
        return tree.path(index: index, storedPath: path)
    }
}

private struct ProvenTree {
    private let stored: UInt64
    private let size: UInt64
    /// The perfect subtrees of the stored tree, by their first leaves.
    private var left: [UInt64: (width: UInt64, hash: Digest)] = [:]
    /// Subtrees behind the stored ones, by their first leaves and ends.
    private var right: [Range<UInt64>: Digest] = [:]

    init?(stored: CompactRange, size: UInt64, consistency: [Digest]) {
        self.stored = stored.size
        self.size = size
        var start: UInt64 = 0
        for hash in stored.hashes {
            let width = UInt64(1) << UInt64(63 - (stored.size - start).leadingZeroBitCount)
            left[start] = (width, hash)
            start += width
        }
        var places = Self.places(first: stored.size, second: size)
        guard places.count == consistency.count else { return nil }
        places.reverse()
        for (place, hash) in zip(places, consistency) where place.lowerBound >= stored.size { right[place] = hash }
    }

    /// The subtrees of a consistency proof from the root down (RFC 6962 section 2.1.2).
    private static func places(first: UInt64, second: UInt64) -> [Range<UInt64>] {
        var places: [Range<UInt64>] = []
        var start: UInt64 = 0
        var end = second
        var isWhole = true
        while first != end {
            let split = start + largestPower(below: end - start)
            if first <= split {
                places.append(split..<end)
                end = split
            } else {
                places.append(start..<split)
                start = split
                isWhole = false
            }
        }
        if !isWhole { places.append(start..<end) }
        return places
    }

    /// Up to the perfect subtree of the stored tree that holds the leaf, the path is that in the stored tree.
    func path(index: UInt64, storedPath: [Digest]) -> [Digest]? {
        var above: [Digest] = []
        var start: UInt64 = 0
        var end = size
        while !(left[start].map { start + $0.width == end } ?? false) {
            guard end - start > 1 else { return nil }
            let split = start + largestPower(below: end - start)
            guard let sibling = index < split ? hash(split, end) : hash(start, split) else { return nil }
            above.append(sibling)
            if index < split { end = split } else { start = split }
        }
        let depth = (end - start).trailingZeroBitCount
        guard storedPath.count >= depth else { return nil }
        return storedPath.prefix(depth) + above.reversed()
    }

    private func hash(_ start: UInt64, _ end: UInt64) -> Digest? {
        if let known = left[start], start + known.width == end { return known.hash }
        if start >= stored { return right[start..<end] }
        guard end - start > 1 else { return nil }
        let split = start + largestPower(below: end - start)
        guard let first = hash(start, split), let second = hash(split, end) else { return nil }
        return sha256Node(first, second)
    }
}

/// Largest power of two below a number over 1.
private func largestPower(below value: UInt64) -> UInt64 { UInt64(1) << UInt64(63 - (value - 1).leadingZeroBitCount) }
