internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Several bars below what is told. On a terminal they are drawn over themselves on the standard error; elsewhere a line
/// says now and then how far things are. Lines that are told go to the standard output. May be used from any thread.
final class ProgressBoard: Sendable {
    struct Bar: Sendable {
        let label: String
        let done: UInt64
        /// About how much there will be.
        let total: UInt64
    }

    private struct State {
        var drawn: [String] = []
        /// What was done at some times of the last seconds, for the rates.
        var samples: [(at: UInt64, done: [UInt64])] = []
        var lastPlain: UInt64
    }

    private static let cells = 28
    private static let plainMilliseconds: UInt64 = 3_000
    private static let rateMilliseconds: UInt64 = 2_000
    private let state = Mutex(State(lastPlain: steadyMilliseconds()))

    /// Tells something that stays.
    func say(_ lines: [String]) throws {
        try state.withLock { state in
            erase(&state)
            try Output.lines(lines)
            draw(state.drawn)
        }
    }

    func say(_ line: String) throws { try say([line]) }

    func update(_ bars: [Bar]) throws {
        try state.withLock { state in
            let now = steadyMilliseconds()
            let rates = rates(of: bars.map(\.done), now, &state)
            if Terminal.isWatched {
                erase(&state)
                state.drawn = zip(bars, rates).map(Self.text)
                draw(state.drawn)
            } else if now >= state.lastPlain + Self.plainMilliseconds {
                state.lastPlain = now
                let parts = zip(bars, rates).map { "\(grouped($0.done)) \($0.label) (\(grouped($1)) a second)" }
                try Output.line("  " + parts.joined(separator: ", "))
            }
        }
    }

    /// Takes the bars away.
    func clear() {
        state.withLock { state in
            erase(&state)
            state.drawn = []
        }
    }

    private func rates(of done: [UInt64], _ now: UInt64, _ state: inout State) -> [UInt64] {
        if state.samples.last?.done.count != done.count { state.samples = [] }
        state.samples.append((now, done))
        while state.samples.count > 2, state.samples[1].at + Self.rateMilliseconds <= now { state.samples.removeFirst() }
        let first = state.samples[0]
        let span = max(1, now - first.at)
        return zip(done, first.done).map { ($0 - min($0, $1)) * 1_000 / span }
    }

    private static func text(_ bar: Bar, _ rate: UInt64) -> String {
        let total = max(bar.total, bar.done, 1)
        let filled = Int(bar.done * UInt64(cells) / total)
        let picture = String(repeating: "█", count: filled) + String(repeating: "░", count: cells - filled)
        let label = bar.label.padding(toLength: 30, withPad: " ", startingAt: 0)
        return "  \(label) \(picture) \(bar.done * 100 / total) %  \(grouped(bar.done)), \(grouped(rate)) a second"
    }

    private func draw(_ lines: [String]) {
        guard Terminal.isWatched, !lines.isEmpty else { return }
        let width = max(20, Terminal.width - 1)
        write(lines.map { "\($0.prefix(width))\n" }.joined())
    }

    private func erase(_ state: inout State) {
        guard Terminal.isWatched, !state.drawn.isEmpty else { return }
        write("\u{1b}[\(state.drawn.count)A\r\u{1b}[J")
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
