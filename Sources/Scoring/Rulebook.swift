package import Cryptography

/// Factors, points, streaks, tiers and effects: what turns events into scores and consequences. Read strictly from a
/// file (`Rulebook.parse`); whether a federation may run under it is a matter of `RulebookPolicy`.
package struct Rulebook: Sendable {
    /// Whom the rulebook scores.
    package enum Population: String, CaseIterable, Sendable {
        case synthetic
        case enrolled
    }

    /// Where the conduct that a factor scores takes place.
    package enum Realm: String, CaseIterable, Sendable {
        case life
        case digital
    }

    package struct Factor: Equatable, Sendable {
        /// What observations name: 1 to 64 bytes.
        package let code: String
        package let title: String
        package let realm: Realm
        package let category: String?
        package let purpose: String?
        /// For each unit of quantity; at most 1,000,000 either way.
        package let points: Int64
        /// Days after which an observation gives no points any more; nil: never.
        package let expiresAfterDays: Int64?
        /// Largest sum of a calendar year, either way; nil: no limit of its own.
        package let yearlyCap: Int64?
    }

    /// Points for time without minus points.
    package struct Streak: Equatable, Sendable {
        package let code: String
        package let title: String
        package let points: Int64
        package let everyDays: Int64
        package let cap: Int64?
    }

    package struct Tier: Equatable, Sendable {
        package let name: String
        /// Least score of the tier.
        package let from: Int64
        /// Codes of its effects.
        package let effects: [String]
    }

    package struct Effect: Equatable, Sendable {
        package enum Kind: String, CaseIterable, Sendable {
            case benefit
            case visibility
            case restriction
            /// A human looks at it and decides.
            case review
        }

        package let code: String
        package let title: String
        package let kind: Kind
        package let purpose: String?
    }

    /// SHA-256 of the file's bytes: what a cut names.
    package let hash: Digest
    package let name: String
    package let version: Int64
    package let population: Population
    package let purpose: String
    /// Number of the first day that counts, from 1970-01-01.
    package let startDay: Int64
    package let base: Int64
    package let minimum: Int64
    package let maximum: Int64
    package let factors: [Factor]
    package let streaks: [Streak]
    /// In the order of the file, thresholds all different; the lowest is not above `minimum`.
    package let tiers: [Tier]
    package let effects: [Effect]

    package static let maximumFactors = 4_096
    package static let maximumPoints: Int64 = 1_000_000
    /// Largest size of every other number.
    package static let maximumNumber = Int64(Int32.max)

    /// Index of the tier with the largest threshold not above a score of at least `minimum`.
    package func tier(of score: Int64) -> Int {
        var best = 0
        for (index, tier) in tiers.enumerated() where tier.from <= score {
            if tiers[best].from > score || tier.from > tiers[best].from { best = index }
        }
        return best
    }

    package func effect(_ code: String) -> Effect? {
        effects.first { $0.code.utf8.elementsEqual(code.utf8) }
    }
}
