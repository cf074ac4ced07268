internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

/// One aggregator with as many cities as a country has, and with a quarter of them that hold the same number of events.
struct WideBench {
    /// Prefecture-level cities.
    static let defaultOrigins = 337
    let run: BenchRun
    let origins: Int

    private struct Outcome {
        var connected: UInt64 = 0
        var caughtUp: UInt64 = 0
        var live: [UInt64] = []
        var memory: UInt64 = 0
        var processor: UInt64 = 0
    }

    func measure() throws -> BenchFigures {
        let quarter = try measure(run.part("quarter"), max(1, origins / 4))
        let all = try measure(run.part("all"), origins)
        var figures = BenchFigures("Wide: one aggregator process and the logs of \(grouped(origins)) cities")
        figures.add("events", "events", run.events)
        figures.add("origins", "cities", UInt64(origins))
        figures.add("connect_ms", "linked with all, from the start of its process", nanoseconds: all.connected)
        figures.add("catch_up_ms", "answerable by subject, from the start of its process", nanoseconds: all.caughtUp)
        figures.add(
            "events_per_second", "catch-up", rate(run.events, nanoseconds: all.caughtUp), unit: "events/s")
        figures.add("latency_ms_p50", "live: commit to answer, median", nanoseconds: quantile(all.live, 50))
        figures.add("latency_ms_p99", "live: commit to answer, 99th percentile", nanoseconds: quantile(all.live, 99))
        figures.add("peak_memory_bytes", "peak memory of the aggregator", all.memory, unit: "bytes")
        figures.add("processor_ms", "processor time of the aggregator until then", nanoseconds: all.processor)
        figures.add("quarter_catch_up_ms", "a quarter of the cities: answerable", nanoseconds: quarter.caughtUp)
        figures.add("quarter_peak_memory_bytes", "a quarter of the cities: peak memory", quarter.memory, unit: "bytes")
        figures.add(
            "quarter_processor_ms", "a quarter of the cities: processor time", nanoseconds: quarter.processor)
        figures.note("all cities are nodes in one other process; live: one event in each city, one after another")
        return figures
    }

    private func measure(_ run: BenchRun, _ origins: Int) throws -> Outcome {
        run.note("making \(origins + 1) nodes")
        let federation = try BenchFederation.make(at: run.workspace.path + "/nodes", cities: origins)
        defer { if !run.workspace.isKept { try? FileManager.default.removeItem(atPath: federation.path) } }
        for city in 1...origins { try Self.narrow(federation, city) }
        let cities = Array(1...origins)
        return try Fleet.run(federation, run.signals) { fleet in
            run.note("\(origins) cities begin")
            let host = try CityHost(federation.path, logPath: run.workspace.path + "/cities.log")
            defer { host.end() }
            for city in cities { try host.waitUntilReady(fleet, city) }
            try fleet.start(BenchFederation.aggregator)
            try fleet.waitUntilReady(BenchFederation.aggregator)
            for city in cities { try fleet.waitUntilConfirmed(city, among: host) }
            try fleet.stop(BenchFederation.aggregator)
            run.note("the cities record")
            for group in stride(from: 0, to: origins, by: 16) {
                let nodes = Array(cities[group..<min(origins, group + 16)])
                _ = try fleet.fill(nodes, events: nodes.map { shares(of: run.events, origins)[$0 - 1] })
            }
            federation.folders[BenchFederation.aggregator].empty()
            run.note("the aggregator catches up")
            var outcome = try catchUp(fleet, run.events, origins)
            run.note("each city records one event")
            outcome.live = try live(fleet, cities).sorted()
            outcome.memory = fleet.process(BenchFederation.aggregator)?.peakMemoryBytes ?? 0
            outcome.processor = fleet.process(BenchFederation.aggregator)?.processorNanoseconds ?? 0
            return outcome
        }
    }

    /// Has a city list nothing but itself and the aggregator, so that it does not take in the others' logs: hundreds of copies
    /// of everything on one disk would say nothing about the aggregator.
    private static func narrow(_ federation: LocalFederation, _ city: Int) throws {
        let name = JSONValue.string(federation.names[city])
        let all = try JSONValue.parse(federation.topology.bytes)
        guard case .array(let nodes)? = all["nodes"]?.content else { return }
        let narrowed = [
            nodes[BenchFederation.aggregator].setting([("peers", .array([name]))]), nodes[city],
        ]
        try writeFile(federation.folders[city].topologyFile, all.setting([("nodes", .array(narrowed))]).indentedBytes)
    }

    private func catchUp(_ fleet: Fleet, _ events: UInt64, _ origins: Int) throws -> Outcome {
        var outcome = Outcome()
        let started = steadyNanoseconds()
        try fleet.start(BenchFederation.aggregator)
        var client: NodeClient?
        try fleet.wait(milliseconds: 3_600_000, every: 20, for: "the aggregator to catch up") {
            if client == nil {
                try fleet.checkAlive(BenchFederation.aggregator)
                client = try NodeClient(running: fleet.federation.folders[BenchFederation.aggregator])
            }
            guard let client else { return false }
            let standing = try NodeStanding(client)
            let now = steadyNanoseconds()
            if standing.linked.count == origins, outcome.connected == 0 { outcome.connected = now - started }
            guard standing.folded >= events, outcome.connected > 0 else { return false }
            outcome.caughtUp = now - started
            return true
        }
        return outcome
    }

    /// Nanoseconds from the commit of one event in each city to the aggregator's answers.
    private func live(_ fleet: Fleet, _ cities: [Int]) throws -> [UInt64] {
        let watcher = try fleet.client(BenchFederation.aggregator)
        var source = BenchEvents(seed: "wide", letter: "w")
        return try cities.map { city in
            try run.signals.check()
            var answer = try Answer(fleet.client(city).call("record", [("deduplicate", false)], drafts: [source.next()]))
            let committed = steadyNanoseconds()
            _ = try watcher.call(
                "watch",
                [("origin", .string(fleet.federation.names[city])), ("until", .integer(try answer.number("first") + 1))])
            return steadyNanoseconds() - committed
        }
    }
}

/// The process that runs all cities.
private final class CityHost {
    private let child: ChildProcess
    private let logPath: String
    private var ending: ProcessEnding?

    init(_ path: String, logPath: String) throws {
        self.logPath = logPath
        child = try ChildProcess(arguments: ["bench", "cities", "--data", path], logPath: logPath)
    }

    func checkAlive() throws {
        if ending == nil { ending = child.ending() }
        guard let ending else { return }
        throw NodeFailure(.unavailable, "the process of the cities ended with \(ending); see \(logPath)")
    }

    func waitUntilReady(_ fleet: Fleet, _ city: Int) throws {
        try fleet.wait(milliseconds: 300_000, for: "\(fleet.federation.names[city]) to answer") {
            try checkAlive()
            return try NodeClient(running: fleet.federation.folders[city]) != nil
        }
    }

    func end() {
        guard ending == nil else { return }
        child.send(SIGTERM)
        let deadline = steadyMilliseconds() + 60_000
        while ending == nil {
            if steadyMilliseconds() > deadline { child.send(SIGKILL) }
            usleepMilliseconds(5)
            ending = child.ending()
        }
    }
}

extension Fleet {
    fileprivate func waitUntilConfirmed(_ city: Int, among host: CityHost) throws {
        let client = try client(city)
        try wait(milliseconds: 120_000, for: "\(federation.names[city]) to have its past confirmed") {
            try host.checkAlive()
            return try NodeStanding(client).isConfirmed
        }
    }
}
