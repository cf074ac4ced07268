package import Dispatch

/// Runs the work that one history store does in the background: one piece after another, in the order in which it was
/// given. A simulation gives its own, which shares the thread and the virtual time of everything else.
package protocol HistoryBackground: Sendable {
    func async(_ work: @escaping @Sendable () -> Void)
    func after(_ milliseconds: Int, _ work: @escaping @Sendable () -> Void)
    /// Runs something after all that was given so far, and waits for it. Never from the work itself.
    func sync<Value>(_ work: () throws -> Value) rethrows -> Value
    /// Takes one signal, which the work given so far sends, waiting for it where needed. Never from the work itself.
    func wait(for signal: DispatchSemaphore)
}

/// A dispatch queue of its own, of the quality of service of work that nobody waits for: its threads step back (``BackgroundThread``).
struct HistoryQueue: HistoryBackground {
    private let queue = DispatchQueue(label: "standings", qos: .utility)

    func async(_ work: @escaping @Sendable () -> Void) { queue.async { BackgroundThread.run(work) } }

    func after(_ milliseconds: Int, _ work: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { BackgroundThread.run(work) }
    }

    func sync<Value>(_ work: () throws -> Value) rethrows -> Value { try queue.sync(execute: work) }

    func wait(for signal: DispatchSemaphore) { signal.wait() }
}
