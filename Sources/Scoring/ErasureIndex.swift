/// An erasure in a log, in its holder's numbers.
package struct ErasureRecord: Hashable, Sendable {
    /// Where the erasure itself stands.
    package var origin: UInt32
    package var index: UInt64
    /// What it names.
    package var targetOrigin: UInt32
    package var targetIndex: UInt64

    package init(origin: UInt32, index: UInt64, targetOrigin: UInt32, targetIndex: UInt64) {
        self.origin = origin
        self.index = index
        self.targetOrigin = targetOrigin
        self.targetIndex = targetIndex
    }
}

/// The positions that erasures take out of a cut (step 0): those named by an erasure inside the cut that the same node
/// or an authority recorded. Other erasures count for nothing.
struct ErasureIndex: Sendable {
    /// For every origin number, where its indices begin in `indices`; one more at the end.
    private var starts: [Int]
    /// Erased indices, ascending within each origin.
    private var indices: [UInt64]

    init(_ erasures: some Sequence<ErasureRecord>, origins: OriginTable) {
        var targets: [(origin: UInt32, index: UInt64)] = []
        for erasure in erasures
        where origins.holds(erasure.origin, erasure.index) && origins.mayCorrect(erasure.origin, erasure.targetOrigin) {
            targets.append((erasure.targetOrigin, erasure.targetIndex))
        }
        targets.sort { $0.origin != $1.origin ? $0.origin < $1.origin : $0.index < $1.index }
        indices = targets.map(\.index)
        starts = [0]
        var next = 0
        for origin in 0..<UInt32(origins.count) {
            while next < targets.count, targets[next].origin == origin { next += 1 }
            starts.append(next)
        }
    }

    func contains(_ origin: UInt32, _ index: UInt64) -> Bool {
        var low = starts[Int(origin)]
        let end = starts[Int(origin) + 1]
        var high = end
        while low < high {
            let middle = (low + high) / 2
            if indices[middle] < index { low = middle + 1 } else { high = middle }
        }
        return low < end && indices[low] == index
    }
}
