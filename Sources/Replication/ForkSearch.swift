internal import Cryptography
internal import SyncProtocol
internal import TransparencyLog

/// Finds an entry at which a peer's history of a log differs from the stored one, by descending through both trees' tiles
/// from the right edge to one leaf. Every tile of the peer is proven by the root that the origin signed before it is
/// compared, so that what comes out is evidence against the origin, whoever the peer is.
struct ForkSearch {
    enum Step: Equatable {
        /// Ask the peer for these tiles of its tree.
        case ask([TilePull.Coordinate])
        /// Read the same tiles of the own tree.
        case read([TilePull.Coordinate])
        /// At this index the leaf hashes differ.
        case found(UInt64)
        /// As far as both trees reach they are the same.
        case same
        /// The peer's tiles do not lead to the root.
        case contradicted
    }

    let theirs: SignedCheckpoint
    /// Entries of the own tree that are compared.
    let ownSize: UInt64
    private var asked: [TilePull.Coordinate] = []
    /// The hash that a full tile leads to; nil for those at the right edge, which lead to the root together.
    private var expected: Digest?
    /// Proven tiles of the peer's tree.
    private var proven: [TilePull.Coordinate: [Digest]] = [:]

    init(theirs: SignedCheckpoint, ownSize: UInt64) {
        self.theirs = theirs
        self.ownSize = ownSize
    }

    mutating func start() -> Step {
        guard theirs.size > 0, ownSize > 0 else { return .same }
        // Highest level first: from left to right.
        asked = rightEdge(size: theirs.size).reversed()
        return .ask(asked)
    }

    /// Takes in the peer's tiles, in the order asked for.
    mutating func received(_ tiles: [[Digest]]) -> Step {
        guard tiles.count == asked.count else { return .contradicted }
        if let expected {
            guard var hashes = tiles.first, hashes.count == Int(Tiling.width), perfectRoot(&hashes) == expected else {
                return .contradicted
            }
        } else if !leadsToRoot(asked, tiles, size: theirs.size, root: theirs.root) {
            return .contradicted
        }
        for (coordinate, tile) in zip(asked, tiles) { proven[coordinate] = tile }
        return .read(asked)
    }

    /// Takes in the own tiles at the same places, as far as the own tree has them.
    mutating func read(_ tiles: [[Digest]]) -> Step {
        guard tiles.count == asked.count else { return .same }
        for (coordinate, own) in zip(asked, tiles) {
            guard let theirs = proven[coordinate] else { return .same }
            let shared = min(theirs.count, own.count)
            // Behind the hashes that both have, the own tree may still have leaves of the next subtree.
            let place = (0..<shared).first { theirs[$0] != own[$0] } ?? shared
            guard place < theirs.count else { continue }
            let index = coordinate.number * Tiling.width + UInt64(place)
            if coordinate.level == 0 {
                if place < shared { return .found(index) }
                continue
            }
            guard index << (UInt64(coordinate.level) * UInt64(Tiling.height)) < ownSize else { continue }
            asked = [TilePull.Coordinate(level: coordinate.level - 1, number: index)]
            expected = theirs[place]
            return .ask(asked)
        }
        return .same
    }

    /// Proof in the peer's tree of the leaf that was found.
    func inclusion(_ index: UInt64) -> ForkProof.Inclusion? {
        guard let path = try? ProofBuilder.inclusion(index: index, size: theirs.size, ProvenTiles(tiles: proven)),
            let leaf = try? ProvenTiles(tiles: proven).hash(level: 0, index: index)
        else { return nil }
        return ForkProof.Inclusion(leaf: leaf, path: path)
    }
}

/// The partial tiles of a tree, lowest level first.
func rightEdge(size: UInt64) -> [TilePull.Coordinate] {
    Tiling.levels(size: size).compactMap { level in
        level.partial > 0 ? TilePull.Coordinate(level: UInt8(level.level), number: level.full) : nil
    }
}

/// Whether the tiles at the right edge of a tree lead to its root.
func leadsToRoot(_ coordinates: [TilePull.Coordinate], _ tiles: [[Digest]], size: UInt64, root: Digest) -> Bool {
    var range = CompactRange()
    for (coordinate, tile) in zip(coordinates, tiles).sorted(by: { $0.0.level > $1.0.level }) {
        let level = Int(coordinate.level) * Tiling.height
        guard UInt64(tile.count) == size >> UInt64(level) & (Tiling.width - 1) else { return false }
        for hash in tile { range.append(hash, level: level) }
    }
    return range.size == size && range.root == root
}

/// Hashes of subtrees, made from tiles that were proven.
private struct ProvenTiles: SubtreeHashes {
    struct Missing: Error {}

    let tiles: [TilePull.Coordinate: [Digest]]

    func hash(level: Int, index: UInt64) throws -> Digest {
        let width = 1 << (level % Tiling.height)
        let first = index * UInt64(width)
        let coordinate = TilePull.Coordinate(level: UInt8(level / Tiling.height), number: first / Tiling.width)
        let offset = Int(first % Tiling.width)
        guard let tile = tiles[coordinate], offset + width <= tile.count else { throw Missing() }
        var hashes = Array(tile[offset..<(offset + width)])
        return perfectRoot(&hashes)
    }
}
