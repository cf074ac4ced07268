/// Ranges of one log that are spoken for: asked for, or here already and waiting for what precedes them. Few at a time.
struct RangeClaims {
    /// By their lower bounds; two may overlap.
    private(set) var ranges: [Range<UInt64>] = []

    /// Index of the first range whose lower bound is not below `value`.
    private func position(_ value: UInt64) -> Int {
        var low = 0
        var high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound < value { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func insert(_ range: Range<UInt64>) {
        ranges.insert(range, at: position(range.lowerBound))
    }

    /// Removes one range as it was inserted.
    mutating func remove(_ range: Range<UInt64>) {
        var index = position(range.lowerBound)
        while index < ranges.count, ranges[index].lowerBound == range.lowerBound {
            if ranges[index] == range {
                ranges.remove(at: index)
                return
            }
            index += 1
        }
    }

    /// The first part of `start..<end` that nobody has claimed.
    func firstGap(from start: UInt64, to end: UInt64) -> Range<UInt64>? {
        var position = start
        for range in ranges {
            if range.lowerBound > position { break }
            position = max(position, range.upperBound)
        }
        guard position < end else { return nil }
        let next = ranges.first { $0.lowerBound > position }?.lowerBound ?? end
        return position..<min(next, end)
    }
}
