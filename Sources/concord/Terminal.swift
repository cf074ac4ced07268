internal import Foundation
internal import NodeRuntime

enum Terminal {
    /// Whether people watch the standard error: only then is progress shown.
    static let isWatched = isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"

    /// Columns of the terminal behind the standard error.
    static var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }
}

/// A number with separators between its thousands: `1,234,567`.
func grouped(_ number: some BinaryInteger) -> String {
    let digits = Array(String(number.magnitude))
    var text = number < 0 ? "-" : ""
    for (place, digit) in digits.enumerated() {
        if place > 0, (digits.count - place).isMultiple(of: 3) { text.append(",") }
        text.append(digit)
    }
    return text
}

/// A count with its noun: `1 entry`, `2,000 entries`.
func counted(_ number: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
    "\(grouped(number)) \(number == 1 ? one : many ?? one + "s")"
}

/// A span of time in the unit that suits it: `0 ms`, `1.5 s`, `12 min`, `3 h`, `2 d`.
func duration(milliseconds: Int64) -> String {
    switch milliseconds {
    case ..<1_000: "\(milliseconds) ms"
    case ..<60_000: "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    case ..<3_600_000: "\(milliseconds / 60_000) min"
    case ..<86_400_000: "\(milliseconds / 3_600_000) h"
    default: "\(milliseconds / 86_400_000) d"
    }
}

/// A sentence as lines of a width, broken between words where that can be; what follows the first line is indented.
func wrapped(_ text: String, to width: Int, indent: Int = 0) -> [String] {
    guard text.count + indent > width else { return [String(repeating: " ", count: indent) + text] }
    let room = max(1, width - indent)
    var lines: [String] = []
    var line = ""
    for var word in text.split(separator: " ") {
        if !line.isEmpty, line.count + 1 + word.count > room {
            lines.append(line)
            line = ""
        }
        while word.count > room {
            lines.append(String(word.prefix(room)))
            word = word.dropFirst(room)
        }
        line += (line.isEmpty ? "" : " ") + word
    }
    if !line.isEmpty { lines.append(line) }
    return lines.map { String(repeating: " ", count: min(indent, max(0, width - 1))) + $0 }
}

/// One line on the standard error that is drawn over itself: what is done, a bar where the end is known, the rate.
/// Without a terminal it draws nothing.
struct ProgressBar {
    private static let intervalMilliseconds: UInt64 = 100
    private static let cells = 24
    private let started = steadyMilliseconds()
    private var drawn: UInt64 = 0
    private var isShown = false

    /// - Parameters:
    ///   - done: how much of `total`, in any unit; a total of 0 is an unknown one.
    ///   - counter: how many things that is, and what they are called, for the rate shown.
    mutating func update(_ label: String, done: UInt64, total: UInt64, counter: (number: UInt64, noun: String)? = nil) {
        let now = steadyMilliseconds()
        guard Terminal.isWatched, !isShown || now >= drawn + Self.intervalMilliseconds else { return }
        drawn = now
        var text = ""
        if total > 0 {
            let filled = Int(UInt64(Self.cells) * min(done, total) / total)
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.cells - filled)
            text += "  \(bar)  \(min(done, total) * 100 / total) %"
        }
        if let counter {
            let rate = counter.number * 1_000 / max(1, now - started)
            text += "  \(grouped(counter.number)) \(counter.noun), \(grouped(rate)) a second"
        }
        draw(label, text)
    }

    /// A text that stands until the next one.
    mutating func show(_ text: String) {
        guard Terminal.isWatched else { return }
        draw(text, "")
    }

    /// Takes the line away, so that what follows begins on a clean one.
    mutating func clear() {
        guard isShown else { return }
        FileHandle.standardError.write(Data("\r\u{1b}[K".utf8))
        isShown = false
    }

    /// Figures behind a label, which is shortened in its middle where the line is too narrow for both.
    private mutating func draw(_ label: String, _ figures: String) {
        isShown = true
        let room = max(10, Terminal.width - 1 - figures.count)
        let label = label.count <= room ? label : "\(label.prefix(room / 2))…\(label.suffix(room - room / 2 - 1))"
        FileHandle.standardError.write(Data("\r\u{1b}[K\(label)\(figures)".utf8))
    }
}

/// Columns under their names, as wide as their widest cell.
struct Table {
    enum Alignment { case left, right }

    private let columns: [(name: String, alignment: Alignment)]
    private var rows: [[String]] = []

    init(_ columns: [(String, Alignment)]) { self.columns = columns.map { (name: $0.0, alignment: $0.1) } }

    mutating func append(_ row: [String]) {
        precondition(row.count == columns.count, "a row has a cell for each column")
        rows.append(row)
    }

    var lines: [String] {
        let all = [columns.map(\.name)] + rows
        let widths = columns.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            var line = ""
            for column in columns.indices {
                if column > 0 { line += "  " }
                let gap = String(repeating: " ", count: widths[column] - row[column].count)
                line += columns[column].alignment == .left ? row[column] + gap : gap + row[column]
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
