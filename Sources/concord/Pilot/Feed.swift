internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Population
internal import Synchronization

/// Lets the residents live and has each node record what it is told of them. One thread makes the days, one for each node
/// records; a node that is away or held has its events wait for it.
final class Feed: Sendable {
    private struct State {
        var queues: [FeedQueue]
        var isHeld: [Bool]
        var pace: FeedPace
        var lived = 0
        var failure: (any Error)?
        var isStopped = false
        var notable = NotableResidents()
    }

    let scenario: Scenario
    private let fleet: Fleet
    private let state: Mutex<State>
    private let threads = DispatchGroup()

    /// Events that wait to be recorded, over which no new days are lived.
    private static let maximumWaiting = 50_000

    /// - Parameter scenario: may reach beyond the days of the pace.
    init(_ scenario: Scenario, fleet: Fleet, pace: FeedPace) {
        self.scenario = scenario
        self.fleet = fleet
        let count = scenario.nodes.count
        state = Mutex(
            State(
                queues: Array(repeating: FeedQueue(), count: count), isHeld: Array(repeating: false, count: count), pace: pace))
    }

    func start() {
        run { [self] in try live() }
        for node in scenario.nodes.indices {
            run { [self] in
                var worker = FeedWorker(self, fleet: fleet, node: node)
                try worker.work()
            }
        }
    }

    /// Ends all threads and waits for them.
    func stop() {
        state.withLock { $0.isStopped = true }
        threads.wait()
    }

    private func run(_ body: @escaping @Sendable () throws -> Void) {
        threads.enter()
        Thread.detachNewThread { [self] in
            do { try body() } catch {
                state.withLock { state in
                    if state.failure == nil, !state.isStopped { state.failure = error }
                    state.isStopped = true
                }
            }
            threads.leave()
        }
    }

    private func live() throws {
        var stream = ResidentStream(scenario)
        while !isStopped {
            let isDue = state.withLock { state in
                state.lived < state.pace.allowed(now: steadyMilliseconds())
                    && state.queues.reduce(0) { $0 + $1.count } < Self.maximumWaiting
            }
            guard isDue else {
                usleepMilliseconds(5)
                continue
            }
            guard let occurrences = stream.nextDay() else { return }
            state.withLock { state in
                for occurrence in occurrences {
                    state.queues[occurrence.node].append(CollectionOfOne(occurrence))
                    state.notable.note(occurrence)
                }
                state.lived += 1
            }
        }
    }
}

// What the workers need.
extension Feed {
    var isStopped: Bool { state.withLock { $0.isStopped } }

    /// Whether a node's events wait because it was asked for.
    func isHeld(_ node: Int) -> Bool { state.withLock { $0.isHeld[node] } }

    func batch(of node: Int, upTo limit: Int, held: [UInt64]) -> [Occurrence] {
        state.withLock { $0.queues[node].batch(upTo: limit, node: node, held: held) }
    }

    func advance(_ node: Int, to ordinal: UInt64) { state.withLock { $0.queues[node].advance(to: ordinal) } }
}

// What the pilot asks and says.
extension Feed {
    struct Progress: Sendable {
        let lived: Int
        let days: Int
        /// By node.
        let recorded: [UInt64]
        let waiting: [Int]

        var allRecorded: UInt64 { recorded.reduce(0, +) }
        var isDone: Bool { lived >= days && waiting.allSatisfy { $0 == 0 } }
    }

    var progress: Progress {
        state.withLock {
            Progress(
                lived: $0.lived, days: $0.pace.days, recorded: $0.queues.map(\.recorded), waiting: $0.queues.map(\.count))
        }
    }

    /// Throws what went wrong on one of the threads.
    func check() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    func hold(_ node: Int, _ isHeld: Bool) { state.withLock { $0.isHeld[node] = isHeld } }

    func change(_ mode: FeedPace.Mode) {
        state.withLock { $0.pace.change(mode, lived: $0.lived, now: steadyMilliseconds()) }
    }

    var notable: NotableResidents { state.withLock { $0.notable } }
}
