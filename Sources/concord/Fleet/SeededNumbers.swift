internal import Cryptography

/// Numbers that look like chance and follow from a seed (SplitMix64; Steele, Lea, Flood: "Fast Splittable Pseudorandom
/// Number Generators", 2014).
struct SeededNumbers: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: String) { state = sha256(Array("concord/local/v1\u{0}\(seed)".utf8)).prefix }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    /// Different indices below a bound, in order; all of them where there are fewer.
    mutating func indices(_ count: Int, below bound: UInt64) -> [UInt64] {
        if bound <= UInt64(count) { return Array(0..<bound) }
        var chosen: Set<UInt64> = []
        while chosen.count < count { chosen.insert(UInt64.random(in: 0..<bound, using: &self)) }
        return chosen.sorted()
    }
}
