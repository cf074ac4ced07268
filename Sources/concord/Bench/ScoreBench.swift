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
        let (scores, explanations) = log.sorted
        figures.add(
            "catch_up_events_per_second", "catch-up meanwhile", caughtUp["events_per_second_answerable"], unit: "events/s")
        figures.add("queries", "scores and explanations asked for", UInt64(scores.count + explanations.count))
        figures.add("score_ms_p50", "one score, median", nanoseconds: quantile(scores, 50))
        figures.add("score_ms_p99", "one score, 99th percentile", nanoseconds: quantile(scores, 99))
        figures.add("explain_ms_p50", "one explanation, median", nanoseconds: quantile(explanations, 50))
        figures.add("explain_ms_p99", "one explanation, 99th percentile", nanoseconds: quantile(explanations, 99))
        figures.note(
            "the score, then the explanation, of one subject after another, with a pause of \(Self.queryPauseMilliseconds) ms")
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
            log.note(score: scored - started, explanation: steadyNanoseconds() - scored)
            usleepMilliseconds(queryPauseMilliseconds)
        } while !isDone()
    }
}

/// How long single questions took, in nanoseconds.
private final class QueryLog: Sendable {
    private let times = Mutex<(scores: [UInt64], explanations: [UInt64])>(([], []))

    func note(score: UInt64, explanation: UInt64) {
        times.withLock {
            $0.scores.append(score)
            $0.explanations.append(explanation)
        }
    }

    var sorted: (scores: [UInt64], explanations: [UInt64]) {
        times.withLock { ($0.scores.sorted(), $0.explanations.sorted()) }
    }
}
