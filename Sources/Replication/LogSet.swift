/// A set of logs by their numbers, visited in ascending order: nothing depends on hashing.
struct LogSet {
    private var words: [UInt64]
    private(set) var count = 0

    init(capacity: Int) { words = [UInt64](repeating: 0, count: (capacity + 63) / 64) }

    var isEmpty: Bool { count == 0 }

    func contains(_ log: Int) -> Bool { words[log / 64] >> UInt64(log % 64) & 1 == 1 }

    mutating func insert(_ log: Int) {
        guard !contains(log) else { return }
        words[log / 64] |= 1 << UInt64(log % 64)
        count += 1
    }

    mutating func remove(_ log: Int) {
        guard contains(log) else { return }
        words[log / 64] &= ~(1 << UInt64(log % 64))
        count -= 1
    }

    mutating func formUnion(_ other: LogSet) {
        for index in words.indices { words[index] |= other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    mutating func removeAll() {
        for index in words.indices { words[index] = 0 }
        count = 0
    }

    /// The smallest member not below `log`.
    func next(from log: Int) -> Int? {
        guard count > 0, log / 64 < words.count else { return nil }
        var index = log / 64
        var word = words[index] & (UInt64.max << UInt64(log % 64))
        while word == 0 {
            index += 1
            guard index < words.count else { return nil }
            word = words[index]
        }
        return index * 64 + word.trailingZeroBitCount
    }

    var members: [Int] {
        var members: [Int] = []
        var log = next(from: 0)
        while let found = log {
            members.append(found)
            log = next(from: found + 1)
        }
        return members
    }
}
