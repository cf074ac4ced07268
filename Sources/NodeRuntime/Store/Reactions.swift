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

/// How the population stood on a day.
package struct PopulationDay: Sendable, Equatable {
    package let day: UInt32
    /// Subjects with each tier of the rulebook, in its order.
    package let tiers: [Int]
    /// The scores that a tenth, half and nine tenths of the subjects do not exceed; nil where there are none.
    package let tenths: Tenths?

    package struct Tenths: Sendable, Equatable {
        package let low: Int64
        package let middle: Int64
        package let high: Int64
    }
}

extension NodeCommands {
    /// How the population's scores react to each rule: every factor's points are set to nothing in turn, and subjects are
    /// scored again. Of many subjects a sample spread evenly over them is taken.
    package func reactions(day: UInt32, sample: Int) throws -> (subjects: Int, reactions: [RuleReaction]) {
        try node.reactions(day: day, sample: sample)
    }

    /// How the population stood on each of some days; of many subjects a sample spread evenly over them, so that a large
    /// population keeps nobody waiting, a stop least of all.
    package func course(days: [UInt32], sample: Int) throws -> [PopulationDay] { try node.course(days: days, sample: sample) }
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

    fileprivate func course(days: [UInt32], sample: Int) throws -> [PopulationDay] {
        guard let last = days.last else { return [] }
        let sizes = try visibleSizes()
        let chosen = try sampled(day: last, sample)
        return try days.map { day in
            let sorted = try scores(chosen, scoringContext(sizes: sizes, day: day)).compactMap(\.self).sorted()
            var tiers = [Int](repeating: 0, count: rulebook.tiers.count)
            for score in sorted { tiers[rulebook.tier(of: score)] += 1 }
            func tenth(_ number: Int) -> Int64 { sorted[(sorted.count * number + 9) / 10 - 1] }
            return PopulationDay(
                day: day, tiers: tiers, tenths: sorted.isEmpty ? nil : .init(low: tenth(1), middle: tenth(5), high: tenth(9)))
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
