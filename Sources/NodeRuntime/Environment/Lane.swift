internal import Foundation
internal import Synchronization

/// Where work of one kind runs, one piece after another in the order in which it was given.
///
/// In a process lanes are dispatch queues beside each other; in a simulation all of them share one thread and virtual time.
package protocol Lane: Sendable {
    func async(_ work: @escaping @Sendable () -> Void)
    func after(_ milliseconds: UInt64, _ work: @escaping @Sendable () -> Void)
    /// Runs something after all that was given so far, and waits for it. Never from the lane's own work.
    func sync<Value>(_ work: () throws -> Value) rethrows -> Value
    /// Runs something again and again, first after `delay`, until what is returned is cancelled.
    func every(_ milliseconds: UInt64, delay: UInt64, _ work: @escaping @Sendable () -> Void) -> any LaneTimer
    /// Waits until work of this lane raises a signal. Never from the lane's own work.
    func wait(for signal: Signal)
}

package protocol LaneTimer: Sendable {
    func cancel()
}

/// Something that happens once, on one thread, and may be waited for on another.
package final class Signal: Sendable {
    private let semaphore = DispatchSemaphore(value: 0)
    private let raised = Mutex(false)

    package init() {}

    package var isRaised: Bool { raised.withLock { $0 } }

    package func raise() {
        raised.withLock { $0 = true }
        semaphore.signal()
    }

    func wait() {
        semaphore.wait()
        semaphore.signal()
    }
}

/// Something that happens again and again, told to the threads that wait for it.
final class Pulse: Sendable {
    private let waiters = Mutex<[DispatchSemaphore]>([])

    /// One waiting thread: made before it looks whether what it waits for is there already.
    func makeWaiter() -> DispatchSemaphore {
        let waiter = DispatchSemaphore(value: 0)
        waiters.withLock { $0.append(waiter) }
        return waiter
    }

    func forget(_ waiter: DispatchSemaphore) { waiters.withLock { $0.removeAll { $0 === waiter } } }

    func beat() {
        waiters.withLock { for waiter in $0 { waiter.signal() } }
    }
}

/// A lane on a dispatch queue. On a concurrent one pieces of work run beside each other, and `sync` waits for all of them.
struct QueueLane: Lane {
    private let queue: DispatchQueue
    private let isConcurrent: Bool

    init(_ label: String, isConcurrent: Bool = false) {
        self.isConcurrent = isConcurrent
        queue = DispatchQueue(label: label, qos: .userInitiated, attributes: isConcurrent ? .concurrent : [])
    }

    func async(_ work: @escaping @Sendable () -> Void) { queue.async(execute: work) }

    func after(_ milliseconds: UInt64, _ work: @escaping @Sendable () -> Void) {
        queue.asyncAfter(deadline: .now() + .milliseconds(Int(milliseconds)), execute: work)
    }

    func sync<Value>(_ work: () throws -> Value) rethrows -> Value {
        if isConcurrent { try queue.sync(flags: .barrier, execute: work) } else { try queue.sync(execute: work) }
    }

    func every(_ milliseconds: UInt64, delay: UInt64, _ work: @escaping @Sendable () -> Void) -> any LaneTimer {
        let timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(
            deadline: .now() + .milliseconds(Int(delay)), repeating: .milliseconds(Int(milliseconds)),
            leeway: .milliseconds(Int(milliseconds / 4)))
        timer.setEventHandler(handler: work)
        timer.resume()
        return QueueTimer(timer: timer)
    }

    func wait(for signal: Signal) { signal.wait() }
}

private struct QueueTimer: LaneTimer, @unchecked Sendable {
    let timer: any DispatchSourceTimer
    func cancel() { timer.cancel() }
}
