import Cryptography
import SyncProtocol
import TransparencyLog

/// A tree over leaf hashes alone, for proofs over more leaves than a test wants to make entries of.
struct HashTree: SubtreeHashes {
    /// By level: all perfect subtrees.
    private var levels: [[Digest]]
    let root: Digest

    init(_ leaves: [Digest]) {
        var levels = [leaves]
        while let last = levels.last, last.count > 1 {
            levels.append((0..<(last.count / 2)).map { sha256Node(last[2 * $0], last[2 * $0 + 1]) })
        }
        self.levels = levels
        // From the right: each level whose count is odd holds one of the subtrees that make up the tree.
        var root: Digest?
        for level in levels where level.count % 2 == 1 {
            root = root.map { sha256Node(level[level.count - 1], $0) } ?? level[level.count - 1]
        }
        self.root = root ?? sha256([])
    }

    /// Leaves that are told apart by a number, with some of them changed from an index on.
    static func numbered(_ count: Int, changedFrom index: Int = .max) -> HashTree {
        HashTree(
            (0..<count).map { number in
                var digest = Digest()
                digest.words.0 = UInt64(number)
                digest.words.3 = number >= index ? 1 : 0
                return digest
            })
    }

    var size: UInt64 { UInt64(levels[0].count) }
    var leaves: [Digest] { levels[0] }

    func hash(level: Int, index: UInt64) throws -> Digest { levels[level][Int(index)] }

    func range(_ size: UInt64) -> CompactRange {
        var range = CompactRange()
        for leaf in levels[0].prefix(Int(size)) { range.append(leaf) }
        return range
    }

    func tiles(size: UInt64, _ coordinates: [TilePull.Coordinate]) -> [[Digest]] {
        coordinates.map { coordinate in
            let level = Int(coordinate.level) * Tiling.height
            let all = size >> UInt64(level)
            let first = coordinate.number * Tiling.width
            guard first < all else { return [] }
            return Array(levels[level][Int(first)..<Int(min(first + Tiling.width, all))])
        }
    }
}
