internal import Federation
internal import Scoring
internal import Storage

/// What one factor does to the scores of a population.
package struct RuleReaction: Sendable, Equatable {
    package let code: String
    /// Subjects whose score is another without the factor.
    package let touched: Int
    /// What the factor adds to the mean score, in thousandths of a point, rounded towards zero.
    package let meanThousandths: Int64
}

extension NodeCommands {
    /// How the population's scores react to each rule: every factor's points are set to nothing in turn, and subjects are
    /// scored again. Of many subjects a sample spread evenly over them is taken.
    package func reactions(day: UInt32, sample: Int) throws -> (subjects: Int, reactions: [RuleReaction]) {
        try node.reactions(day: day, sample: sample)
    }

    /// How many subjects have each tier of the rulebook on each of some days; of many subjects in a sample spread evenly over
    /// them, so that a large population keeps nobody waiting, a stop least of all.
    package func tierCounts(days: [UInt32], sample: Int) throws -> [[Int]] {
        try node.tierCounts(days: days, sample: sample)
    }
}

extension Node {
    fileprivate func reactions(day: UInt32, sample: Int) throws -> (subjects: Int, reactions: [RuleReaction]) {
        let sizes = try visibleSizes()
        let chosen = try sampled(day: day, sample)
        let whole = try scores(chosen, scoringContext(sizes: sizes, day: day))
        let subjects = whole.filter { $0 != nil }.count
        let reactions = try rulebook.factors.filter { $0.points != 0 }.map { factor in
            let context = try scoringContext(sizes: sizes, day: day, rulebook: rulebook.without(factor.code))
            let changes = zip(whole, try scores(chosen, context)).map { ($0 ?? 0) - ($1 ?? 0) }
            return RuleReaction(
                code: factor.code, touched: changes.filter { $0 != 0 }.count,
                meanThousandths: changes.reduce(0, +) * 1_000 / Int64(max(1, subjects)))
        }
        return (subjects, reactions)
    }

    fileprivate func tierCounts(days: [UInt32], sample: Int) throws -> [[Int]] {
        guard let last = days.last else { return [] }
        let sizes = try visibleSizes()
        let chosen = try sampled(day: last, sample)
        return try days.map { day in
            var counts = [Int](repeating: 0, count: rulebook.tiers.count)
            for score in try scores(chosen, scoringContext(sizes: sizes, day: day)) {
                if let score { counts[rulebook.tier(of: score)] += 1 }
            }
            return counts
        }
    }

    /// Subjects spread evenly over all, with their histories.
    private func sampled(day: UInt32, _ sample: Int) throws -> [(SubjectID, SubjectHistory)] {
        guard let table = try awaitedTable(day) else { throw NodeFailure(.unavailable, "the standings are being computed") }
        let stride = max(1, table.lines.count / max(1, sample))
        var chosen: [(SubjectID, SubjectHistory)] = []
        var place = 0
        for partition in try history.snapshot().partitions(1) {
            try partition.forEachSubject { subject, history in
                if place % stride == 0 { chosen.append((subject, history)) }
                place += 1
            }
        }
        return chosen
    }

    /// Waits a while for a table; for work that nobody waits for.
    private func awaitedTable(_ day: UInt32) throws -> StandingsTable? {
        for _ in 0..<200 {
            if let table = try standingsTables.table(day: day, node: self) { return table }
            usleepMilliseconds(20)
        }
        return nil
    }

    private func scores(_ chosen: [(SubjectID, SubjectHistory)], _ context: NodeScoringContext) throws -> [Int64?] {
        var scorer = Scorer(context.scoring)
        return try chosen.map { subject, history in
            try scorer.score(subject, history) { try leafHash(context.lines, $0, $1) }?.score
        }
    }
}
