internal import Cryptography
internal import Federation
internal import TransparencyLog

/// Everything that the store holds about one bundle; nil is what cannot be read.
struct BundleEvidence {
    var items: [UInt8]?
    /// The 256 stored leaf hashes.
    var tile: [Digest]?
    /// The stored root.
    var root: Digest?
}

/// What the three sources of a bundle - entries, leaf hashes, root - say when held against each other. Two that agree
/// outvote the third: all that would have to be damaged alike are independent bytes.
struct BundleFinding {
    /// The agreed root of the leaves, or the only one there is; nil where nothing agrees.
    var hash: Digest?
    /// Agreed leaf hashes, where they are known.
    var leaves: [Digest]?
    /// Root over the entries, over the leaf hashes, as stored.
    var candidates: [Digest] = []
    /// The entries by index, as spans of the stored bytes; nil is damaged.
    var spans: [ItemSpan?] = []
    var isTileDamaged = false
    var isRootDamaged = false
    var isFramingDamaged = false
    /// Entries that decode, but to another leaf hash, rather than not at all.
    var mismatched = BundleBits()
    /// Entries that commit to a body that is not there.
    var lacking = BundleBits()

    static let width = Int(Tiling.width)

    var damaged: BundleBits { BundleBits(spans.indices.filter { spans[$0] == nil }) }
    var isSound: Bool { hash != nil && !isTileDamaged && !isRootDamaged && !isFramingDamaged && !spans.contains { $0 == nil } }
    /// Whether what is stored is enough to make the bundle whole.
    var isRepairable: Bool { hash != nil && leaves != nil && !isSound && !spans.contains { $0 == nil } }

    /// Entries whose mark of a missing body is wrong.
    func wrongMarks(_ mark: BundleBits) -> [Int] {
        spans.indices.filter { index in
            guard let span = spans[index] else { return false }
            return mark[index] != rightMark(lacksBody: lacking[index], holdsBody: !span.isVerbatim, is: mark[index])
        }
    }

    init(_ evidence: BundleEvidence) {
        let items = evidence.items ?? []
        let decoded = DecodedItems(items, count: Self.width)
        let entriesRoot = decoded.map { Self.root($0.leaves) }
        let tileRoot = evidence.tile.map { decoded?.leaves == $0 ? entriesRoot! : Self.root($0) }
        candidates = [entriesRoot, tileRoot, evidence.root].compactMap { $0 }
        if let decoded { lacking = decoded.lacking }

        if let decoded, let entriesRoot, entriesRoot == tileRoot || entriesRoot == evidence.root {
            hash = entriesRoot
            leaves = decoded.leaves
            spans = decoded.spans
            isTileDamaged = tileRoot != entriesRoot
            isRootDamaged = evidence.root != entriesRoot
            return
        }
        let isTileAgreed = tileRoot != nil && tileRoot == evidence.root
        if isTileAgreed || candidates.count == 1 { hash = candidates.first { $0 == tileRoot } ?? candidates[0] }
        isRootDamaged = evidence.root == nil && hash != nil
        guard let tile = evidence.tile else {
            // With nothing to hold them against, entries count as good if nothing contradicts them.
            isTileDamaged = true
            let isOnly = hash != nil && hash == entriesRoot
            spans = isOnly ? decoded!.spans : Array(repeating: nil, count: Self.width)
            leaves = isOnly ? decoded!.leaves : nil
            if let decoded, !isOnly { mismatched = BundleBits(decoded.spans.indices) }
            return
        }
        examine(items, tile, decoded)
        // Lengths apart, entries and leaf hashes agree: that settles a root that says otherwise.
        if hash == nil, !spans.contains(where: { $0 == nil }) {
            hash = tileRoot
            isRootDamaged = true
        }
        if hash != nil { leaves = tile }
    }

    /// Holds every entry against its own leaf hash.
    private mutating func examine(_ items: [UInt8], _ tile: [Digest], _ decoded: DecodedItems?) {
        if let decoded {
            spans = decoded.spans.indices.map { decoded.leaves[$0] == tile[$0] ? decoded.spans[$0] : nil }
            guard spans.contains(where: { $0 == nil }) else { return }
        }
        let salvaged = ItemSalvage(items, leaves: tile).spans
        for index in salvaged.indices where spans.isEmpty || spans[index] == nil {
            if decoded != nil, salvaged[index] == nil { mismatched[index] = true }
        }
        spans = salvaged
        isFramingDamaged = !items.isEmpty && !spans.contains { $0 == nil }
        lacking = BundleBits(spans.indices.filter { spans[$0]?.run(items)?.onlyLacksBody ?? false })
    }

    static func root(_ leaves: [Digest]) -> Digest {
        var scratch = leaves
        return perfectRoot(&scratch)
    }
}

/// Items of a packed run whose form is good.
struct DecodedItems {
    var leaves: [Digest] = []
    var spans: [ItemSpan?] = []
    var lacking = BundleBits()

    /// Nil where the bytes do not decode to `count` entries.
    init?(_ bytes: [UInt8], count: Int) {
        guard let packed = try? PackedEntries(checking: bytes), packed.count == count else { return nil }
        leaves.reserveCapacity(count)
        spans.reserveCapacity(count)
        var start = 2 + 2 * count
        packed.forEach { index, item in
            leaves.append(item.leafHash)
            if item.lacksBody { lacking[index] = true }
            spans.append(ItemSpan(start: start, end: start + item.bytes.count, isVerbatim: item.isVerbatim))
            start += item.bytes.count
        }
    }
}

/// Whether a body counts as missing, by what is stored of its entry and whether it is marked so now: one that is stored may
/// count as missing, until it is folded.
private func rightMark(lacksBody: Bool, holdsBody: Bool, is isMarked: Bool) -> Bool { lacksBody || (isMarked && holdsBody) }

extension PackedItem {
    func rightMark(is isMarked: Bool) -> Bool {
        Storage.rightMark(lacksBody: lacksBody, holdsBody: !isVerbatim, is: isMarked)
    }
}
