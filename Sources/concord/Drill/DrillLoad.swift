internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Records events in every city over its control socket, and remembers what each has acknowledged.
///
/// A city's log holds nothing but these events in their order: the event at an index is known, and so are a lost one, one
/// that stands there twice, and a request of which only a part was taken. Where an answer does not come because the node is
/// gone, its log tells afterwards whether the request was recorded: all of it or nothing.
final class DrillLoad: Sendable {
    private struct City {
        /// Events that the city has said are recorded.
        var acknowledged: UInt64 = 0
        /// Events of a request that has no answer yet.
        var asked: UInt64 = 0
        var isHeld = false
        /// Requests that the city could not record, and what it said last.
        var refused: UInt64 = 0
        var refusal: String?
        /// Requests that had no answer and turned out to be recorded.
        var found: UInt64 = 0
    }

    private struct State {
        var cities: [City]
        var isStopped = false
    }

    private let fleet: Fleet
    let events: [DrillEvents]
    private let state: Mutex<State>
    private let failure = FirstFailure()
    private let threads = DispatchGroup()
    private let pauseMilliseconds: ClosedRange<UInt32>

    private let requestEvents: ClosedRange<UInt64>

    /// - Parameters:
    ///   - requestEvents: in one request.
    ///   - pauseMilliseconds: between two requests to the same city.
    init(
        _ fleet: Fleet, seed: String, requestEvents: ClosedRange<UInt64> = 1...16,
        pauseMilliseconds: ClosedRange<UInt32> = 1...12
    ) {
        self.fleet = fleet
        self.requestEvents = requestEvents
        self.pauseMilliseconds = pauseMilliseconds
        let cities = fleet.federation.names.indices.dropLast()
        events = cities.map { DrillEvents(seed: seed, name: fleet.federation.names[$0]) }
        state = Mutex(State(cities: cities.map { _ in City() }))
    }

    var cities: Range<Int> { events.indices }
    /// Events acknowledged by each city.
    var acknowledged: [UInt64] { state.withLock { $0.cities.map(\.acknowledged) } }
    var allAcknowledged: UInt64 { acknowledged.reduce(0, +) }
    var found: UInt64 { state.withLock { $0.cities.reduce(0) { $0 + $1.found } } }

    /// Whether a request waits for a city's answer.
    func isAsking(_ city: Int) -> Bool { state.withLock { city < $0.cities.count && $0.cities[city].asked > 0 } }

    /// How often a city could not record, and what it said last.
    func refusals(_ city: Int) -> (count: UInt64, last: String?) {
        state.withLock { ($0.cities[city].refused, $0.cities[city].refusal) }
    }

    /// Asks a city for nothing more, or again.
    func hold(_ city: Int, _ isHeld: Bool) { state.withLock { $0.cities[city].isHeld = isHeld } }

    func start(seed: String) {
        for city in cities {
            threads.enter()
            Thread.detachNewThread { [self] in
                var numbers = SeededNumbers(seed: "load \(seed) \(city)")
                do { try work(city, &numbers) } catch { failure.note(error) }
                threads.leave()
            }
        }
    }

    /// Waits until no request is open any more: all nodes must run.
    func finish() throws {
        state.withLock { $0.isStopped = true }
        threads.wait()
        try failure.check()
        for city in cities where isAsking(city) { _ = try settled(city) }
    }

    /// Ends the threads, however the nodes stand.
    func abandon() {
        state.withLock { $0.isStopped = true }
        threads.wait()
    }

    func check() throws { try failure.check() }

    private func work(_ city: Int, _ numbers: inout SeededNumbers) throws {
        var client: NodeClient?
        while !state.withLock({ $0.isStopped }) {
            if state.withLock({ $0.cities[city].isHeld }) || !fleet.isRunning(city) {
                client = nil
            } else {
                do {
                    if client == nil { client = try settled(city) }
                    if let client { try record(UInt64.random(in: requestEvents, using: &numbers), city, client) }
                } catch let failure as NodeFailure where failure.code == .unavailable {
                    client = nil
                }
            }
            usleepMilliseconds(UInt32.random(in: pauseMilliseconds, using: &numbers))
        }
    }

    /// A new connection to a city, after what became of an unanswered request is clear; nil where it does not listen.
    private func settled(_ city: Int) throws -> NodeClient? {
        guard let client = try NodeClient(running: fleet.federation.folders[city]) else { return nil }
        let recorded = try NodeStanding(client).own?.recorded ?? 0
        try state.withLock { state in
            let known = state.cities[city]
            guard recorded == known.acknowledged || recorded == known.acknowledged + known.asked else {
                throw NodeFailure(
                    .refused,
                    "\(events[city].name) has acknowledged \(known.acknowledged) events and was asked for \(known.asked) more; "
                        + "its log has \(recorded) entries")
            }
            if recorded > known.acknowledged { state.cities[city].found += 1 }
            state.cities[city].acknowledged = recorded
            state.cities[city].asked = 0
        }
        return client
    }

    private func record(_ count: UInt64, _ city: Int, _ client: NodeClient) throws {
        let first = state.withLock { state in
            state.cities[city].asked = count
            return state.cities[city].acknowledged
        }
        do {
            var answer = try Answer(
                client.call("record", [("deduplicate", false)], drafts: (first..<first + count).map(events[city].draft)))
            let place = try answer.number("first")
            guard place == Int64(first) else {
                throw NodeFailure(.refused, "\(events[city].name) recorded at \(place) what belongs at \(first)")
            }
            state.withLock { state in
                state.cities[city].acknowledged += count
                state.cities[city].asked = 0
            }
        } catch let failure as NodeFailure where failure.code == .storage {
            state.withLock { state in
                state.cities[city].refused += 1
                state.cities[city].refusal = failure.message
                state.cities[city].asked = 0
            }
        }
    }

    /// Has a city record so many events now, without the threads.
    func record(_ count: UInt64, in city: Int) throws {
        guard let client = try settled(city) else {
            throw NodeFailure(.unavailable, "\(events[city].name) does not answer on its control socket")
        }
        var left = count
        while left > 0 {
            let before = acknowledged[city]
            try record(min(left, 512), city, client)
            guard acknowledged[city] > before else {
                throw NodeFailure(.storage, refusals(city).last ?? "\(events[city].name) does not record")
            }
            left -= min(left, 512)
        }
    }
}
