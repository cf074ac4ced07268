internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Scoring

/// What the pages draw.
enum Plots {
    /// Events per second over the last hour, a number for each ten seconds.
    static func rates(_ rates: [Int64]) -> String {
        let top = max(1, rates.max() ?? 0)
        var svg = SVG(
            width: 420, height: 190, label: "Events per second over the last hour; at most \(top)")
        let (left, bottom, width, height) = (40.0, 165.0, 370.0, 145.0)
        let slots = Double(LiveStatus.rates - 1)
        let begin = Double(LiveStatus.rates - rates.count)
        let points = rates.enumerated().map { place, rate in
            (left + (begin + Double(place)) / slots * width, bottom - Double(rate) / Double(top) * height)
        }
        svg.line(left, bottom, left + width, bottom, "axis")
        svg.line(left, bottom - height, left + width, bottom - height, "axis")
        if let first = points.first, let last = points.last {
            svg.path([(first.0, bottom)] + points + [(last.0, bottom)], "area", isClosed: true)
            svg.path(points, "curve")
        }
        svg.write("\(top)", left - 5, bottom - height + 4, anchor: "end")
        svg.write("0", left - 5, bottom + 4, anchor: "end")
        svg.write("an hour ago", left, bottom + 16, "quiet")
        svg.write("now", left + width, bottom + 16, anchor: "end", "quiet")
        return svg.text
    }

    /// How many subjects have which score.
    static func histogram(_ distribution: JSONValue) -> String {
        let scores = distribution.list("scores")
        let counts = scores.map { $0.number("subjects") ?? 0 }
        let top = max(1, counts.max() ?? 0)
        var svg = SVG(width: 640, height: 200, label: "How many subjects have which score; at most \(top) in one range")
        let (left, bottom, width, height) = (50.0, 170.0, 580.0, 155.0)
        let step = width / Double(max(1, counts.count))
        for (place, score) in scores.enumerated() {
            let tall = Double(counts[place]) / Double(top) * height
            svg.rectangle(
                left + Double(place) * step, bottom - tall, max(1, step - 2), tall, "bar",
                title: "\(score.number("from") ?? 0) to \(score.number("to") ?? 0): \(counts[place])")
        }
        svg.line(left, bottom, left + width, bottom, "axis")
        svg.write("\(top)", left - 5, bottom - height + 4, anchor: "end")
        svg.write("\(scores.first?.number("from") ?? 0)", left, bottom + 16, "quiet")
        svg.write("\(scores.last?.number("to") ?? 0)", left + width, bottom + 16, anchor: "end", "quiet")
        return svg.text
    }

    /// The share of each tier on each of some days, the highest tier at the top.
    static func tiers(_ days: [UInt32], _ shares: [[Int]], names: [String]) -> String {
        var svg = SVG(width: 640, height: 220, label: "Shares of the tiers \(names.joined(separator: ", ")) over time")
        let (left, top, width, height) = (50.0, 10.0, 500.0, 175.0)
        let step = width / Double(max(1, days.count))
        for (place, counts) in shares.enumerated() {
            let total = max(1, counts.reduce(0, +))
            var y = top
            for (tier, count) in counts.enumerated() where count > 0 {
                let tall = Double(count) / Double(total) * height
                svg.rectangle(
                    left + Double(place) * step, y, step - 2, tall, "tier\(min(tier, 5))",
                    title: "\(CalendarDay(dayNumber: Int64(days[place]))): tier \(names[tier]), \(count * 100 / total)%")
                y += tall
            }
        }
        for (tier, name) in names.enumerated() {
            svg.rectangle(left + width + 10, top + Double(tier) * 18, 12, 12, "tier\(min(tier, 5))")
            svg.write(name, left + width + 28, top + Double(tier) * 18 + 10)
        }
        if let first = days.first, let last = days.last {
            svg.write("\(CalendarDay(dayNumber: Int64(first)))", left, top + height + 18, "quiet")
            svg.write("\(CalendarDay(dayNumber: Int64(last)))", left + width, top + height + 18, anchor: "end", "quiet")
        }
        return svg.text
    }

    /// The middle of all scores, and between which scores eight of ten lie, on each of some days; nil where there are too few.
    static func scores(_ course: [PopulationDay]) -> String? {
        let known = course.compactMap { day in day.tenths.map { (day.day, $0) } }
        guard let first = known.first, let last = known.last, first.0 < last.0, let low = known.map(\.1.low).min(),
            let high = known.map(\.1.high).max()
        else { return nil }
        var svg = SVG(width: 640, height: 220, label: "Scores over time: half of them up to \(last.1.middle) in the end")
        let (left, top, width, height) = (50.0, 15.0, 500.0, 170.0)
        func x(_ day: UInt32) -> Double { left + Double(day - min(day, first.0)) / Double(last.0 - first.0) * width }
        func y(_ score: Int64) -> Double { top + height - Double(score - low) / Double(max(1, high - low)) * height }
        svg.path(
            known.map { (x($0.0), y($0.1.high)) } + known.reversed().map { (x($0.0), y($0.1.low)) }, "area", isClosed: true)
        svg.path(known.map { (x($0.0), y($0.1.middle)) }, "curve")
        svg.line(left, top + height, left + width, top + height, "axis")
        if high - low > 0 { for score in [low, high] { svg.write("\(score)", left - 5, y(score) + 4, anchor: "end") } }
        for (score, words) in [(last.1.high, "nine tenths"), (last.1.middle, "half"), (last.1.low, "one tenth")] {
            svg.write(words, left + width + 6, y(score) + 4, "quiet")
        }
        svg.write("\(CalendarDay(dayNumber: Int64(first.0)))", left, top + height + 18, "quiet")
        svg.write("\(CalendarDay(dayNumber: Int64(last.0)))", left + width, top + height + 18, anchor: "end", "quiet")
        return svg.text
    }

    struct Mark {
        let day: UInt32
        let points: Int64
        let title: String
    }

    /// A score over time, with what was observed on it.
    static func course(_ days: [UInt32], _ scores: [Int64?], _ marks: [Mark], tiers: [(name: String, from: Int64)]) -> String? {
        let known = zip(days, scores).compactMap { day, score in score.map { (day, $0) } }
        guard let first = days.first, let last = days.last, first < last, let low = known.map(\.1).min(),
            let high = known.map(\.1).max()
        else { return nil }
        var svg = SVG(width: 720, height: 260, label: "Score from \(low) to \(high) over time")
        let (left, top, width, height) = (50.0, 15.0, 650.0, 200.0)
        let least = Double(low) - 10
        let span = Double(high) + 10 - least
        func x(_ day: UInt32) -> Double { left + Double(day - min(day, first)) / Double(last - first) * width }
        func y(_ score: Double) -> Double { top + height - (score - least) / span * height }
        for tier in tiers where (least...(least + span)).contains(Double(tier.from)) {
            svg.line(left, y(Double(tier.from)), left + width, y(Double(tier.from)), "axis")
            svg.write("tier \(tier.name)", left + width, y(Double(tier.from)) - 3, anchor: "end", "quiet")
        }
        svg.path(known.map { (x($0.0), y(Double($0.1))) }, "curve")
        for mark in marks where (first...last).contains(mark.day) {
            guard let near = known.last(where: { $0.0 <= mark.day }) ?? known.first else { continue }
            let isPlus = mark.points >= 0
            svg.circle(x(mark.day), y(Double(near.1)) + (isPlus ? -9 : 9), 3.5, isPlus ? "plus" : "minus", title: mark.title)
        }
        svg.write("\(high)", left - 5, y(Double(high)) + 4, anchor: "end")
        if high != low { svg.write("\(low)", left - 5, y(Double(low)) + 4, anchor: "end") }
        svg.write("\(CalendarDay(dayNumber: Int64(first)))", left, top + height + 20, "quiet")
        svg.write("\(CalendarDay(dayNumber: Int64(last)))", left + width, top + height + 20, anchor: "end", "quiet")
        return svg.text
    }
}

/// The federation as a picture: nodes on a circle, the one that most are linked with in its middle.
struct FederationPicture {
    let status: JSONValue
    let peers: JSONValue
    /// Logs by the names of their nodes that have grown since the sample before.
    let growing: Set<String>

    private var nodes: [JSONValue] { peers.list("nodes") }

    func text() -> String {
        let places = places()
        let words = nodes.map { "\($0.words("title") ?? ""): \(lag(of: $0).words)" }.joined(separator: "; ")
        var svg = SVG(width: 420, height: 330, label: words)
        var drawn: Set<[String]> = []
        for node in nodes {
            let name = node.words("node") ?? ""
            for case .string(let other) in node.list("peers").map(\.content)
            where drawn.insert([name, other].sorted()).inserted {
                guard let from = places[name], let to = places[other] else { continue }
                svg.line(from.x, from.y, to.x, to.y, style(name, other))
            }
        }
        for node in nodes {
            guard let place = places[node.words("node") ?? ""] else { continue }
            let lag = lag(of: node)
            svg.circle(place.x, place.y, 17, "node \(lag.level)\(node.flag("self") ? " self" : "")", title: lag.words)
            svg.write(lag.number, place.x, place.y + 4, anchor: "middle")
            svg.write(node.words("title") ?? "", place.x, place.y + 33, anchor: "middle")
        }
        return svg.text
    }

    private func places() -> [String: (x: Double, y: Double)] {
        let degrees = nodes.map { $0.list("peers").count }
        let centre = nodes.count > 3 ? degrees.firstIndex(of: degrees.max() ?? 0) : nil
        let ring = nodes.indices.filter { $0 != centre }
        var places: [String: (x: Double, y: Double)] = [:]
        if let centre { places[nodes[centre].words("node") ?? ""] = (210, 150) }
        for (order, place) in ring.enumerated() {
            let angle = 2 * Double.pi * Double(order) / Double(ring.count) - Double.pi / 2
            places[nodes[place].words("node") ?? ""] = (210 + 150 * cos(angle), 150 + 120 * sin(angle))
        }
        return places
    }

    /// Of the own links it is known whether they are open; of the others, that they should be there.
    private func style(_ first: String, _ second: String) -> String {
        guard let own = nodes.first(where: { $0.flag("self") })?.words("node"), first == own || second == own else {
            return "link far"
        }
        let other = first == own ? second : first
        guard nodes.first(where: { $0.words("node") == other })?.flag("linked") == true else { return "link closed" }
        return "link open\(growing.isEmpty ? "" : " flow")"
    }

    /// What this node lacks of a node's logs.
    private func lag(of node: JSONValue) -> (level: String, number: String, words: String) {
        let name = node.words("node") ?? ""
        let federation = peers.words("federation") ?? ""
        let logs = status.list("logs").filter { ($0.words("origin") ?? "").hasPrefix("\(federation)/\(name)/") }
        let events = logs.reduce(0) { $0 + ($1.number("lag_events") ?? 0) }
        let milliseconds = logs.map { $0.number("lag_ms") ?? 0 }.max() ?? 0
        if logs.contains(where: { $0.flag("frozen") && $0.number("decided") == nil }) { return ("bad", "!", "forked") }
        if events == 0 { return ("good", "✓", "nothing lacks") }
        return (milliseconds > 60_000 ? "bad" : "warn", "−\(events)", "\(events) entries lack for \(milliseconds / 1_000) s")
    }
}
