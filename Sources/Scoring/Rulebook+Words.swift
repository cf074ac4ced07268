extension Rulebook {
    /// The rules in sentences, one to a line: nothing that changes a score is left out.
    package var words: [String] {
        var lines = [
            "\(name), version \(version): for \(population.words), to this purpose: \(purpose)",
            "Counted from \(CalendarDay(dayNumber: startDay)) on; a score begins at \(base) "
                + "and stays between \(minimum) and \(maximum).",
        ]
        lines.append("Factors:")
        lines += factors.map { "  \($0.code): \($0.words)" }
        if !streaks.isEmpty { lines.append("Time without minus points:") }
        lines += streaks.map { "  \($0.code): \($0.words)" }
        lines.append("Tiers:")
        lines += tiers.sorted { $0.from > $1.from }.map { "  \(words(of: $0))" }
        if !effects.isEmpty { lines.append("Effects:") }
        lines += effects.map { "  \($0.code): \($0.title), a \($0.kind.words)\(forPurpose($0.purpose))." }
        return lines.map(printable)
    }

    private func words(of tier: Tier) -> String {
        let titles = tier.effects.compactMap { effect($0)?.title }
        return "\(tier.name), from \(tier.from): \(titles.isEmpty ? "no effects" : titles.joined(separator: "; "))."
    }
}

private func forPurpose(_ purpose: String?) -> String { purpose.map { ", for: \($0)" } ?? "" }

extension Rulebook.Population {
    fileprivate var words: String {
        switch self {
        case .synthetic: "a synthetic population, nobody real"
        case .enrolled: "people who have enrolled"
        }
    }
}

extension Rulebook.Effect.Kind {
    fileprivate var words: String {
        switch self {
        case .benefit: "benefit"
        case .visibility: "matter of visibility"
        case .restriction: "restriction"
        case .review: "review by a human"
        }
    }
}

extension Rulebook.Factor {
    fileprivate var words: String {
        var words = "\(title) (\(([realm.rawValue] + [category].compactMap(\.self)).joined(separator: ", ")))"
        words += ": \(signed(Int128(points))) for each"
        if let yearlyCap { words += ", in a calendar year \(yearlyCap) either way at most" }
        if let expiresAfterDays { words += ", for \(expiresAfterDays) days" }
        return words + forPurpose(purpose) + "."
    }
}

extension Rulebook.Streak {
    fileprivate var words: String {
        let words = "\(title): \(signed(Int128(points))) for every \(everyDays) days"
        return words + (cap.map { ", \($0) at most." } ?? ".")
    }
}
