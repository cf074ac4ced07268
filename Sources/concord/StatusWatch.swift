internal import Encoding
internal import Foundation
internal import NodeRuntime

/// `node status --watch`: a running node's standing, drawn over itself each second; the same answers as the first screen of the
/// dashboard. Where the output is no terminal, one standing follows the other.
struct StatusWatch {
    private static let periodMilliseconds: UInt32 = 1_000

    private let folder: NodeFolder
    private let signals = StopSignals()
    private let isTerminal = isatty(STDOUT_FILENO) == 1

    init(_ folder: NodeFolder) { self.folder = folder }

    func run() throws {
        var before: (folded: Int64, at: UInt64)?
        while signals.signal == nil {
            let lines: [String]
            do {
                let status = try standing()
                let now = steadyMilliseconds()
                let rate = before.map { max(0, status.folded - $0.folded) * 1_000 / Int64(max(1, now - $0.at)) }
                before = (status.folded, now)
                lines =
                    [
                        "\(LogOutput.time(wallMilliseconds()).prefix(19)) UTC, \(rate.map { "\(grouped($0)) events a second" } ?? "counting events")",
                        "",
                    ] + status.lines
            } catch let failure as NodeFailure {
                before = nil
                lines = ["the node does not answer: \(failure.message)"]
            }
            try draw(lines)
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

    /// Begins at the top of the screen; each line is cut off behind its end, and so is the rest of the screen.
    private func draw(_ lines: [String]) throws {
        guard isTerminal else { return try Output.lines(lines + [""]) }
        let text = "\u{1b}[H" + lines.map { $0 + "\u{1b}[K\r\n" }.joined() + "\u{1b}[J"
        try Output.write(Array(text.utf8))
    }
}
