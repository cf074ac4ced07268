package import Cryptography
package import SyncProtocol
internal import TransparencyLog

/// What a store makes of one of its own logs after hashing all of it again.
package struct LocalTree: Sendable {
    /// What the origin signed, and how the tree of fewer entries follows from it.
    package struct Anchor: Sendable {
        package let size: UInt64
        package let root: Digest
        /// Consistency proof from the tree of the stored entries; empty where it is the signed one.
        package let path: [Digest]

        package init(size: UInt64, root: Digest, path: [Digest] = []) {
            self.size = size
            self.root = root
            self.path = path
        }
    }

    /// Entries that should be there.
    package let size: UInt64
    package let anchor: Anchor
    /// For every full bundle the best-known root of its leaves; nil where nothing can be told.
    package var bundles: [Digest?]
    /// Leaf hashes of the entries behind the last full bundle, as their bytes hash; nil where they are unreadable.
    package var tail: [Digest?]
    /// Entries whose bytes do not hash to the leaf hash that a sound tile states.
    package var damaged: Set<UInt64>
    /// Bundles whose root is known but whose leaf hashes are not.
    package var leafless: Set<UInt64>

    package init(
        size: UInt64, anchor: Anchor, bundles: [Digest?], tail: [Digest?], damaged: Set<UInt64>,
        leafless: Set<UInt64> = []
    ) {
        self.size = size
        self.anchor = anchor
        self.bundles = bundles
        self.tail = tail
        self.damaged = damaged
        self.leafless = leafless
    }

    /// Of entries up to the signed size itself.
    package init(
        size: UInt64, root: Digest, bundles: [Digest?], tail: [Digest?], damaged: Set<UInt64>, leafless: Set<UInt64> = []
    ) {
        self.init(
            size: size, anchor: Anchor(size: size, root: root), bundles: bundles, tail: tail, damaged: damaged,
            leafless: leafless)
    }

    /// Whether a root of all stored entries follows from what the origin signed.
    func isProven(_ root: Digest) -> Bool {
        Proofs.isConsistent(
            first: size, firstRoot: root, second: anchor.size, secondRoot: anchor.root, path: anchor.path)
    }
}

/// Finds, with a peer's help, which entries of a log have to be fetched: none that is sound, and tiles only where the
/// own hashes do not lead to the signed root. Every hash from the peer is proven before it is believed.
package struct ResyncPlan: Sendable {
    package enum Step: Equatable, Sendable {
        /// Ask for these tiles of the log of `size` entries.
        case tiles([TilePull.Coordinate])
        /// Every leaf hash is known: these entries have to be fetched.
        case entries([UInt64])
        /// The peer's tiles do not lead to the signed root.
        case contradicted
    }

    package let local: LocalTree
    /// Proven leaf hashes of bundles whose own tile could not be believed; the number behind the last full one is the tail.
    package private(set) var leaves: [UInt64: [Digest]] = [:]
    private var damaged: Set<UInt64>
    private var asked: [TilePull.Coordinate] = []
    /// Proven hashes that tiles still have to be fetched under: level of the tile, number, its root.
    private var expected: [TilePull.Coordinate: Digest] = [:]
    private var isAtEdge = false

    package init(local: LocalTree) {
        self.local = local
        damaged = local.damaged
    }

    /// Root that the own hashes lead to; nil where one of them is missing.
    private var ownRoot: Digest? {
        var range = CompactRange()
        for bundle in local.bundles {
            guard let bundle else { return nil }
            range.append(bundle, level: Tiling.height)
        }
        for leaf in local.tail {
            guard let leaf else { return nil }
            range.append(leaf)
        }
        return range.root
    }

    package mutating func start() -> Step {
        if let ownRoot, local.isProven(ownRoot) {
            for number in local.leafless {
                expected[TilePull.Coordinate(level: 0, number: number)] = local.bundles[Int(number)]
            }
            return next()
        }
        // The right edge of the tree: together these tiles give the root.
        isAtEdge = true
        asked = Tiling.levels(size: local.size).compactMap { level in
            level.partial > 0 ? TilePull.Coordinate(level: UInt8(level.level), number: level.full) : nil
        }
        return .tiles(asked)
    }

    /// Takes in the tiles asked for.
    /// - Parameter ownLeaves: leaf hashes of a bundle's entries as their bytes hash; nil for those that are unreadable.
    package mutating func received(_ tiles: [[Digest]], ownLeaves: (UInt64) throws -> [Digest?]) rethrows -> Step {
        guard tiles.count == asked.count else { return .contradicted }
        let coordinates = asked
        asked = []
        if isAtEdge {
            guard provesRoot(coordinates, tiles) else { return .contradicted }
            isAtEdge = false
        } else {
            for (coordinate, tile) in zip(coordinates, tiles) {
                guard tile.count == Int(Tiling.width) else { return .contradicted }
                var scratch = tile
                guard perfectRoot(&scratch) == expected.removeValue(forKey: coordinate) else { return .contradicted }
            }
        }
        for (coordinate, tile) in zip(coordinates, tiles) { try take(coordinate, tile, ownLeaves) }
        return next()
    }

    /// The tiles that are still to be fetched, or the entries where there are none.
    private mutating func next() -> Step {
        if expected.isEmpty { return .entries(damaged.sorted()) }
        asked = expected.keys.sorted { ($0.level, $0.number) < ($1.level, $1.number) }
        asked = Array(asked.prefix(Int(Tiling.width)))
        return .tiles(asked)
    }

    private func provesRoot(_ coordinates: [TilePull.Coordinate], _ tiles: [[Digest]]) -> Bool {
        var range = CompactRange()
        for (coordinate, tile) in zip(coordinates, tiles).reversed() {
            let level = Int(coordinate.level) * Tiling.height
            let partial = local.size >> UInt64(level) & (Tiling.width - 1)
            guard tile.count == Int(partial) else { return false }
            for hash in tile { range.append(hash, level: level) }
        }
        return range.size == local.size && local.isProven(range.root)
    }

    /// Compares proven hashes with the own ones, and notes what lies below those that differ.
    private mutating func take(
        _ coordinate: TilePull.Coordinate, _ tile: [Digest], _ ownLeaves: (UInt64) throws -> [Digest?]
    ) rethrows {
        if coordinate.level == 0 {
            leaves[coordinate.number] = tile
            let own = try ownLeaves(coordinate.number)
            let first = coordinate.number * Tiling.width
            for (offset, hash) in tile.enumerated() {
                if offset < own.count, own[offset] == hash {
                    damaged.remove(first + UInt64(offset))
                } else {
                    damaged.insert(first + UInt64(offset))
                }
            }
            return
        }
        for (offset, hash) in tile.enumerated() {
            let index = coordinate.number * Tiling.width + UInt64(offset)
            if ownHash(level: Int(coordinate.level), index: index) != hash {
                expected[TilePull.Coordinate(level: coordinate.level - 1, number: index)] = hash
            }
        }
    }

    /// The own root of a perfect subtree of 256^level leaves; nil where a bundle below it is unknown.
    private func ownHash(level: Int, index: UInt64) -> Digest? {
        let width = 1 << ((level - 1) * Tiling.height)
        let first = Int(index) * width
        guard first + width <= local.bundles.count else { return nil }
        var hashes: [Digest] = []
        for (number, bundle) in zip(first..., local.bundles[first..<(first + width)]) {
            // Where leaf hashes are to be fetched, the way leads down.
            guard let bundle, !local.leafless.contains(UInt64(number)) else { return nil }
            hashes.append(bundle)
        }
        return perfectRoot(&hashes)
    }
}
