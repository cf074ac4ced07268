/// What a bench measured, in order.
struct BenchFigures {
    /// How the number of a figure is written.
    enum Style: Equatable {
        case count(unit: String)
        /// A time in nanoseconds, given in milliseconds with three digits behind the point.
        case milliseconds
        /// A number of thousandths, given with three digits behind the point.
        case thousandths(unit: String)
    }

    struct Figure {
        let name: String
        let label: String
        let number: UInt64
        let style: Style
        /// The least and the greatest of several runs.
        var range: ClosedRange<UInt64>?
    }

    private let title: String
    private(set) var figures: [Figure] = []
    private var notes: [String] = []

    init(_ title: String) { self.title = title }

    mutating func add(_ name: String, _ label: String, _ number: UInt64, unit: String = "") {
        figures.append(Figure(name: name, label: label, number: number, style: .count(unit: unit)))
    }

    mutating func add(_ name: String, _ label: String, nanoseconds: UInt64) {
        figures.append(Figure(name: name, label: label, number: nanoseconds, style: .milliseconds))
    }

    /// A quotient, rounded to thousandths.
    mutating func add(_ name: String, _ label: String, _ number: UInt64, per divisor: UInt64, unit: String = "") {
        let divisor = UInt128(max(1, divisor))
        let thousandths = UInt64(clamping: (UInt128(number) * 1_000 + divisor / 2) / divisor)
        figures.append(Figure(name: name, label: label, number: thousandths, style: .thousandths(unit: unit)))
    }

    /// The figures of another measurement behind these.
    mutating func add(_ other: BenchFigures) {
        figures += other.figures
        notes += other.notes
    }

    /// Something that only people read.
    mutating func note(_ text: String) { notes.append(text) }

    /// The figure of a name; 0 where there is none.
    subscript(name: String) -> UInt64 { figures.first { $0.name == name }?.number ?? 0 }

    /// Of every figure the median of several runs of the same bench (of an even number the lower one of the middle two), and
    /// how far apart the runs lie. Notes are those of the last run.
    static func medians(of runs: [BenchFigures]) -> BenchFigures {
        guard var result = runs.last, runs.count > 1 else { return runs.last ?? BenchFigures("") }
        result.figures = result.figures.indices.map { place in
            let sorted = runs.map { $0.figures[place].number }.sorted()
            let last = result.figures[place]
            return Figure(
                name: last.name, label: last.label, number: sorted[(sorted.count - 1) / 2], style: last.style,
                range: sorted[0]...sorted[sorted.count - 1])
        }
        return result.titled("\(result.title); medians of \(runs.count) runs, their range behind them")
    }

    private func titled(_ title: String) -> BenchFigures {
        var copy = BenchFigures(title)
        copy.figures = figures
        copy.notes = notes
        return copy
    }

    static func milliseconds(_ nanoseconds: UInt64) -> String { thousandths((nanoseconds + 500) / 1_000) }

    private static func thousandths(_ number: UInt64) -> String {
        let rest = String(number % 1_000)
        return "\(number / 1_000)." + String(repeating: "0", count: 3 - rest.count) + rest
    }

    /// One object with exactly the named figures.
    var json: String { "{" + figures.map { "\"\($0.name)\":\($0.json)" }.joined(separator: ",") + "}" }

    var lines: [String] {
        let width = figures.map(\.label.count).max() ?? 0
        return [title]
            + figures.map { "  " + $0.label + String(repeating: " ", count: width - $0.label.count) + "  " + $0.text }
            + notes.map { "  " + $0 }
    }
}

extension BenchFigures.Figure {
    /// As JSON writes it.
    var json: String {
        switch style {
        case .count: "\(number)"
        case .milliseconds: BenchFigures.milliseconds(number)
        case .thousandths: BenchFigures.milliseconds(number * 1_000)
        }
    }

    var text: String {
        let one = text(of: number)
        guard let range, range.lowerBound < range.upperBound else { return one }
        return "\(one)  (\(text(of: range.lowerBound)) to \(text(of: range.upperBound)))"
    }

    private func text(of number: UInt64) -> String {
        switch style {
        case .count(let unit): grouped(number) + (unit.isEmpty ? "" : " \(unit)")
        case .milliseconds: BenchFigures.milliseconds(number) + " ms"
        case .thousandths(let unit): BenchFigures.milliseconds(number * 1_000) + (unit.isEmpty ? "" : " \(unit)")
        }
    }
}

/// Things a second, rounded down.
func rate(_ number: UInt64, nanoseconds: UInt64) -> UInt64 {
    UInt64(clamping: UInt128(number) * 1_000_000_000 / UInt128(max(1, nanoseconds)))
}

/// The value that a share of the sorted values, in hundredths, does not exceed (nearest rank); 0 where there is none.
func quantile(_ sorted: [UInt64], _ hundredths: Int) -> UInt64 {
    sorted.isEmpty ? 0 : sorted[max(0, (sorted.count * hundredths + 99) / 100 - 1)]
}
