internal import Encoding

/// What a drill did, in figures, and what it found wrong.
struct DrillReport {
    private struct Figure {
        let name: String
        let label: String
        let number: UInt64
        let unit: String
    }

    let drill: String
    private let title: String
    private var figures: [Figure] = []
    private var notes: [String] = []
    /// What did not hold; none where the drill is good.
    private(set) var failures: [String] = []

    init(_ drill: String, _ title: String) {
        self.drill = drill
        self.title = title
    }

    var isGood: Bool { failures.isEmpty }

    mutating func add(_ name: String, _ label: String, _ number: UInt64, unit: String = "") {
        figures.append(Figure(name: name, label: label, number: number, unit: unit))
    }

    mutating func note(_ text: String) { notes.append(text) }

    mutating func fail(_ text: String) { failures.append(text) }

    mutating func fail(_ texts: [String]) { failures += texts }

    var json: JSONValue {
        .object(
            [JSONMember("drill", .string(drill)), JSONMember("good", .boolean(isGood))]
                + figures.map { JSONMember($0.name, .integer(Int64(clamping: $0.number))) }
                + [JSONMember("failures", .array(failures.map { .string($0) }))])
    }

    var lines: [String] {
        let width = figures.map(\.label.count).max() ?? 0
        var lines = [title]
        for figure in figures {
            let gap = String(repeating: " ", count: width - figure.label.count)
            lines.append("  \(figure.label)\(gap)  \(grouped(figure.number))" + (figure.unit.isEmpty ? "" : " \(figure.unit)"))
        }
        lines += notes.map { "  \($0)" }
        return lines
            + (isGood ? ["  good: nothing was lost, every store is sound, all agree"] : failures.map { "  WRONG: \($0)" })
    }
}
