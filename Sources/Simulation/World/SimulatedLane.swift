internal import Dispatch
internal import NodeRuntime
internal import Storage

/// A lane of a node that shares the one thread and the virtual time of the simulation.
///
/// Work given to a lane runs in its order, each piece as an event of its own, some time after it was given. Who waits for
/// work has it done at once. A dead node's work is no longer done, but for what somebody still waits for.
final class SimulatedLane: Lane, HistoryBackground, @unchecked Sendable {
    private let life: Life
    /// Milliseconds that a piece of work may wait for its turn.
    private let delay: ClosedRange<UInt64>
    private var ready: [@Sendable () -> Void] = []
    /// Pieces of `ready` that are done.
    private var done = 0
    private var isScheduled = false

    init(_ life: Life, delay: ClosedRange<UInt64>) {
        self.life = life
        self.delay = delay
    }

    func async(_ work: @escaping @Sendable () -> Void) {
        ready.append(work)
        schedule()
    }

    private func schedule() {
        guard !isScheduled, life.isAlive else { return }
        isScheduled = true
        life.after(delay.lowerBound == delay.upperBound ? delay.lowerBound : life.world.draw(delay)) { [self] in
            isScheduled = false
            _ = runOne()
            if done < ready.count { schedule() }
        }
    }

    private func runOne() -> Bool {
        guard done < ready.count else { return false }
        let work = ready[done]
        done += 1
        if done == ready.count {
            ready.removeAll(keepingCapacity: true)
            done = 0
        }
        work()
        return true
    }

    func after(_ milliseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
        life.after(milliseconds) { [self] in async(work) }
    }

    func after(_ milliseconds: Int, _ work: @escaping @Sendable () -> Void) { after(UInt64(milliseconds), work) }

    func sync<Value>(_ work: () throws -> Value) rethrows -> Value {
        while runOne() {}
        return try work()
    }

    func every(_ milliseconds: UInt64, delay: UInt64, _ work: @escaping @Sendable () -> Void) -> any LaneTimer {
        let timer = SimulatedTimer(life, milliseconds, work)
        timer.schedule(after: delay)
        return timer
    }

    func wait(for signal: Signal) {
        while !signal.isRaised {
            guard runOne() else { preconditionFailure("nothing is left to do that would raise the signal") }
        }
    }

    func wait(for signal: DispatchSemaphore) {
        while signal.wait(timeout: .now()) == .timedOut {
            guard runOne() else { preconditionFailure("nothing is left to do that would end the wait") }
        }
    }

    /// Lets go of what will not be done.
    func clear() {
        ready.removeAll()
        done = 0
    }
}

private final class SimulatedTimer: LaneTimer, @unchecked Sendable {
    private let life: Life
    private let period: UInt64
    private let work: @Sendable () -> Void
    private var isCancelled = false

    init(_ life: Life, _ period: UInt64, _ work: @escaping @Sendable () -> Void) {
        self.life = life
        self.period = period
        self.work = work
    }

    func schedule(after delay: UInt64) {
        life.after(delay) { [self] in
            if isCancelled { return }
            work()
            // Timers of a busy machine come late.
            schedule(after: period * life.world.plan.timerStretch)
        }
    }

    func cancel() { isCancelled = true }
}
