internal import Encoding
internal import Foundation
internal import NodeRuntime

/// `node status --watch`: a running node's standing, drawn over itself each second; the same answers as the first screen of the
/// dashboard. Where the output is no terminal, one standing follows the other.
struct StatusWatch {
    private static let periodMilliseconds: UInt32 = 1_000

    private let folder: NodeFolder
    private let signals = StopSignals()
    private let screen = isatty(STDOUT_FILENO) == 1 ? Screen() : nil

    init(_ folder: NodeFolder) { self.folder = folder }

    func run() throws {
        try screen?.enter()
        defer { try? screen?.leave() }
        var before: (folded: Int64, at: UInt64)?
        while signals.signal == nil {
            let now = steadyMilliseconds()
            do {
                let status = try standing()
                let rate = before.map { max(0, status.folded - $0.folded) * 1_000 / Int64(max(1, now - $0.at)) }
                before = (status.folded, now)
                try show(rate.map { "\(grouped($0)) events a second" } ?? "counting events") { status.lines(width: $0) }
            } catch let failure as NodeFailure {
                before = nil
                try show("waiting for the node") { wrapped("the node does not answer: \(failure.message)", to: $0) }
            }
            for _ in 0..<20 where signals.signal == nil { usleepMilliseconds(Self.periodMilliseconds / 20) }
        }
    }

    private func standing() throws -> NodeStatus {
        guard let client = try NodeClient(running: folder) else {
            throw NodeFailure(
                .unavailable, "no node runs on \(folder.path): start it with concord node run --data \(folder.path)")
        }
        return try NodeStatus(client.call("status"))
    }

    private func show(_ news: String, _ lines: (_ width: Int) -> [String]) throws {
        let head = "\(LogOutput.time(wallMilliseconds()).prefix(19)) UTC, \(news)"
        guard let screen else { return try Output.lines([head, ""] + lines(.max) + [""]) }
        let width = screen.size.columns
        try screen.draw(wrapped(head, to: width) + [""] + lines(width))
    }
}

/// A terminal that is drawn over as a whole: its other screen, so that what stood there before is there again afterwards.
private struct Screen {
    /// As the terminal is now; it may be made wider or narrower at any time.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// The other screen, without a cursor.
    func enter() throws { try write("\u{1b}[?1049h\u{1b}[?25l\u{1b}[2J") }

    func leave() throws { try write("\u{1b}[?25h\u{1b}[?1049l") }

    /// From the top; each line is cut off behind its end, and so is the rest of the screen. No line is longer than the screen is
    /// wide, and there are no more than it is high: nothing scrolls.
    func draw(_ lines: [String]) throws {
        let (columns, rows) = size
        var shown = lines.map { $0.count <= columns ? $0 : $0.prefix(max(0, columns - 1)) + "…" }
        if shown.count > rows {
            let more = "\(shown.count - rows + 1) more lines: enlarge the window"
            shown = shown.prefix(rows - 1) + [String(more.prefix(columns))]
        }
        try write("\u{1b}[H" + shown.map { $0 + "\u{1b}[K" }.joined(separator: "\r\n") + "\u{1b}[J")
    }

    private func write(_ text: String) throws { try Output.write(Array(text.utf8)) }
}
