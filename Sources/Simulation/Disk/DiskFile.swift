/// One file of a simulated disk: what programs see, what is durable, and in between, in their order, the writes and
/// truncations that were not synced yet.
final class DiskFile {
    /// Writes below this unit are never torn, and longer ones only at its multiples.
    static let sectorBytes = 512

    private enum Change {
        /// The bytes lie in `buffer` from `start` on.
        case write(offset: Int, start: Int, count: Int)
        case truncate(Int)
    }

    private(set) var visible: [UInt8]
    private(set) var durable: [UInt8]
    private var changes: [Change] = []
    private var buffer: [UInt8] = []
    var locks = DiskLocks()
    /// The shared memory of those who have the file open as a database in WAL mode.
    var memory: DiskSharedMemory?

    init(_ content: [UInt8] = []) {
        visible = content
        durable = content
    }

    /// A file as programs see it, no byte of which is durable.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        changes.append(.write(offset: offset, start: buffer.count, count: bytes.count))
        buffer.append(contentsOf: bytes)
        visible.put(bytes, at: offset)
    }

    func truncate(_ size: Int) {
        changes.append(.truncate(size))
        visible.cut(size)
    }

    /// Copies what is there of a range; returns the number of bytes copied.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let count = max(0, min(target.count, visible.count - offset))
        guard count > 0 else { return 0 }
        visible.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count])) }
        return count
    }

    func sync() {
        for change in changes { apply(change) }
        forget()
    }

    /// Drops what was not synced from what ever becomes durable, though programs go on seeing it: what Linux does with
    /// the pages of a failed sync.
    func forget() {
        changes.removeAll(keepingCapacity: true)
        buffer.removeAll(keepingCapacity: true)
    }

    private func apply(_ change: Change) {
        switch change {
        case .truncate(let size): durable.cut(size)
        case .write(let offset, let start, let count):
            buffer.withUnsafeBytes { durable.put(UnsafeRawBufferPointer(rebasing: $0[start..<start + count]), at: offset) }
        }
    }

    /// Changes the medium itself, behind the back of all programs.
    func spoil(_ body: (inout [UInt8]) -> Void) {
        body(&durable)
        body(&visible)
    }
}

// What a power failure leaves.
extension DiskFile {
    /// Decides for each change that was not synced whether it is on the medium, in part or whole; what is there then is
    /// durable, and all that programs see.
    func losePower(_ odds: PowerFailure, using random: inout SeededRandom) {
        for change in changes {
            guard case .write(let offset, let start, let count) = change else {
                if random.chance(odds.keptPercent) { apply(change) }
                continue
            }
            if random.chance(odds.tornPercent) {
                tear(offset, start, count, odds, using: &random)
            } else if random.chance(odds.keptPercent) {
                apply(change)
            } else if offset + count > durable.count, random.chance(odds.zeroedPercent) {
                durable.append(contentsOf: repeatElement(0, count: offset + count - durable.count))
            }
        }
        forget()
        visible = durable
    }

    /// Keeps some of the sectors of a write: a run from its beginning, or any.
    private func tear(_ offset: Int, _ start: Int, _ count: Int, _ odds: PowerFailure, using random: inout SeededRandom) {
        var end = random.chance(50) ? offset + count : Int.random(in: offset...offset + count, using: &random)
        if end < offset + count { end = max(offset, end / Self.sectorBytes * Self.sectorBytes) }
        let keepsAny = end == offset + count
        var place = offset
        while place < end {
            let next = min(end, (place / Self.sectorBytes + 1) * Self.sectorBytes)
            if !keepsAny || random.chance(odds.keptPercent) {
                apply(.write(offset: place, start: start + place - offset, count: next - place))
            }
            place = next
        }
    }
}

/// The odds of one power failure, in percent.
struct PowerFailure {
    /// Changes that were not synced and are there all the same.
    let keptPercent: Int
    /// Writes of which only some sectors are there.
    let tornPercent: Int
    /// Writes behind the end of a file that are lost, but whose length is kept: zeros stand there.
    let zeroedPercent: Int

    /// One failure in some loses everything, in some nothing, and in most a part.
    init(using random: inout SeededRandom) {
        keptPercent = [0, 20, 50, 80, 100].randomElement(using: &random) ?? 50
        tornPercent = [0, 10, 40].randomElement(using: &random) ?? 0
        zeroedPercent = [0, 50].randomElement(using: &random) ?? 0
    }
}

extension [UInt8] {
    /// Puts bytes at a place that may lie behind the end; zeros fill the gap.
    fileprivate mutating func put(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        if offset > count { append(contentsOf: repeatElement(0, count: offset - count)) }
        let inside = Swift.min(bytes.count, count - offset)
        if inside > 0 {
            withUnsafeMutableBytes {
                UnsafeMutableRawBufferPointer(rebasing: $0[offset..<offset + inside]).copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: bytes[..<inside]))
            }
        }
        if inside < bytes.count { append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[inside...])) }
    }

    /// Cuts to a length, or fills up to it with zeros.
    fileprivate mutating func cut(_ size: Int) {
        if size < count { removeLast(count - size) } else { append(contentsOf: repeatElement(0, count: size - count)) }
    }
}
