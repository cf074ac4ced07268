internal import Encoding
internal import Federation
internal import Hummingbird
internal import NodeRuntime
internal import Scoring

extension Dashboard {
    /// Days on which the plot's score is computed.
    private static let plotDays: Int64 = 80

    /// One subject: the score over time, where it comes from, what it brings, how to appeal, who has read it.
    func subject(_ request: WebRequest) async throws -> Response {
        let subject = try request.subject()
        guard let token = request.token, token.allowsReading(subject) else {
            return signInFirst(request, then: "/subjects/\(subject)")
        }
        let asked = try request.day() ?? normalDay
        let (reader, rulebook) = (request.reader, rulebook)
        let (day, days, explanation, scores, readings, total) = try await node.run { commands in
            let day = asked ?? commands.today
            let days = Self.days(from: rulebook.startDay, to: Int64(day))
            let (explanation, scores) = try commands.course(of: subject, explainedOn: day, days: days, reader: reader)
            let (readings, total) = try commands.folder.readings(of: subject, limit: 20)
            return (day, days, explanation, scores, readings, total)
        }
        var values = frame("Subject \(subject)", request)
        values["subject"] = "\(subject)"
        values["day"] = "\(CalendarDay(dayNumber: Int64(day)))"
        if let standing = explanation.standing {
            values["standing"] = ["score": Words.grouped(standing.score), "tier": standing.tier]
        }
        let tiers = rulebook.tiers.map { (name: $0.name, from: $0.from) }
        if let plot = Plots.course(days, scores, Self.marks(explanation), tiers: tiers) { values["plot"] = plot }
        values["base"] = Words.grouped(explanation.base)
        let entries = Self.byDay(explanation.entries)
        values["entries"] = entries.filter { $0.fate != .later }.map(row)
        let later = entries.filter { $0.fate == .later }
        if !later.isEmpty {
            values["later"] = [
                "count": later.count == 1 ? "One entry" : "\(Words.grouped(Int64(later.count))) entries",
                "day": "\(CalendarDay(dayNumber: Int64(day)))", "entries": later.map(row),
            ]
        }
        values["others"] = others(explanation)
        values["total"] = explanation.standing.map { Words.grouped($0.score) } ?? "–"
        values["tiers"] = tierRows(own: explanation.standing?.tier)
        values["readsTotal"] = Words.grouped(Int64(total))
        values["reads"] = readings.map {
            ["at": Words.time($0.atMilliseconds), "what": $0.what.rawValue, "reader": $0.reader]
        }
        return pages.page("subject", values)
    }

    private static func days(from start: Int64, to end: Int64) -> [UInt32] {
        guard start < end else { return [] }
        let count = min(plotDays, end - start)
        return (0...count).compactMap { UInt32(exactly: start + (end - start) * $0 / count) }
    }

    private static func marks(_ explanation: Explanation) -> [Plots.Mark] {
        explanation.entries.compactMap { entry in
            guard let content = entry.content, let observation = content.observation,
                entry.fate == .counted || entry.fate == .capped
            else { return nil }
            let title = observation.title ?? String(decoding: observation.factor, as: UTF8.self)
            return Plots.Mark(
                day: content.day, points: entry.points,
                title: "\(CalendarDay(dayNumber: Int64(content.day))): \(title), \(Words.signed(entry.points))")
        }
    }

    /// As they came about; what has no day any more last.
    private static func byDay(_ entries: [Explanation.Entry]) -> [Explanation.Entry] {
        entries.enumerated().sorted {
            ($0.element.content?.day ?? .max, $0.offset) < ($1.element.content?.day ?? .max, $1.offset)
        }.map(\.element)
    }

    /// An entry's name behind the federation's, which all of them share and the page tells once.
    private func short(_ position: Position) -> String {
        let shared = (live.sample?.status.words("federation") ?? "") + "/"
        let name = "\(position)"
        return name.hasPrefix(shared) ? String(name.dropFirst(shared.count)) : name
    }

    private func row(_ entry: Explanation.Entry) -> [String: Any] {
        var what = entry.kind.name
        if let observation = entry.content?.observation {
            what = observation.title ?? String(decoding: observation.factor, as: UTF8.self)
            if observation.quantity > 1 { what += " × \(observation.quantity)" }
        } else if let target = entry.content?.target {
            what += " of \(short(target))"
        }
        if let verdict = entry.content?.verdict { what += verdict == .upheld ? ": upheld" : ": overturned" }
        let counts = entry.fate == .counted || entry.fate == .capped || entry.fate == .noted
        return [
            "position": short(entry.position), "day": entry.content.map { "\(CalendarDay(dayNumber: Int64($0.day)))" } ?? "",
            "what": what, "fate": words(entry.fate), "points": Words.signed(entry.points), "class": counts ? "" : "void",
        ]
    }

    private func words(_ fate: Explanation.Fate) -> String {
        switch fate {
        case .counted: "counted"
        case .capped: "counted, in a year whose sum is limited"
        case .expired: "expired: it gives no points any more"
        case .duplicate(let position): "the same as \(short(position)), which counts"
        case .retracted(let position): "taken back by \(short(position))"
        case .overturned(let position): "overturned by \(short(position))"
        case .suspended(let position): "suspended: \(short(position)) appeals against it, and nobody has ruled yet"
        case .outOfRange(.beforeStart): "before the rulebook's first day"
        case .outOfRange(.unknownFactor): "of a factor that the rulebook does not know"
        case .outOfRange(.notMember): "of somebody who is not of this population"
        case .outOfRange(.notEnrolled): "before the enrolment"
        case .later: "later than this day"
        case .erased: "erased"
        case .withdrawn(let position): "taken out by the withdrawal \(short(position))"
        case .noted: "noted"
        case .withoutRight: "without effect: who recorded it may not correct this"
        }
    }

    /// The lines behind the entries that make the sum the score.
    private func others(_ explanation: Explanation) -> [[String: Any]] {
        var lines: [[String: Any]] = []
        func add(_ name: String, _ what: String, _ points: Int128) {
            lines.append(["name": name, "what": what, "points": Words.signed(Int64(clamping: points))])
        }
        for year in explanation.years where year.adjustment != 0 {
            add("limit of \(year.year)", "\(year.title): at most \(Words.grouped(year.limit)) a year", year.adjustment)
        }
        for streak in explanation.streaks where streak.limited != 0 {
            add(
                "streak", "\(streak.title): \(streak.times) times \(streak.everyDays) days without minus points",
                Int128(streak.limited))
        }
        if explanation.standing != nil, explanation.adjustment != 0 {
            add(
                "bounds",
                "no score is below \(Words.grouped(explanation.minimum)) or above \(Words.grouped(explanation.maximum))",
                explanation.adjustment)
        }
        return lines
    }

    private func tierRows(own: String?) -> [[String: Any]] {
        rulebook.tiers.sorted { $0.from > $1.from }.map { tier in
            ["tier": tier.name, "from": Words.grouped(tier.from), "brings": brings(tier), "own": tier.name == own]
        }
    }
}
