internal import Cryptography
internal import Encoding
internal import Hummingbird
internal import NodeRuntime
internal import Scoring

extension Dashboard {
    /// Subjects that are scored again to see how the population reacts.
    private static let sample = 2_000

    /// Every rule in words, its points, and what it does to the population's scores.
    func rules(_ request: WebRequest) async throws -> Response {
        let asked = try request.day() ?? normalDay
        let day = try await node.run { asked ?? $0.today }
        var values = frame("\(rulebook.name), version \(rulebook.version)", request)
        values["purpose"] = rulebook.purpose
        values["base"] = Words.grouped(rulebook.base)
        values["start"] = "\(CalendarDay(dayNumber: rulebook.startDay))"
        values["minimum"] = Words.grouped(rulebook.minimum)
        values["maximum"] = Words.grouped(rulebook.maximum)
        values["hash"] = hex(rulebook.hash.bytes)
        values["words"] = paragraphs
        values["day"] = "\(CalendarDay(dayNumber: Int64(day)))"
        let found = reactions.value("\(day)") { [node] in
            try await node.run { try $0.reactions(day: day, sample: Self.sample) }
        }
        values["hasReactions"] = found != nil
        values["sample"] = Words.grouped(Int64(found?.subjects ?? 0))
        values["factors"] = rulebook.factors.map { row($0, found?.reactions.first { [code = $0.code] in $0.code == code }) }
        // What is not there yet the page asks for again by itself.
        return pages.page("rulebook", values, headers: found == nil ? [.refresh: "2"] : [:])
    }

    /// The rules' words: what is indented stands under the line before it.
    private var paragraphs: [[String: Any]] {
        var parts: [(heading: String?, lines: [String])] = [(nil, [])]
        for line in rulebook.words {
            if line.hasPrefix(" ") {
                parts[parts.count - 1].lines.append(String(line.drop { $0 == " " }))
            } else if line.hasSuffix(":") {
                parts.append((String(line.dropLast()), []))
            } else {
                parts[parts.count - 1].lines.append(line)
            }
        }
        return parts.map { part in
            var values: [String: Any] = ["lines": part.lines]
            if let heading = part.heading { values["part"] = heading }
            return values
        }
    }

    private func row(_ factor: Rulebook.Factor, _ reaction: RuleReaction?) -> [String: Any] {
        var limits: [String] = []
        if let cap = factor.yearlyCap { limits.append("at most \(Words.grouped(cap)) a year") }
        if let days = factor.expiresAfterDays { limits.append("for \(Words.grouped(days)) days") }
        // Few people among the enrolled are not told apart.
        let isTold = rulebook.population == .synthetic || (reaction?.touched ?? 0) >= 5
        return [
            "code": factor.code, "title": factor.title, "realm": factor.realm.rawValue, "points": Words.signed(factor.points),
            "class": factor.points < 0 ? "bad" : "good", "limits": limits.joined(separator: ", "),
            "touches": isTold ? Words.grouped(Int64(reaction?.touched ?? 0)) : "fewer than 5",
            "moves": isTold ? Self.thousandths(reaction?.meanThousandths ?? 0) : "–",
        ]
    }

    private static func thousandths(_ number: Int64) -> String {
        let size = number.magnitude
        let fraction = String(size % 1_000)
        let sign = number < 0 ? "−" : number > 0 ? "+" : ""
        return "\(sign)\(size / 1_000).\(String(repeating: "0", count: 3 - fraction.count) + fraction)"
    }
}
