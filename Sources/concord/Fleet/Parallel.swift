internal import Foundation
internal import Synchronization

/// A number that several threads add to.
final class Counter: Sendable {
    private let number = Atomic<UInt64>(0)

    var value: UInt64 { number.load(ordering: .relaxed) }

    /// The number with what was added.
    @discardableResult
    func add(_ amount: UInt64) -> UInt64 { number.wrappingAdd(amount, ordering: .relaxed).newValue }
}

/// The first error of several threads.
final class FirstFailure: Sendable {
    private let failure = Mutex<(any Error)?>(nil)

    func note(_ error: any Error) {
        failure.withLock { failure in
            if failure == nil { failure = error }
        }
    }

    func check() throws {
        if let failure = failure.withLock({ $0 }) { throw failure }
    }
}

/// Runs something several times at once, each on a thread of its own, and waits for all; throws what the first one threw.
func inParallel(_ count: Int, _ body: @escaping @Sendable (Int) throws -> Void) throws {
    let failure = FirstFailure()
    let group = DispatchGroup()
    for place in 0..<count {
        group.enter()
        Thread.detachNewThread {
            do { try body(place) } catch { failure.note(error) }
            group.leave()
        }
    }
    group.wait()
    try failure.check()
}

/// Something that becomes true once.
final class Latch: Sendable {
    private let state = Atomic<Bool>(false)

    var isSet: Bool { state.load(ordering: .acquiring) }
    func set() { state.store(true, ordering: .releasing) }
}

/// Work on a thread of its own beside this one.
final class BackgroundWork: Sendable {
    private let failure = FirstFailure()
    private let group = DispatchGroup()

    init(_ body: @escaping @Sendable () throws -> Void) {
        group.enter()
        Thread.detachNewThread { [failure, group] in
            do { try body() } catch { failure.note(error) }
            group.leave()
        }
    }

    /// Waits for the end; throws what the work threw.
    func wait() throws {
        group.wait()
        try failure.check()
    }
}
