internal import Federation

extension Explanation {
    /// The explanation for people: one line for each summand, and their sum.
    package var lines: [String] {
        let date = CalendarDay(dayNumber: Int64(day))
        var lines = ["Subject \(subject) on \(date), \(rulebook), version \(rulebookVersion)"]
        if let standing {
            let effects = standing.effects.map { "\($0.title) (\($0.kind.rawValue))" }.joined(separator: "; ")
            lines.append("Score \(standing.score), tier \(standing.tier)\(effects.isEmpty ? "" : ": \(effects)")")
            lines.append(summand(Int128(base), "to begin with"))
        } else {
            lines.append("Not in the standings of that day")
        }
        lines += entries.map { summand(Int128($0.points), Self.words($0)) }
        guard standing != nil else { return lines.map(printable) }
        for year in years where year.adjustment != 0 {
            let words = "\(year.factor) in \(year.year): the sum \(year.sum) is limited to \(year.limited)"
            lines.append(summand(year.adjustment, words))
        }
        for streak in streaks {
            let cap = streak.limited == streak.sum ? "" : ", limited to \(streak.limited)"
            let words =
                "\(streak.title): \(streak.times) times \(streak.everyDays) days without minus points, "
                + "\(signed(Int128(streak.pointsEach))) each\(cap)"
            lines.append(summand(Int128(streak.limited), words))
        }
        if adjustment != 0 {
            lines.append(summand(adjustment, "a score stays between \(minimum) and \(maximum)"))
        }
        lines.append(padded(total.description) + "  in all")
        return lines.map(printable)
    }

    private func summand(_ points: Int128, _ words: String) -> String { padded(signed(points)) + "  " + words }

    private func padded(_ text: String) -> String {
        String(repeating: " ", count: max(0, 12 - text.utf8.count)) + text
    }

    private static func words(_ entry: Entry) -> String {
        guard let content = entry.content else { return "\(entry.kind.name), \(entry.position): \(entry.fate.words)" }
        var words = entry.kind.name
        if let observation = content.observation {
            words = observation.title ?? String(decoding: observation.factor, as: UTF8.self)
            if observation.quantity != 1 { words += " × \(observation.quantity)" }
        }
        if let verdict = content.verdict { words += verdict == .upheld ? " (upheld)" : " (overturned)" }
        if let target = content.target { words += " on \(target)" }
        return "\(words), \(CalendarDay(dayNumber: Int64(content.day))), \(entry.position): \(entry.fate.words)"
    }
}

extension Explanation.Fate {
    fileprivate var words: String {
        switch self {
        case .counted: "counted"
        case .capped: "counted, but the year's sum is limited"
        case .expired: "expired"
        case .duplicate(let position): "the same as \(position)"
        case .retracted(let position): "retracted by \(position)"
        case .overturned(let position): "overturned by \(position)"
        case .suspended(let position): "suspended until the appeal \(position) is ruled on"
        case .outOfRange(.beforeStart): "before the first day that counts"
        case .outOfRange(.unknownFactor): "the rulebook has no such factor"
        case .outOfRange(.notMember): "the subject is no member of the population"
        case .outOfRange(.notEnrolled): "before any enrolment by this node or an authority"
        case .later: "not yet on that day"
        case .erased: "erased"
        case .withdrawn(let position): "taken out by the withdrawal \(position)"
        case .noted: "gives no points of its own"
        case .withoutRight: "no effect: whoever recorded it may not correct that entry"
        }
    }
}

func signed(_ value: Int128) -> String { value > 0 ? "+\(value)" : value.description }

/// A line for a terminal: what others wrote (factor codes, origin lines) must not steer it.
func printable(_ line: String) -> String {
    if line.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) { return line }
    var result = ""
    for scalar in line.unicodeScalars {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: result.unicodeScalars.append("\u{FFFD}")
        default: result.unicodeScalars.append(scalar)
        }
    }
    return result
}
