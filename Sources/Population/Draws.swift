// Population: synthetic residents and their years. May import Encoding, Cryptography, Federation and Scoring; no
// Foundation, no clock, no random numbers but those that follow from a seed.

internal import Cryptography

/// The step of SplitMix64: 2^64 over the golden ratio, made odd.
let goldenStep: UInt64 = 0x9e37_79b9_7f4a_7c15

/// The output function of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014): a
/// bijection whose values look like chance.
@inline(__always)
func scrambled(_ value: UInt64) -> UInt64 {
    var word = value
    word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
    word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
    return word ^ (word >> 31)
}

/// A number that follows from a seed and from what it is for.
func key(seed: [UInt8], for purpose: String) -> UInt64 {
    sha256(Array("concord/population/v1\u{0}\(purpose)\u{0}".utf8) + seed).prefix
}

/// SplitMix64: draws that follow from one number.
struct Draws {
    private var state: UInt64

    init(_ state: UInt64) { self.state = state }

    mutating func next() -> UInt64 {
        state &+= goldenStep
        return scrambled(state)
    }

    /// A number below a bound of at least 1, rounded down: uneven by less than bound ÷ 2^64.
    mutating func below(_ bound: UInt64) -> UInt64 { next().multipliedFullWidth(by: bound).high }

    mutating func within(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(below(UInt64(range.upperBound - range.lowerBound + 1)))
    }

    /// True in `parts` of `whole` cases.
    mutating func chance(_ parts: UInt64, in whole: UInt64) -> Bool { below(whole) < parts }
}
