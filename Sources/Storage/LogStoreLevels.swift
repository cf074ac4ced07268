package import Cryptography
internal import TransparencyLog

/// The roots of all full bundles of a log and the tiles above them, in memory: 32 bytes for every 255 entries. Kept in
/// tiles of 256 hashes, so that a copy that is appended to shares all but the last tile of each level.
package struct LogLevels: Sendable {
    /// `tiles[0]` are the bundles' roots: level 8 of the tree, level 1 of tlog-tiles.
    private var tiles: [[[Digest]]] = []

    package init() {}

    package init(roots: [Digest]) {
        for root in roots { append(root) }
    }

    /// Number of full bundles.
    package var bundles: UInt64 { count(0) }

    /// Keeps the roots of the first `bundles` bundles, which are all there.
    mutating func truncate(to bundles: UInt64) {
        precondition(bundles <= self.bundles, "a log is cut to what it holds")
        var count = Int(bundles)
        let width = Int(Tiling.width)
        for level in tiles.indices {
            tiles[level].removeLast(tiles[level].count - (count + width - 1) / width)
            if count % width > 0 { tiles[level][count / width].removeLast(tiles[level][count / width].count - count % width) }
            count /= width
        }
        while tiles.last?.isEmpty == true { tiles.removeLast() }
    }

    func count(_ level: Int) -> UInt64 {
        guard level < tiles.count, let last = tiles[level].last else { return 0 }
        return UInt64(tiles[level].count - 1) * Tiling.width + UInt64(last.count)
    }

    package mutating func append(_ root: Digest) { append(root, 0) }

    private mutating func append(_ hash: Digest, _ level: Int) {
        if level == tiles.count { tiles.append([]) }
        if tiles[level].isEmpty || tiles[level][tiles[level].count - 1].count == Int(Tiling.width) {
            var tile: [Digest] = []
            tile.reserveCapacity(Int(Tiling.width))
            tiles[level].append(tile)
        }
        let last = tiles[level].count - 1
        tiles[level][last].append(hash)
        if tiles[level][last].count == Int(Tiling.width) {
            var scratch = tiles[level][last]
            append(perfectRoot(&scratch), level + 1)
        }
    }

    /// Root of the 256^(level + 1) leaves at a number; nil where they are not all there.
    func hash(_ level: Int, _ index: UInt64) -> Digest? {
        guard index < count(level) else { return nil }
        return tiles[level][Int(index / Tiling.width)][Int(index % Tiling.width)]
    }

    /// The first `width` hashes of a tile; nil where they are not all there.
    func tile(_ level: Int, _ number: UInt64, _ width: Int) -> [Digest]? {
        guard level < tiles.count, number < UInt64(tiles[level].count) else { return nil }
        let tile = tiles[level][Int(number)]
        return width <= tile.count ? Array(tile.prefix(width)) : nil
    }
}

/// The hashes of all perfect subtrees of a stored log: from memory where a bundle or more is below them, else from the
/// leaf hashes of one bundle or of the tail.
final class LogHashes: SubtreeHashes {
    private let log: LogState
    /// The 256 leaf hashes of a full bundle.
    private let leaves: (UInt64) throws -> [Digest]
    private var cached: (number: UInt64, hashes: [Digest])?

    init(_ log: LogState, leaves: @escaping (UInt64) throws -> [Digest]) {
        self.log = log
        self.leaves = leaves
    }

    func hash(level: Int, index: UInt64) throws -> Digest {
        if level < Tiling.height {
            let perBundle = UInt64(Tiling.height - level)
            let hashes = try leafHashes(index >> perBundle)
            let start = Int(index & (1 << perBundle - 1)) << level
            guard start + 1 << level <= hashes.count else { throw beyond }
            var scratch = Array(hashes[start..<(start + 1 << level)])
            return perfectRoot(&scratch)
        }
        let (stored, above) = (level - Tiling.height).quotientAndRemainder(dividingBy: Tiling.height)
        var scratch: [Digest] = []
        for offset in 0..<(UInt64(1) << UInt64(above)) {
            guard let hash = log.levels.hash(stored, index << UInt64(above) + offset) else { throw beyond }
            scratch.append(hash)
        }
        return perfectRoot(&scratch)
    }

    /// Leaf hashes of a full bundle, or of the tail.
    func leafHashes(_ bundle: UInt64) throws -> [Digest] {
        if bundle == log.levels.bundles { return log.tailHashes }
        if let cached, cached.number == bundle { return cached.hashes }
        guard bundle < log.levels.bundles else { throw beyond }
        let hashes = try leaves(bundle)
        cached = (bundle, hashes)
        return hashes
    }

    /// Root of the tree of the first `size` leaves.
    func root(at size: UInt64) throws -> Digest { try range(of: size).root }

    /// The first `size` leaves.
    func range(of size: UInt64) throws -> CompactRange {
        if size == log.size { return log.range }
        var hashes: [Digest] = []
        var start: UInt64 = 0
        for level in stride(from: 63, through: 0, by: -1) where size >> UInt64(level) & 1 == 1 {
            hashes.append(try hash(level: level, index: start >> UInt64(level)))
            start += UInt64(1) << UInt64(level)
        }
        guard let range = CompactRange(size: size, hashes: hashes) else { throw beyond }
        return range
    }

    private var beyond: StoreFailure {
        StoreFailure(.rejected, "a hash was asked for beyond the \(log.size) stored entries of \(log.origin)")
    }
}
