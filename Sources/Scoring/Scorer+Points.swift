/// The points of one factor in one calendar year.
struct YearSum {
    let factor: Int
    let year: Int64
    /// Exact.
    let sum: Int128
    /// What counts of it.
    let limited: Int64
}

/// The points of one clean streak.
struct StreakSum {
    /// How often its days were reached.
    let times: Int64
    /// Exact.
    let sum: Int64
    let limited: Int64
}

/// Steps 3 to 6: expiry, sums by factor and year, clean streaks, the score.
extension Scorer {
    mutating func addPoints(_ history: SubjectHistory) {
        sums.removeAll(keepingCapacity: true)
        streaks.removeAll(keepingCapacity: true)
        minusDays.removeAll(keepingCapacity: true)
        sumYears(history)
        addStreaks()
    }

    /// The candidates lie by factor and day, so that the years of a factor come one after another.
    private mutating func sumYears(_ history: SubjectHistory) {
        var start = 0
        while start < candidates.count {
            let factor = candidates[start].factor
            let row = context.factors.rows[factor]
            let year = CalendarDay(dayNumber: Int64(candidates[start].day)).year
            let lastDay = CalendarDay.lastDay(ofYear: year)
            var sum: Int128 = 0
            var end = start
            while end < candidates.count, candidates[end].factor == factor, Int64(candidates[end].day) <= lastDay {
                sum += Int128(points(end, row, history))
                end += 1
            }
            close(start..<end, YearSum(factor: factor, year: year, sum: sum, limited: limit(sum, row.yearlyLimit)))
            start = end
        }
    }

    /// Points of one candidate; marks it counted or expired, and remembers the day of minus points.
    private mutating func points(_ place: Int, _ row: FactorTable.Row, _ history: SubjectHistory) -> Int64 {
        let candidate = candidates[place]
        let record = Int(candidate.record)
        guard marks[record].fate == .noted else { return 0 }
        if row.points < 0 { minusDays.append(candidate.day) }
        guard Int64(context.day) - Int64(candidate.day) < row.expiresAfterDays else {
            marks[record].fate = .expired
            return 0
        }
        marks[record].fate = .counted
        // At most 1,000,000 times 2^31.
        return row.points * Int64(history.records[record].quantity)
    }

    private mutating func close(_ group: Range<Int>, _ year: YearSum) {
        if year.sum != 0 { sums.append(year) }
        guard year.sum != Int128(year.limited) else { return }
        for place in group where marks[Int(candidates[place].record)].fate == .counted {
            marks[Int(candidates[place].record)].fate = .capped
        }
    }

    private func limit(_ sum: Int128, _ size: Int64) -> Int64 {
        Int64(max(-Int128(size), min(Int128(size), sum)))
    }

    private mutating func addStreaks() {
        guard !context.rulebook.streaks.isEmpty else { return }
        sortInPlace(&minusDays) { $0 < $1 }
        for streak in context.rulebook.streaks {
            let times = cleanTimes(everyDays: streak.everyDays)
            // Below 2^31 times 2^32.
            let sum = times * streak.points
            streaks.append(StreakSum(times: times, sum: sum, limited: min(sum, streak.cap ?? .max)))
        }
    }

    /// How often the gaps between marks hold a number of days.
    private func cleanTimes(everyDays: Int64) -> Int64 {
        let end = Int64(context.day)
        var mark = context.rulebook.startDay
        if context.population == nil { mark = max(mark, firstEnrolment) }
        guard end > mark else { return 0 }
        var times: Int64 = 0
        for day in minusDays where Int64(day) > mark {
            times += (Int64(day) - mark) / everyDays
            mark = Int64(day)
        }
        return times + (end - mark) / everyDays
    }

    /// Base and all limited sums, before the score's own limits.
    var total: Int128 {
        var total = Int128(context.rulebook.base)
        for year in sums { total += Int128(year.limited) }
        for streak in streaks { total += Int128(streak.limited) }
        return total
    }

    var result: SubjectScore {
        let rulebook = context.rulebook
        let score = Int64(max(Int128(rulebook.minimum), min(Int128(rulebook.maximum), total)))
        return SubjectScore(score: score, tier: rulebook.tier(of: score))
    }
}
