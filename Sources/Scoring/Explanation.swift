package import Federation

/// How a subject's score at a cut comes about, entry by entry. The lines add up to the score: `base`, the points of the
/// entries, what the years' limits take off, the points of the streaks, and what the score's own limits add or take
/// off.
package struct Explanation: Equatable, Sendable {
    /// What became of an entry.
    package enum Fate: Equatable, Sendable {
        case counted
        /// Counted in a year whose sum exceeds its limit.
        case capped
        case expired
        case duplicate(of: Position)
        case retracted(by: Position)
        case overturned(by: Position)
        case suspended(by: Position)
        case outOfRange(OutOfRange)
        /// Its day lies after the day of the cut.
        case later
        case erased
        case withdrawn(by: Position)
        /// A correction, enrolment or withdrawal: it gives no points of its own.
        case noted
        /// A correction by someone who may not correct its target: it has no effect.
        case withoutRight
    }

    package enum OutOfRange: String, Equatable, Sendable {
        case beforeStart = "before-start"
        case unknownFactor = "unknown-factor"
        case notMember = "not-a-member"
        case notEnrolled = "not-enrolled"
    }

    package struct Entry: Equatable, Sendable {
        package let position: Position
        package let kind: EventKind
        /// Nil for what is erased or withdrawn: all that is left of it is its place.
        package let content: Content?
        package let fate: Fate
        /// What it gives: 0 unless counted or capped.
        package let points: Int64
    }

    package struct Content: Equatable, Sendable {
        /// Days since 1970-01-01.
        package let day: UInt32
        /// Observations only.
        package let observation: Observation?
        /// Retractions, appeals and rulings only.
        package let target: Position?
        /// Rulings only.
        package let verdict: Verdict?
    }

    package struct Observation: Equatable, Sendable {
        package let factor: [UInt8]
        /// The rulebook's title of the factor; nil where it does not know it.
        package let title: String?
        package let quantity: Int32
        /// Rule for each unit; nil where the rulebook does not know the factor.
        package let pointsEach: Int64?
    }

    /// The points of one factor in one calendar year.
    package struct Year: Equatable, Sendable {
        package let factor: String
        package let title: String
        package let year: Int64
        /// Exact sum of its entries' points.
        package let sum: Int128
        /// What a year's sum is limited to, either way.
        package let limit: Int64
        package let limited: Int64

        /// What the limit adds or takes off.
        package var adjustment: Int128 { Int128(limited) - sum }
    }

    package struct Streak: Equatable, Sendable {
        package let code: String
        package let title: String
        package let everyDays: Int64
        package let pointsEach: Int64
        /// How often so many days passed without minus points.
        package let times: Int64
        package let sum: Int64
        /// Nil: no limit.
        package let cap: Int64?
        package let limited: Int64
    }

    package struct Standing: Equatable, Sendable {
        package let score: Int64
        package let tier: String
        package let effects: [Rulebook.Effect]
    }

    package let subject: SubjectID
    /// Day of the cut.
    package let day: UInt32
    package let rulebook: String
    package let rulebookVersion: Int64
    /// In the order of origin lines and indices; entries outside the cut are no part of it.
    package let entries: [Entry]
    package let base: Int64
    package let years: [Year]
    package let streaks: [Streak]
    package let minimum: Int64
    package let maximum: Int64
    /// Nil where the standings do not hold the subject; there are no years and streaks then.
    package let standing: Standing?

    /// Base, years and streaks, before the score's own limits.
    package var unlimitedTotal: Int128 {
        var total = Int128(base)
        for entry in entries { total += Int128(entry.points) }
        for year in years { total += year.adjustment }
        for streak in streaks { total += Int128(streak.limited) }
        return total
    }

    /// What the score's own limits add or take off.
    package var adjustment: Int128 {
        max(Int128(minimum), min(Int128(maximum), unlimitedTotal)) - unlimitedTotal
    }

    /// All lines together: the score.
    package var total: Int128 { unlimitedTotal + adjustment }
}
