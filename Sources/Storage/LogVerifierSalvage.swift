internal import Cryptography
internal import Federation

/// Where one entry lies in the bytes of a packed run.
struct ItemSpan: Equatable {
    var start: Int
    var end: Int
    /// An entry without its body.
    var isVerbatim: Bool

    /// The entry alone; nil where the bytes have not the form of one.
    func run(_ bytes: [UInt8]) -> PackedEntries? {
        let size = isVerbatim ? end - start : end - start - Entry.headerBytes
        guard (1...Limits.entryBytes).contains(size) else { return nil }
        let length = UInt16(size) | (isVerbatim ? PackedEntries.verbatim : 0)
        return try? PackedEntries(checking: [0, 1, UInt8(length >> 8), UInt8(length & 0xff)] + bytes[start..<end])
    }
}

/// Makes out the entries of a packed run whose lengths or bytes are damaged: an entry is where bytes hash to the stored
/// leaf hash, whatever the lengths in front say. It looks from the front, from the back and between neighbours, and takes
/// a length to be one that differs in a single bit, so that a flipped bit costs no entry at all and other damage only those
/// that it touches.
struct ItemSalvage {
    private(set) var spans: [ItemSpan?]
    private let bytes: [UInt8]
    private let leaves: [Digest]

    init(_ bytes: [UInt8], leaves: [Digest]) {
        self.bytes = bytes
        self.leaves = leaves
        spans = Array(repeating: nil, count: leaves.count)
        guard bytes.count > firstItem else { return }
        searchForward()
        searchBackward()
        searchBetween()
    }

    private var firstItem: Int { 2 + 2 * leaves.count }

    private func length(_ index: Int) -> UInt16 { UInt16(bytes[2 + 2 * index]) << 8 | UInt16(bytes[3 + 2 * index]) }

    /// The stored length, and those that differ from it in one bit.
    private func lengths(_ index: Int) -> [UInt16] {
        let stored = length(index)
        return [stored] + (0..<16).map { stored ^ (1 << UInt16($0)) }
    }

    private static func size(_ length: UInt16) -> Int {
        length & PackedEntries.verbatim == 0 ? Entry.headerBytes + Int(length) : Int(length & 0x7fff)
    }

    /// Whether the bytes there are the entry at an index.
    private func match(_ index: Int, _ start: Int, _ end: Int, isVerbatim: Bool) -> ItemSpan? {
        guard start >= firstItem, start < end, end <= bytes.count else { return nil }
        let span = ItemSpan(start: start, end: end, isVerbatim: isVerbatim)
        return span.run(bytes)?.onlyLeafHash == leaves[index] ? span : nil
    }

    private mutating func searchForward() {
        var start = firstItem
        for index in leaves.indices {
            for length in lengths(index) {
                let end = start + Self.size(length)
                spans[index] = match(index, start, end, isVerbatim: length & PackedEntries.verbatim != 0)
                if spans[index] != nil { break }
            }
            // Where nothing fits, the entry's bytes are taken to be what is damaged, and its length to be right.
            start = spans[index]?.end ?? start + Self.size(length(index))
            if start >= bytes.count { return }
        }
    }

    private mutating func searchBackward() {
        var end = bytes.count
        for index in leaves.indices.reversed() {
            if spans[index] == nil {
                for length in lengths(index) {
                    let start = end - Self.size(length)
                    spans[index] = match(index, start, end, isVerbatim: length & PackedEntries.verbatim != 0)
                    if spans[index] != nil { break }
                }
            }
            end = spans[index]?.start ?? end - Self.size(length(index))
            if end <= firstItem { return }
        }
    }

    /// An entry between two that were made out reaches from the one to the other.
    private mutating func searchBetween() {
        for index in leaves.indices where spans[index] == nil {
            let start = index == 0 ? firstItem : spans[index - 1]?.end
            let end = index + 1 == leaves.count ? bytes.count : spans[index + 1]?.start
            guard let start, let end else { continue }
            spans[index] = match(index, start, end, isVerbatim: false) ?? match(index, start, end, isVerbatim: true)
        }
    }
}

extension PackedEntries {
    /// Leaf hash of a run of one entry.
    var onlyLeafHash: Digest {
        var hashes: [Digest] = []
        appendLeafHashes(to: &hashes)
        return hashes[0]
    }

    /// Whether a mark of a missing body, or that there is none, is wrong for the entry of a run of one.
    func isMarkedWrong(_ isMissing: Bool) -> Bool {
        var isWrong = false
        forEach { isWrong = $1.rightMark(is: isMissing) != isMissing }
        return isWrong
    }

    /// Whether the entry of a run of one commits to a body that is not there.
    var onlyLacksBody: Bool {
        var lacks = false
        forEach { lacks = $1.lacksBody }
        return lacks
    }
}
