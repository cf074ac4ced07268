package import Scoring

extension ErasureRecord {
    @inline(__always)
    fileprivate func isBefore(target origin: UInt32, _ index: UInt64) -> Bool {
        targetOrigin < origin || (targetOrigin == origin && targetIndex < index)
    }
}

/// All erasures, found by their target: 32 bytes each, as two sorted arrays of which only the short one takes
/// insertions, so that ten million of them still cost a few microseconds each. A value: a copy is a snapshot.
package struct HistoryErasures: Sendable, Sequence {
    private var settled: [ErasureRecord] = []
    private var recent: [ErasureRecord] = []
    private static let recentLimit = 8_192

    init() {}

    init(_ erasures: [ErasureRecord]) {
        settled = erasures.sorted { $0.isBefore(target: $1.targetOrigin, $1.targetIndex) }
    }

    package var count: Int { settled.count + recent.count }
    package var isEmpty: Bool { settled.isEmpty && recent.isEmpty }

    /// All of them, in no particular order.
    package func makeIterator() -> some IteratorProtocol<ErasureRecord> {
        [settled, recent].joined().makeIterator()
    }

    mutating func insert(_ erasure: ErasureRecord) {
        let place = Self.lowerBound(recent, erasure.targetOrigin, erasure.targetIndex)
        recent.insert(erasure, at: place)
        if recent.count >= Self.recentLimit { settle() }
    }

    /// Calls `body` with each erasure that names the position, in no particular order.
    package func forEach(
        ofOrigin origin: UInt32, index: UInt64, _ body: (ErasureRecord) throws -> Void
    ) rethrows {
        try Self.forEach(in: settled, origin, index, body)
        try Self.forEach(in: recent, origin, index, body)
    }

    /// Each erasure that names the position, in no particular order.
    package func erasures(ofOrigin origin: UInt32, index: UInt64) -> [ErasureRecord] {
        var found: [ErasureRecord] = []
        forEach(ofOrigin: origin, index: index) { found.append($0) }
        return found
    }

    private mutating func settle() {
        var merged: [ErasureRecord] = []
        merged.reserveCapacity(count)
        var next = 0
        for erasure in settled {
            while next < recent.count, recent[next].isBefore(target: erasure.targetOrigin, erasure.targetIndex) {
                merged.append(recent[next])
                next += 1
            }
            merged.append(erasure)
        }
        merged.append(contentsOf: recent[next...])
        settled = merged
        recent.removeAll(keepingCapacity: true)
    }

    private static func forEach(
        in erasures: [ErasureRecord], _ origin: UInt32, _ index: UInt64, _ body: (ErasureRecord) throws -> Void
    ) rethrows {
        var place = lowerBound(erasures, origin, index)
        while place < erasures.count, erasures[place].targetOrigin == origin, erasures[place].targetIndex == index {
            try body(erasures[place])
            place += 1
        }
    }

    private static func lowerBound(_ erasures: [ErasureRecord], _ origin: UInt32, _ index: UInt64) -> Int {
        var low = 0
        var high = erasures.count
        while low < high {
            let middle = (low + high) / 2
            if erasures[middle].isBefore(target: origin, index) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
