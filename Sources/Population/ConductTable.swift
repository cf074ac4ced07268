internal import Federation
internal import Scoring

/// How often each factor is observed of whom: from the rulebook's factors alone, none is known by name here.
///
/// A factor is the rarer the more points it gives or takes. A minus is the likelier the worse the resident's conduct as a
/// whole and in the factor's category; a plus the likelier the better. Good jobs are observed of those who have one. The
/// whole is then scaled so that an average resident has `observationsPerYear`.
struct ConductTable {
    struct Factor {
        let code: [UInt8]
        let isMinus: Bool
        let isDigital: Bool
        /// Whether an observation may be of several units, as of several small loans.
        let comesInSeveral: Bool
        fileprivate let isEmployment: Bool
        fileprivate let categoryKey: UInt64
        fileprivate let frequency: UInt64
    }

    static let observationsPerYear: UInt64 = 20
    /// Residents whose average sets the scale; always the same ones, so that a life does not depend on how many live.
    private static let sampled = 1_024
    private static let conductKey: UInt64 = 0x636f_6e64_7563_74

    let factors: [Factor]
    private let meanWeight: UInt64

    init(_ scenario: Scenario, seedKey: UInt64) {
        let factors = scenario.factors.map { Self.factor($0, seed: scenario.population.seed) }
        var sum: UInt64 = 0
        for index in 0..<Self.sampled {
            sum += Self.weight(of: factors, residentKey: Resident.key(index, seedKey: seedKey))
        }
        self.factors = factors
        meanWeight = max(1, sum / UInt64(Self.sampled))
    }

    private static func factor(_ factor: Rulebook.Factor, seed: [UInt8]) -> Factor {
        let size = factor.points.magnitude
        let category = factor.category ?? factor.code
        return Factor(
            code: Array(factor.code.utf8), isMinus: factor.points < 0, isDigital: factor.realm == .digital,
            comesInSeveral: size <= 5, isEmployment: category.utf8.elementsEqual("employment".utf8),
            categoryKey: key(seed: seed, for: "category \(category)"),
            frequency: factor.points < 0 ? minusFrequency(size) : plusFrequency(size))
    }

    /// Falls with the square of the points, so that a crime is seldom beside a parking ticket, but never to nothing.
    private static func minusFrequency(_ points: UInt64) -> UInt64 {
        max(24, (1 << 18) / ((points + 3) * (points + 3)))
    }

    private static func plusFrequency(_ points: UInt64) -> UInt64 { max(24, (1 << 18) / (points + 3)) }

    /// How often a factor comes up in a life, beside the others; 0 where it cannot.
    @inline(__always)
    private static func weight(_ factor: Factor, residentKey: UInt64, conduct: UInt16, isWellEmployed: Bool) -> UInt64 {
        if factor.isEmployment && !factor.isMinus && !isWellEmployed { return 0 }
        let habit = UInt16(truncatingIfNeeded: scrambled(residentKey ^ factor.categoryKey))
        let strength =
            factor.isMinus ? leaning(conduct) * leaning(habit) : leaning(.max - conduct) * leaning(.max - habit)
        return factor.frequency * strength >> 8
    }

    private static func conduct(residentKey: UInt64) -> UInt16 {
        UInt16(truncatingIfNeeded: scrambled(residentKey ^ conductKey))
    }

    private static func weight(of factors: [Factor], residentKey: UInt64) -> UInt64 {
        let conduct = conduct(residentKey: residentKey)
        let isWellEmployed = Livelihood(residentKey: residentKey) == .goodEmployer
        var sum: UInt64 = 0
        for factor in factors {
            sum += weight(factor, residentKey: residentKey, conduct: conduct, isWellEmployed: isWellEmployed)
        }
        return sum
    }

    /// Of 2^32 days of a resident, those on which something is observed; rounded down.
    func observedDays(residentKey: UInt64) -> UInt32 {
        let average = Self.observationsPerYear << 32 / 365
        let weight = Self.weight(of: factors, residentKey: residentKey)
        return UInt32(clamping: UInt128(average) * UInt128(weight) / UInt128(meanWeight))
    }

    /// Index of the factor that is observed of a resident who has an observed day.
    func draw(residentKey: UInt64, _ draws: inout Draws) -> Int {
        var place = draws.below(max(1, Self.weight(of: factors, residentKey: residentKey)))
        let conduct = Self.conduct(residentKey: residentKey)
        let isWellEmployed = Livelihood(residentKey: residentKey) == .goodEmployer
        for (index, factor) in factors.enumerated() {
            let weight = Self.weight(factor, residentKey: residentKey, conduct: conduct, isWellEmployed: isWellEmployed)
            if place < weight { return index }
            place -= weight
        }
        return factors.count - 1
    }
}
