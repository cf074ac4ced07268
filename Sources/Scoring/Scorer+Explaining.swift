package import Cryptography
package import Federation

/// Explanations are read off the marks and sums of the same fold that scores.
extension Scorer {
    /// How the subject's score comes about; also for one that the standings do not hold. `leafHash` as in `score`.
    package mutating func explain<Failure>(
        _ subject: SubjectID, _ history: SubjectHistory,
        leafHash: (_ origin: UInt32, _ index: UInt64) throws(Failure) -> Digest
    ) throws(Failure) -> Explanation {
        judge(history, isMember: isMember(subject))
        sortCandidates(history)
        try markDuplicates(history, leafHash: leafHash)
        addPoints(history)
        let rulebook = context.rulebook
        let result = isInStandings ? self.result : nil
        return Explanation(
            subject: subject, day: context.day, rulebook: rulebook.name, rulebookVersion: rulebook.version,
            entries: entries(history), base: rulebook.base,
            years: isInStandings ? years : [], streaks: isInStandings ? streakLines : [],
            minimum: rulebook.minimum, maximum: rulebook.maximum,
            standing: result.map { result in
                let tier = rulebook.tiers[result.tier]
                return Explanation.Standing(
                    score: result.score, tier: tier.name, effects: tier.effects.compactMap(rulebook.effect))
            })
    }

    private func entries(_ history: SubjectHistory) -> [Explanation.Entry] {
        let order = history.records.indices
            .filter { marks[$0].fate != .outside && marks[$0].fate != .repeated }
            .sorted { precedes(history.records[$0], history.records[$1]) }
        var entries: [Explanation.Entry] = []
        for place in order {
            let record = history.records[place]
            let position = context.position(record.origin, record.index)
            // A position may come more than once in a history.
            guard entries.last?.position != position, let kind = EventKind(rawValue: record.kind) else { continue }
            let mark = marks[place]
            let counts = mark.fate == .counted || mark.fate == .capped
            let isHidden = mark.fate == .erased || mark.fate == .withdrawn
            let pointsEach = context.factors.row(record.factor).map { context.factors.rows[$0].points } ?? 0
            entries.append(
                Explanation.Entry(
                    position: position, kind: kind, content: isHidden ? nil : content(record, kind),
                    fate: fate(mark, history), points: counts ? pointsEach * Int64(record.quantity) : 0))
        }
        return entries
    }

    private func content(_ record: HistoryRecord, _ kind: EventKind) -> Explanation.Content {
        var observation: Explanation.Observation?
        if kind == .observation {
            let factor = context.factors.row(record.factor).map { context.rulebook.factors[$0] }
            observation = Explanation.Observation(
                factor: context.factors.code(record.factor), title: factor?.title, quantity: record.quantity,
                pointsEach: factor?.points)
        }
        let hasTarget = kind == .retraction || kind == .appeal || kind == .ruling
        return Explanation.Content(
            day: record.day, observation: observation,
            target: hasTarget ? context.position(record.targetOrigin, record.targetIndex) : nil,
            verdict: kind == .ruling ? Verdict(rawValue: record.verdict) : nil)
    }

    private func fate(_ mark: Mark, _ history: SubjectHistory) -> Explanation.Fate {
        var by: Position {
            let record = history.records[Int(mark.by)]
            return context.position(record.origin, record.index)
        }
        return switch mark.fate {
        case .counted: .counted
        case .capped: .capped
        case .expired: .expired
        case .duplicate: .duplicate(of: by)
        case .retracted: .retracted(by: by)
        case .overturned: .overturned(by: by)
        case .suspended: .suspended(by: by)
        case .beforeStart: .outOfRange(.beforeStart)
        case .unknownFactor: .outOfRange(.unknownFactor)
        case .notMember: .outOfRange(.notMember)
        case .notEnrolled: .outOfRange(.notEnrolled)
        case .later: .later
        case .erased: .erased
        case .withdrawn: .withdrawn(by: by)
        case .noted, .outside, .repeated: .noted
        case .withoutRight: .withoutRight
        }
    }

    private var years: [Explanation.Year] {
        let rulebook = context.rulebook
        let rows = context.factors.rows
        return sums.map { sum in
            Explanation.Year(
                factor: rulebook.factors[sum.factor].code, title: rulebook.factors[sum.factor].title, year: sum.year,
                sum: sum.sum, limit: rows[sum.factor].yearlyLimit, limited: sum.limited)
        }
    }

    private var streakLines: [Explanation.Streak] {
        zip(context.rulebook.streaks, streaks).map { streak, sum in
            Explanation.Streak(
                code: streak.code, title: streak.title, everyDays: streak.everyDays, pointsEach: streak.points,
                times: sum.times, sum: sum.sum, cap: streak.cap, limited: sum.limited)
        }
    }
}
