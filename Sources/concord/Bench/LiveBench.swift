internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Cities that record at a steady rate, and how soon the aggregator's answers hold each event.
struct LiveBench {
    static let defaultRate: UInt64 = 1_000
    /// Requests to record a second: at higher rates each carries what has become due since the last.
    private static let requestsPerSecond: UInt64 = 1_000
    /// Clients of all cities, each with one request under way: enough that a slow disk does not lower the rate.
    private static let clients = 16
    private static let warmUp: UInt64 = 500
    let run: BenchRun
    /// Events a second.
    let rate: UInt64
    /// Seconds for which the aggregator is watched when all is over.
    let idleSeconds: UInt64

    /// One city takes a thousand events a second; more come from four.
    private var cities: [Int] { Array(1...(rate > Self.defaultRate ? CatchUpBench.cities : 1)) }
    private var batch: UInt64 { max(1, rate / Self.requestsPerSecond) }

    func measure() throws -> BenchFigures {
        run.note("making the nodes")
        let federation = try BenchFederation.make(at: run.workspace.path + "/nodes", cities: cities.count)
        return try Fleet.run(federation, run.signals) { fleet in
            try fleet.startAll()
            _ = try fleet.fill(cities, events: cities.map { _ in Self.warmUp })
            try fleet.wait(milliseconds: 60_000, for: "the aggregator to hold the first events") {
                try fleet.standing(BenchFederation.aggregator).folded >= Self.warmUp * UInt64(cities.count)
            }
            try fleet.waitUntilAtRest([BenchFederation.aggregator] + cities)
            run.note("recording")
            let logs = cities.map { _ in LiveLog() }
            let started = steadyNanoseconds() + 50_000_000
            try record(fleet, logs, (0..<Self.clients).map { turns($0, started) })
            var figures = try figures(logs, started)
            run.note("the aggregator does nothing")
            figures.add(
                "idle_processor_percent", "processor time of the idle aggregator", try idleMicroseconds(fleet) / 10,
                per: idleSeconds * 1_000, unit: "% of a core")
            return figures
        }
    }
}

// What the threads do.
extension LiveBench {
    /// A request's events, all due at the same time.
    private struct Turn {
        let due: UInt64
        let count: UInt64
    }

    /// What one client records, in order.
    private func turns(_ client: Int, _ started: UInt64) -> [Turn] {
        let count = (run.events + batch - 1) / batch
        return stride(from: UInt64(client), to: count, by: UInt64.Stride(Self.clients)).map { number in
            Turn(
                due: started + number * batch * 1_000_000_000 / rate,
                count: min(batch, run.events - number * batch))
        }
    }

    /// Runs the clients, each of one city, and one that watches each city's log at the aggregator, to their end.
    private func record(_ fleet: Fleet, _ logs: [LiveLog], _ plans: [[Turn]]) throws {
        let cities = cities
        let sizes = cities.indices.map { city in
            plans.indices.filter { $0 % cities.count == city }.reduce(Self.warmUp) { sum, client in
                sum + plans[client].reduce(0) { $0 + $1.count }
            }
        }
        try inParallel(cities.count + Self.clients) { place in
            if place < cities.count {
                try Self.watch(fleet, cities[place], until: sizes[place], logs[place])
            } else {
                let client = place - cities.count
                let city = client % cities.count
                try Self.record(fleet, cities[city], client, plans[client], logs[city])
            }
        }
    }

    /// Takes down when the aggregator's answers hold how much of a city's log.
    private static func watch(_ fleet: Fleet, _ city: Int, until size: UInt64, _ log: LiveLog) throws {
        _ = try fleet.client(BenchFederation.aggregator).call(
            "watch", [("origin", .string(fleet.federation.names[city])), ("until", .integer(Int64(size)))]
        ) { event in
            guard case .integer(let visible)? = event["visible"]?.content else { return }
            log.see(UInt64(clamping: visible))
        }
    }

    private static func record(_ fleet: Fleet, _ city: Int, _ place: Int, _ turns: [Turn], _ log: LiveLog) throws {
        let client = try fleet.client(city)
        var source = BenchEvents(seed: "live \(place)", letter: Character(UnicodeScalar(UInt8(ascii: "A") + UInt8(place))))
        for turn in turns {
            sleep(until: turn.due)
            let drafts = (0..<turn.count).map { _ in source.next() }
            let asked = steadyNanoseconds()
            let answer = try client.call("record", [("deduplicate", false)], drafts: drafts)
            let committed = steadyNanoseconds()
            var reply = try Answer(answer)
            let first = UInt64(clamping: try reply.number("first"))
            log.record(LiveLog.Recorded(first: first, end: first + turn.count, asked: asked, committed: committed))
        }
    }

    private static func sleep(until time: UInt64) {
        var due = timespec(tv_sec: Int(time / 1_000_000_000), tv_nsec: Int(time % 1_000_000_000))
        while clock_nanosleep(CLOCK_MONOTONIC, Int32(TIMER_ABSTIME), &due, nil) == EINTR {}
    }

    /// Processor time that the aggregator uses in `idleSeconds` in which nothing happens.
    private func idleMicroseconds(_ fleet: Fleet) throws -> UInt64 {
        try fleet.waitUntilAtRest([BenchFederation.aggregator] + cities)
        let process = fleet.process(BenchFederation.aggregator)
        let before = process?.processorNanoseconds ?? 0
        for _ in 0..<(idleSeconds * 10) {
            try run.signals.check()
            usleepMilliseconds(100)
        }
        return ((process?.processorNanoseconds ?? 0) - before) / 1_000
    }
}

// What came of it.
extension LiveBench {
    private func figures(_ logs: [LiveLog], _ started: UInt64) throws -> BenchFigures {
        var fromCommit: [UInt64] = []
        var fromRequest: [UInt64] = []
        for log in logs { try measure(log, &fromCommit, &fromRequest) }
        guard fromCommit.count == Int(run.events), let last = logs.flatMap({ $0.recorded.map(\.committed) }).max() else {
            throw NodeFailure(.refused, "\(fromCommit.count) of \(run.events) events were recorded")
        }
        fromCommit.sort()
        fromRequest.sort()
        var figures = BenchFigures(
            "Live: \(counted(cities.count, "city", "cities")) and the aggregator, all synchronous=FULL, "
                + "\(grouped(rate)) events/s due")
        figures.add(
            "events_per_second", "events recorded", concord.rate(run.events, nanoseconds: last - started), unit: "events/s")
        figures.add("latency_ms_p50", "commit to answer, median", nanoseconds: quantile(fromCommit, 50))
        figures.add("latency_ms_p99", "commit to answer, 99th percentile", nanoseconds: quantile(fromCommit, 99))
        figures.note(
            "\(grouped(run.events)) events, \(batch == 1 ? "each asked for by itself" : "\(batch) a request"); from the request "
                + "to record to the aggregator's answers: median \(BenchFigures.milliseconds(quantile(fromRequest, 50))) ms, "
                + "99th percentile \(BenchFigures.milliseconds(quantile(fromRequest, 99))) ms")
        return figures
    }

    /// Adds what one city's events took.
    private func measure(_ log: LiveLog, _ fromCommit: inout [UInt64], _ fromRequest: inout [UInt64]) throws {
        let seen = log.seen
        var place = 0
        for one in log.recorded.sorted(by: { $0.first < $1.first }) {
            for index in one.first..<one.end {
                while place < seen.count, seen[place].size <= index { place += 1 }
                guard place < seen.count else {
                    throw NodeFailure(.refused, "the aggregator did not take in the entry \(index)")
                }
                // The aggregator's word may overtake the city's answer on its way to this process.
                fromCommit.append(seen[place].at - min(seen[place].at, one.committed))
                fromRequest.append(seen[place].at - one.asked)
            }
        }
    }
}

/// What the threads of a live bench take down about one city.
final class LiveLog: Sendable {
    /// Entries that one request recorded.
    struct Recorded: Sendable {
        let first: UInt64
        let end: UInt64
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
