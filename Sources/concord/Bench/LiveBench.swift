internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// One city that records at a steady rate, and how soon the aggregator's answers hold each event.
struct LiveBench {
    private static let eventsPerSecond: UInt64 = 1_000
    /// Clients of the city, each with one event under way: enough that a slow disk does not lower the rate.
    private static let clients = 16
    private static let warmUp: UInt64 = 500
    private static let city = 1
    let events: UInt64
    let note: (String) -> Void

    func run(_ workspace: Workspace, _ signals: StopSignals) throws -> BenchFigures {
        note("making the nodes")
        let federation = try BenchFederation.make(at: workspace.path, cities: 1)
        return try Fleet.run(federation, signals) { fleet in
            try fleet.startAll()
            _ = try fleet.fill([Self.city], events: [Self.warmUp]) { _ in }
            try fleet.wait(milliseconds: 60_000, for: "the aggregator to hold the first events") {
                try fleet.standing(BenchFederation.aggregator).folded >= Self.warmUp
            }
            try fleet.waitUntilAtRest([BenchFederation.aggregator, Self.city])
            note("recording")
            let log = LiveLog()
            let started = steadyNanoseconds() + 50_000_000
            let events = events
            try inParallel(Self.clients + 1) { place in
                if place == 0 {
                    try Self.watch(fleet, until: Self.warmUp + events, log)
                } else {
                    try Self.record(fleet, place - 1, events, started, log)
                }
            }
            return try figures(log, started)
        }
    }

    /// Takes down when the aggregator's answers hold how much of the city's log.
    private static func watch(_ fleet: Fleet, until size: UInt64, _ log: LiveLog) throws {
        _ = try fleet.client(BenchFederation.aggregator).call(
            "watch", [("origin", .string(fleet.federation.names[city])), ("until", .integer(Int64(size)))]
        ) { event in
            guard case .integer(let visible)? = event["visible"]?.content else { return }
            log.see(UInt64(clamping: visible))
        }
    }

    /// Records every n-th event when it is due.
    private static func record(_ fleet: Fleet, _ place: Int, _ events: UInt64, _ started: UInt64, _ log: LiveLog) throws {
        let client = try fleet.client(city)
        var source = BenchEvents(seed: "live \(place)", letter: Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(place))))
        for number in stride(from: UInt64(place), to: events, by: clients) {
            sleep(until: started + number * 1_000_000_000 / eventsPerSecond)
            let event = source.next()
            let asked = steadyNanoseconds()
            let answer = try client.call("record", [("deduplicate", false)], drafts: [event])
            let committed = steadyNanoseconds()
            var reply = try Answer(answer)
            log.record(LiveLog.Recorded(index: UInt64(clamping: try reply.number("first")), asked: asked, committed: committed))
        }
    }

    private static func sleep(until time: UInt64) {
        var due = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &due, nil) == EINTR {}
    }

    private func figures(_ log: LiveLog, _ started: UInt64) throws -> BenchFigures {
        let recorded = log.recorded
        let seen = log.seen
        guard recorded.count == Int(events), let last = recorded.map(\.committed).max() else {
            throw NodeFailure(.refused, "\(recorded.count) of \(events) events were recorded")
        }
        var fromCommit: [UInt64] = []
        var fromRequest: [UInt64] = []
        var place = 0
        for one in recorded.sorted(by: { $0.index < $1.index }) {
            while place < seen.count, seen[place].size <= one.index { place += 1 }
            guard place < seen.count else {
                throw NodeFailure(.refused, "the aggregator did not take in the entry \(one.index)")
            }
            // The aggregator's word may overtake the city's answer on its way to this process.
            fromCommit.append(seen[place].at - min(seen[place].at, one.committed))
            fromRequest.append(seen[place].at - one.asked)
        }
        fromCommit.sort()
        fromRequest.sort()
        var figures = BenchFigures("Live: one city and the aggregator, both synchronous=FULL")
        figures.add("events_per_second", "events recorded", rate(events, nanoseconds: last - started), unit: "events/s")
        figures.add("latency_ms_p50", "commit to answer, median", nanoseconds: Self.quantile(fromCommit, 50))
        figures.add("latency_ms_p99", "commit to answer, 99th percentile", nanoseconds: Self.quantile(fromCommit, 99))
        figures.note(
            "\(grouped(events)) events; from the request to record to the aggregator's answers: median "
                + "\(BenchFigures.milliseconds(Self.quantile(fromRequest, 50))) ms, 99th percentile "
                + "\(BenchFigures.milliseconds(Self.quantile(fromRequest, 99))) ms")
        return figures
    }

    /// The value that a share of the sorted values, in hundredths, does not exceed (nearest rank).
    private static func quantile(_ sorted: [UInt64], _ hundredths: Int) -> UInt64 {
        sorted[max(0, (sorted.count * hundredths + 99) / 100 - 1)]
    }
}

/// What the threads of a live bench take down.
final class LiveLog: Sendable {
    struct Recorded: Sendable {
        let index: UInt64
        let asked: UInt64
        let committed: UInt64
    }

    /// The aggregator's word that the log is in its answers up to a size.
    struct Seen: Sendable {
        let size: UInt64
        let at: UInt64
    }

    private let state = Mutex<(recorded: [Recorded], seen: [Seen])>(([], []))

    var recorded: [Recorded] { state.withLock { $0.recorded } }
    var seen: [Seen] { state.withLock { $0.seen } }

    func record(_ recorded: Recorded) { state.withLock { $0.recorded.append(recorded) } }

    func see(_ size: UInt64) {
        let now = steadyNanoseconds()
        state.withLock { $0.seen.append(Seen(size: size, at: now)) }
    }
}
