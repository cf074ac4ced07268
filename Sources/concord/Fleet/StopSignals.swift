internal import Foundation
internal import Synchronization

/// Ctrl-C and its like, noted instead of obeyed, so that what was started can be stopped in order first.
final class StopSignals: Sendable {
    static let numbers = [SIGINT, SIGTERM, SIGHUP]

    /// Thrown where the work in hand is given up.
    struct Interrupted: Error {}

    private let first = FirstSignal()
    /// Made once, and only kept alive after that.
    nonisolated(unsafe) private let sources: [any DispatchSourceSignal]

    /// From now on the signals end nothing by themselves.
    init() {
        let queue = DispatchQueue(label: "concord.signals")
        let first = first
        sources = Self.numbers.map { number in
            Foundation.signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { first.note(number) }
            source.resume()
            return source
        }
    }

    /// What is to be done when the first signal comes; at once where it has come.
    func whenReceived(_ handler: @escaping @Sendable () -> Void) { first.whenNoted(handler) }

    /// The signal that came; nil where none has.
    var signal: Int32? { first.number }

    func check() throws(Interrupted) {
        if signal != nil { throw Interrupted() }
    }
}

/// The first signal of a process, and what it sets off.
private final class FirstSignal: Sendable {
    private struct State {
        var number: Int32?
        var handler: (@Sendable () -> Void)?
    }

    private let state = Mutex(State())

    var number: Int32? { state.withLock { $0.number } }

    func note(_ number: Int32) {
        let handler = state.withLock { state -> (@Sendable () -> Void)? in
            guard state.number == nil else { return nil }
            state.number = number
            return state.handler
        }
        handler?()
    }

    func whenNoted(_ handler: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            state.handler = handler
            return state.number != nil
        }
        if isLate { handler() }
    }
}
