internal import SyncProtocol
internal import Synchronization

/// Waits for answers that come on another thread, by number.
final class Waiters<Value: Sendable>: Sendable {
    private struct Waiter {
        var values: [Value] = []
        var isEnded = false
    }

    private let environment: NodeEnvironment
    private let waiters = Mutex<[UInt64: Waiter]>([:])

    init(_ environment: NodeEnvironment) { self.environment = environment }

    func expect(_ number: UInt64) { waiters.withLock { $0[number] = Waiter() } }

    func forget(_ number: UInt64) { waiters.withLock { $0[number] = nil } }

    /// Hands over one answer; nil ends the waiting.
    func deliver(_ value: Value?, to number: UInt64) {
        waiters.withLock { waiters in
            guard waiters[number] != nil else { return }
            if let value { waiters[number]?.values.append(value) } else { waiters[number]?.isEnded = true }
        }
    }

    /// The answers so far, once `isEnough` says so, nothing more comes, or the deadline has passed.
    func wait(_ number: UInt64, deadline: UInt64, until isEnough: ([Value]) -> Bool) -> [Value] {
        while true {
            let (values, isEnded) = waiters.withLock { ($0[number]?.values ?? [], $0[number]?.isEnded ?? true) }
            if isEnded || isEnough(values) || environment.steadyMilliseconds() >= deadline { return values }
            environment.pause(1)
        }
    }
}
