import NodeRuntime

/// A lane of a node that shares the thread of everybody else: its work is done when somebody waits for it. Nothing happens by
/// time.
struct HeldLane: Lane {
    let work = HeldWork()

    func async(_ body: @escaping @Sendable () -> Void) { work.async(body) }
    func after(_ milliseconds: UInt64, _ body: @escaping @Sendable () -> Void) {}
    func sync<Value>(_ body: () throws -> Value) rethrows -> Value { try work.sync(body) }

    func every(_ milliseconds: UInt64, delay: UInt64, _ body: @escaping @Sendable () -> Void) -> any LaneTimer { NoTimer() }

    func wait(for signal: Signal) {
        while !signal.isRaised { work.runNext() }
    }

    private struct NoTimer: LaneTimer {
        func cancel() {}
    }
}
