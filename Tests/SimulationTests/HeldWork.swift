import Dispatch
import Storage
import Synchronization

/// Work of a history store that shares the thread of everybody else: it is done when somebody waits for it or has it done.
final class HeldWork: HistoryBackground {
    private struct Pieces {
        var ready: [@Sendable () -> Void] = []
        var delayed: [@Sendable () -> Void] = []
    }

    private let pieces = Mutex(Pieces())

    func async(_ work: @escaping @Sendable () -> Void) { pieces.withLock { $0.ready.append(work) } }

    func after(_ milliseconds: Int, _ work: @escaping @Sendable () -> Void) {
        pieces.withLock { $0.delayed.append(work) }
    }

    func sync<Value>(_ work: () throws -> Value) rethrows -> Value {
        run()
        return try work()
    }

    func wait(for signal: DispatchSemaphore) {
        while signal.wait(timeout: .now()) == .timedOut { runNext() }
    }

    /// Does all that is ready, and what follows from it.
    func run() { while runOne() {} }

    /// Does one piece; there must be one.
    func runNext() { precondition(runOne(), "nothing is left to do that would end the wait") }

    /// Does what was put off, after ``HistoryOptions/retryMilliseconds`` have passed.
    func runDelayed() {
        pieces.withLock { pieces in
            pieces.ready += pieces.delayed
            pieces.delayed.removeAll()
        }
        run()
    }

    private func runOne() -> Bool {
        guard let work = pieces.withLock({ $0.ready.isEmpty ? nil : $0.ready.removeFirst() }) else { return false }
        work()
        return true
    }
}
