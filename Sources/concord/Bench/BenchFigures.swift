/// What a bench measured, in order.
struct BenchFigures {
    private struct Figure {
        let name: String
        let label: String
        /// A number as JSON writes it.
        let number: String
        let text: String
    }

    private let title: String
    private var figures: [Figure] = []
    private var notes: [String] = []

    init(_ title: String) { self.title = title }

    mutating func add(_ name: String, _ label: String, _ number: UInt64, unit: String = "") {
        figures.append(
            Figure(name: name, label: label, number: "\(number)", text: grouped(number) + (unit.isEmpty ? "" : " \(unit)")))
    }

    /// A time in nanoseconds, given in milliseconds with three digits behind the point.
    mutating func add(_ name: String, _ label: String, nanoseconds: UInt64) {
        let text = Self.milliseconds(nanoseconds)
        figures.append(Figure(name: name, label: label, number: text, text: "\(text) ms"))
    }

    /// Something that only people read.
    mutating func note(_ text: String) { notes.append(text) }

    static func milliseconds(_ nanoseconds: UInt64) -> String {
        let micro = (nanoseconds + 500) / 1_000
        let rest = String(micro % 1_000)
        return "\(micro / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// One object with exactly the named figures.
    var json: String { "{" + figures.map { "\"\($0.name)\":\($0.number)" }.joined(separator: ",") + "}" }

    var lines: [String] {
        let width = figures.map(\.label.count).max() ?? 0
        return [title]
            + figures.map { "  " + $0.label + String(repeating: " ", count: width - $0.label.count) + "  " + $0.text }
            + notes.map { "  " + $0 }
    }
}

/// Things a second, rounded down.
func rate(_ number: UInt64, nanoseconds: UInt64) -> UInt64 {
    UInt64(clamping: UInt128(number) * 1_000_000_000 / UInt128(max(1, nanoseconds)))
}
