package import Cryptography
package import Federation

/// A subject's place in the standings.
package struct SubjectScore: Equatable, Sendable {
    package let score: Int64
    /// Index into the rulebook's tiers.
    package let tier: Int

    package init(score: Int64, tier: Int) {
        self.score = score
        self.tier = tier
    }
}

/// The fold: histories to scores at one cut, by the steps of the article `Scoring`. It keeps its working space from one
/// subject to the next, so that in the long run scoring allocates nothing. Its files follow the steps:
/// `Scorer+Judging` 0 and 1, `Scorer+Duplicates` 2, `Scorer+Points` 3 to 6.
///
/// A history may be in any order and hold a position more than once; the result is the same.
package struct Scorer: ~Copyable {
    package let context: ScoringContext

    /// For every record of the history, what became of it.
    var marks: [Mark] = []
    /// The corrections that their recorders were entitled to, sorted by what they name.
    var corrections: [Correction] = []
    /// The observations that are left, sorted so that duplicates, then days, then factors lie together.
    var candidates: [Candidate] = []
    /// The days of clean streaks' ends.
    var minusDays: [UInt32] = []
    var sums: [YearSum] = []
    var streaks: [StreakSum] = []

    /// By node number: the first day that an enrolment there names, and the record of a withdrawal there.
    var enrolledFrom: [Int64]
    var withdrawal: [UInt32]
    /// Nodes whose two entries above are in use.
    var nodesInUse: [UInt32] = []
    /// The same for the authorities' records, which count everywhere.
    var enrolledByAuthorityFrom = Scorer.noDay
    var authorityWithdrawal = Scorer.noRecord
    /// The first day that any enrolment names.
    var firstEnrolment = Scorer.noDay
    var isInStandings = false

    /// Later than all days.
    static let noDay = Int64.max
    static let noRecord = UInt32.max

    package init(_ context: ScoringContext) {
        self.context = context
        enrolledFrom = Array(repeating: Self.noDay, count: context.origins.nodeCount)
        withdrawal = Array(repeating: Self.noRecord, count: context.origins.nodeCount)
    }

    /// The subject's place in the standings; nil where they do not hold it. `leafHash` is asked for the whole hash of
    /// the entry at (origin number, index) where duplicates agree in its first eight bytes.
    package mutating func score<Failure>(
        _ subject: SubjectID, _ history: SubjectHistory,
        leafHash: (_ origin: UInt32, _ index: UInt64) throws(Failure) -> Digest
    ) throws(Failure) -> SubjectScore? {
        guard isMember(subject) else { return nil }
        judge(history, isMember: true)
        guard isInStandings else { return nil }
        sortCandidates(history)
        try markDuplicates(history, leafHash: leafHash)
        addPoints(history)
        return result
    }

    /// Positions of the subject's entries in the logs of one node that a withdrawal takes out: the node records
    /// erasures of them (step 0). Empty in a synthetic population.
    package mutating func withdrawnPositions(_ history: SubjectHistory, ofNode nodeLine: [UInt8]) -> [Position] {
        judge(history, isMember: true)
        var positions: Set<Position> = []
        for (mark, record) in zip(marks, history.records) where mark.fate == .withdrawn {
            let position = context.position(record.origin, record.index)
            if OriginName(position.origin)?.nodeLine == nodeLine { positions.insert(position) }
        }
        return positions.sorted {
            $0.origin != $1.origin ? $0.origin.lexicographicallyPrecedes($1.origin) : $0.index < $1.index
        }
    }

    /// The order in which positions stand wherever one of several is named: by origin line, then index.
    func precedes(_ left: HistoryRecord, _ right: HistoryRecord) -> Bool {
        left.origin != right.origin
            ? context.origins.rows[Int(left.origin)].rank < context.origins.rows[Int(right.origin)].rank
            : left.index < right.index
    }

    /// Whether the subject is of the population; an enrolled one is decided by its enrolments alone.
    func isMember(_ subject: SubjectID) -> Bool { context.population?.contains(subject) ?? true }
}

/// What became of one record.
struct Mark {
    enum Fate: UInt8 {
        // Not in the cut, or there already: no part of the state.
        case outside, repeated
        case erased, withdrawn, later
        // Out of range.
        case beforeStart, unknownFactor, notMember, notEnrolled
        case retracted, overturned, suspended, duplicate
        case expired, capped, counted
        // What is not an observation.
        case noted, withoutRight
    }

    var fate: Fate
    /// Index of the record that decided it, where one did.
    var by = Scorer.noRecord
}

/// An observation that is left after step 1.
struct Candidate {
    /// Row of the factor (12 bits), day (32 bits), hash of quantity and reference (20 bits).
    let key: UInt64
    let record: UInt32

    init(factor: Int, day: UInt32, hash: UInt32, record: Int) {
        key = UInt64(factor) << 52 | UInt64(day) << 20 | UInt64(hash & 0xF_FFFF)
        self.record = UInt32(record)
    }

    var factor: Int { Int(key >> 52) }
    var day: UInt32 { UInt32(truncatingIfNeeded: key >> 20) }
}

/// A retraction, appeal or ruling by someone who may correct what it names.
struct Correction {
    let targetOrigin: UInt32
    let targetIndex: UInt64
    let kind: EventKind
    let node: UInt32
    let epoch: UInt64
    let index: UInt64
    let record: UInt32

    static func precedes(_ left: Correction, _ right: Correction) -> Bool {
        if left.targetOrigin != right.targetOrigin { return left.targetOrigin < right.targetOrigin }
        if left.targetIndex != right.targetIndex { return left.targetIndex < right.targetIndex }
        if left.kind != right.kind { return left.kind.rawValue < right.kind.rawValue }
        if left.node != right.node { return left.node < right.node }
        return left.epoch != right.epoch ? left.epoch < right.epoch : left.index < right.index
    }
}
