internal import Encoding
internal import NodeRuntime
internal import Scoring

/// How many residents have which score and tier, as a histogram of text.
struct ScoreDistribution {
    private static let bins: Int64 = 19
    private static let cells: Int64 = 48
    private let rulebook: Rulebook
    private let day: UInt32
    private let width: Int64
    private var counts: [Int64]
    private var tiers: [Int64]
    private var subjects: Int64 = 0

    init(_ client: NodeClient, day: UInt32, rulebook: Rulebook) throws {
        self.rulebook = rulebook
        self.day = day
        width = Self.width(rulebook)
        var scores: [Int64: Int64] = [:]
        _ = try client.call("standings", [("day", .integer(Int64(day)))]) { event in
            guard case .array(let lines)? = event["subjects"]?.content else { return }
            for line in lines {
                guard case .array(let cells) = line.content, cells.count == 3, case .integer(let score) = cells[1].content
                else { continue }
                scores[score, default: 0] += 1
            }
        }
        counts = Array(repeating: 0, count: Int((rulebook.maximum - rulebook.minimum) / width) + 1)
        tiers = Array(repeating: 0, count: rulebook.tiers.count)
        for score in scores.keys.sorted() {
            let number = scores[score] ?? 0
            counts[Int((score - rulebook.minimum) / width)] += number
            tiers[rulebook.tier(of: score)] += number
            subjects += number
        }
    }

    /// A round number of points, so that about twenty lines cover all scores.
    private static func width(_ rulebook: Rulebook) -> Int64 {
        let least = max(1, (rulebook.maximum - rulebook.minimum + bins - 1) / bins)
        var unit: Int64 = 1
        while true {
            for factor: Int64 in [1, 2, 5] where factor * unit >= least { return factor * unit }
            unit *= 10
        }
    }

    var lines: [String] {
        ["Scores of \(counted(subjects, "resident")) on \(CalendarDay(dayNumber: Int64(day))):"] + histogram
            + ["", "Tiers and what follows from them (simulated):"] + tierLines
    }

    private var histogram: [String] {
        guard let first = counts.firstIndex(where: { $0 > 0 }), let last = counts.lastIndex(where: { $0 > 0 }) else {
            return ["  nobody"]
        }
        let most = counts.max() ?? 1
        return (first...last).map { bin in
            let from = rulebook.minimum + Int64(bin) * width
            let to = min(rulebook.maximum, from + width - 1)
            return "  \(padded(from))-\(padded(to))  \(bar(counts[bin], of: most)) \(grouped(counts[bin]))"
        }
    }

    /// Eighths of a cell are drawn, so that few are told from none.
    private func bar(_ number: Int64, of most: Int64) -> String {
        guard number > 0 else { return "" }
        let eighths = max(1, number * Self.cells * 8 / max(1, most))
        let rest = Int(eighths % 8)
        return String(repeating: "█", count: Int(eighths / 8)) + (rest == 0 ? "" : String(Array("▏▎▍▌▋▊▉")[rest - 1]))
    }

    private func padded(_ number: Int64) -> String {
        let text = String(number)
        return String(repeating: " ", count: max(0, 5 - text.count)) + text
    }

    private var tierLines: [String] {
        var table = Table([("tier", .left), ("from", .right), ("residents", .right), ("share", .right), ("effects", .left)])
        for place in rulebook.tiers.indices.sorted(by: { rulebook.tiers[$0].from > rulebook.tiers[$1].from }) {
            let tier = rulebook.tiers[place]
            let share = tiers[place] * 1_000 / max(1, subjects)
            let effects = tier.effects.isEmpty ? "none" : tier.effects.joined(separator: ", ")
            table.append([tier.name, "\(tier.from)", grouped(tiers[place]), "\(share / 10).\(share % 10) %", effects])
        }
        return table.lines.map { "  " + $0 }
    }
}
