internal import Cryptography
internal import Simulation

/// Numbers that look like chance and follow from what they are for, in words.
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var random: SeededRandom

    init(seed: String) { random = SeededRandom(seed: sha256(Array("concord/local/v1\u{0}\(seed)".utf8)).prefix) }

    mutating func next() -> UInt64 { random.next() }

    /// Different indices below a bound, in order; all of them where there are fewer.
    mutating func indices(_ count: Int, below bound: UInt64) -> [UInt64] {
        if bound <= UInt64(count) { return Array(0..<bound) }
        var chosen: Set<UInt64> = []
        while chosen.count < count { chosen.insert(UInt64.random(in: 0..<bound, using: &self)) }
        return chosen.sorted()
    }
}
