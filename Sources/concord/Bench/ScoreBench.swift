internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// Standings of many subjects at a day, and the score of one while an aggregator catches up.
struct ScoreBench {
    /// Ten events a subject.
    private static let eventsPerSubject: UInt64 = 10
    private static let repeats = 3
    private static let queryPauseMilliseconds: UInt32 = 5
    /// Arithmetic that takes about as long as a score: what it takes at worst is the machine's part in what a score takes.
    private static let plainSteps = 150_000
    let run: BenchRun

    func measure() throws -> BenchFigures {
        var figures = BenchFigures("Score: standings at a day with their root, and single scores while a node catches up")
        try addStandings(&figures)
        try addQueries(&figures)
        return figures
    }

    private func addStandings(_ figures: inout BenchFigures) throws {
        run.note("making the node")
        let population = BenchFederation.population(max(1, run.events / Self.eventsPerSubject))
        let federation = try BenchFederation.make(
            at: run.workspace.path + "/standings", cities: 0, population: population)
        defer { if !run.workspace.isKept { try? FileManager.default.removeItem(atPath: federation.path) } }
        try Fleet.run(federation, run.signals) { fleet in
            try fleet.startAll()
            run.note("the node records")
            _ = try fleet.fill([0], events: [run.events], population: population)
            run.note("the node folds in the background")
            try fleet.waitUntilAtRest([0])
            let client = try fleet.client(0)
            let day = Int64(BenchFederation.firstDay + BenchFederation.days)
            var times: [UInt64] = []
            var subjects: Int64 = 0
            for number in 1...Self.repeats {
                run.note("standings \(number)/\(Self.repeats)")
                let started = steadyNanoseconds()
                var answer = try Answer(client.call("standings", [("day", .integer(day)), ("root_only", true)]))
                times.append(steadyNanoseconds() - started)
                subjects = try answer.number("subjects")
            }
            let median = times.sorted()[(times.count - 1) / 2]
            figures.add("events", "events", run.events)
            figures.add("subjects", "subjects", UInt64(clamping: subjects))
            figures.add(
                "standings_events_per_second", "standings and their root", rate(run.events, nanoseconds: median),
                unit: "events/s")
            figures.add("standings_ms", "standings and their root, median of \(Self.repeats)", nanoseconds: median)
            figures.add(
                "peak_memory_bytes", "peak memory of the node", fleet.process(0)?.peakMemoryBytes ?? 0, unit: "bytes")
        }
    }

    private func addQueries(_ figures: inout BenchFigures) throws {
        let log = QueryLog()
        var catchUp = CatchUpBench(try run.part("catch-up", events: max(UInt64(CatchUpBench.cities), run.events * 2 / 5)))
        catchUp.checksConvergence = false
        catchUp.meanwhile = { fleet, isDone in try Self.ask(fleet, log, isDone) }
        let caughtUp = try catchUp.measure()
        let times = log.sorted
        figures.add(
            "catch_up_events_per_second", "catch-up meanwhile", caughtUp["events_per_second_answerable"], unit: "events/s")
        figures.add("queries", "scores and explanations asked for", UInt64(times.scores.count + times.explanations.count))
        figures.add("score_ms_p50", "one score, median", nanoseconds: quantile(times.scores, 50))
        figures.add("score_ms_p99", "one score, 99th percentile", nanoseconds: quantile(times.scores, 99))
        figures.add("explain_ms_p50", "one explanation, median", nanoseconds: quantile(times.explanations, 50))
        figures.add("explain_ms_p99", "one explanation, 99th percentile", nanoseconds: quantile(times.explanations, 99))
        figures.add("plain_ms_p50", "plain arithmetic in between, median", nanoseconds: quantile(times.plain, 50))
        figures.add("plain_ms_p99", "plain arithmetic in between, 99th percentile", nanoseconds: quantile(times.plain, 99))
        figures.note(
            """
            the score and the explanation of one subject after another, with a pause of \(Self.queryPauseMilliseconds) ms; \
            then arithmetic of about the length of a score, by the same thread
            """)
    }

    /// Asks for random subjects over one connection from the first event until the catch-up is done; at least once.
    private static func ask(_ fleet: Fleet, _ log: QueryLog, _ isDone: () -> Bool) throws {
        let folder = fleet.federation.folders[BenchFederation.aggregator]
        var client: NodeClient?
        while client == nil, !isDone() {
            client = try NodeClient(running: folder)
            usleepMilliseconds(queryPauseMilliseconds)
        }
        guard let client = try client ?? NodeClient(running: folder) else { return }
        // The node's time is wanted, and not how long this process waits for a core.
        if !PromptThread.beginFirst() { PromptThread.begin() }
        while !isDone(), try NodeStanding(client).recorded == 0 { usleepMilliseconds(1) }
        var numbers = SeededNumbers(seed: "queries")
        let day = JSONValue.integer(Int64(BenchFederation.firstDay + BenchFederation.days))
        repeat {
            let subject = BenchFederation.population.subject(
                UInt64.random(in: 0..<BenchFederation.population.size, using: &numbers))
            let members = [("subject", JSONValue.string("\(subject)")), ("day", day)]
            let started = steadyNanoseconds()
            _ = try client.call("score", members)
            let scored = steadyNanoseconds()
            _ = try client.call("explain", members + [("form", "lines")])
            let explained = steadyNanoseconds()
            usleepMilliseconds(queryPauseMilliseconds)
            let plainTime = plainNanoseconds()
            log.note(score: scored - started, explanation: explained - scored, plain: plainTime)
        } while !isDone()
    }

    /// How long the asking thread takes for what asks nobody.
    private static func plainNanoseconds() -> UInt64 {
        let started = steadyNanoseconds()
        var value = started
        for _ in 0..<plainSteps {
            value ^= value << 13
            value ^= value >> 7
            value ^= value << 17
        }
        // Looked at, so that it is not left out.
        return steadyNanoseconds() - started + (value == 0 ? 1 : 0)
    }
}

/// How long single questions took, in nanoseconds.
private final class QueryLog: Sendable {
    struct Times {
        var scores: [UInt64] = []
        var explanations: [UInt64] = []
        var plain: [UInt64] = []
    }

    private let times = Mutex(Times())

    func note(score: UInt64, explanation: UInt64, plain: UInt64) {
        times.withLock {
            $0.scores.append(score)
            $0.explanations.append(explanation)
            $0.plain.append(plain)
        }
    }

    var sorted: Times {
        times.withLock { Times(scores: $0.scores.sorted(), explanations: $0.explanations.sorted(), plain: $0.plain.sorted()) }
    }
}
