internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Storage

/// Four cities at rest that hold events, and an aggregator that begins with nothing.
struct CatchUpBench {
    static let cities = 4
    private static let pollMilliseconds: UInt32 = 10
    /// How often the node is asked how far it is where something else is measured, which such questions would hold up.
    private static let seldomPollMilliseconds: UInt32 = 50
    let run: BenchRun
    /// Whether all nodes attest the same standings in the end, for which the cities take in each other's logs too.
    var checksConvergence = true
    /// Measures what else is to be known while the aggregator catches up; called with a test for the end of it.
    var meanwhile: (@Sendable (Fleet, @escaping @Sendable () -> Bool) throws -> Void)?

    private var events: UInt64 { run.events }

    init(_ run: BenchRun) { self.run = run }

    private struct Times {
        let started: UInt64
        var firstEvent: UInt64?
        var durable: UInt64?
        var answerable: UInt64?
        var wireReceived: UInt64 = 0
        var wireSent: UInt64 = 0
        /// Processor time in nanoseconds.
        var processor: UInt64 = 0
        var cityProcessor: UInt64 = 0
        var memory: UInt64 = 0
    }

    func measure() throws -> BenchFigures {
        run.note("making the nodes")
        let federation = try BenchFederation.make(at: run.workspace.path + "/nodes", cities: Self.cities)
        return try Fleet.run(federation, run.signals) { fleet in
            let cities = Array(1...Self.cities)
            // The cities publish only once a peer has confirmed that they have no past; after that the aggregator is not
            // needed until the clock runs.
            try fleet.startAll()
            try fleet.stop(BenchFederation.aggregator)
            run.note("the cities record")
            let bytes = try fleet.fill(cities, events: shares(of: events, Self.cities))
            federation.folders[BenchFederation.aggregator].empty()
            run.note("the cities come to rest")
            try fleet.waitUntilAtRest(cities)
            run.note("the raw write")
            let raw = try rawWrite(eventBytes: Int(bytes / max(1, events)))
            run.note("the aggregator catches up")
            let times = try measure(fleet, cities)
            if checksConvergence {
                run.note("all nodes attest the standings")
                try checkConvergence(fleet)
            }
            var figures = figures(times, bytes: bytes, raw: raw)
            try addAtRest(&figures, fleet)
            return figures
        }
    }

    /// Nanoseconds that the same bytes take as blob rows, with nothing else done to them.
    private func rawWrite(eventBytes: Int) throws -> UInt64 {
        let path = run.workspace.path + "/raw.sqlite"
        defer { for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + suffix) } }
        let started = steadyNanoseconds()
        try RawWrite.write(events: events, eventBytes: eventBytes, at: path)
        return steadyNanoseconds() - started
    }

    private func measure(_ fleet: Fleet, _ cities: [Int]) throws -> Times {
        func processor(_ nodes: [Int]) -> UInt64 { nodes.reduce(0) { $0 + (fleet.process($1)?.processorNanoseconds ?? 0) } }
        let before = processor(cities)
        var times = Times(started: steadyNanoseconds())
        try fleet.start(BenchFederation.aggregator)
        let isDone = Latch()
        let watching = meanwhile.map { body in
            BackgroundWork { try body(fleet) { isDone.isSet } }
        }
        defer { isDone.set() }
        var client: NodeClient?
        let pause = meanwhile == nil ? Self.pollMilliseconds : Self.seldomPollMilliseconds
        try fleet.wait(milliseconds: 3_600_000, every: pause, for: "the aggregator to catch up") {
            if client == nil {
                try fleet.checkAlive(BenchFederation.aggregator)
                client = try NodeClient(running: fleet.federation.folders[BenchFederation.aggregator])
            }
            guard let client else { return false }
            let standing = try NodeStanding(client)
            let now = steadyNanoseconds()
            if standing.recorded > 0, times.firstEvent == nil { times.firstEvent = now }
            if standing.recorded >= events, times.durable == nil { times.durable = now }
            guard standing.recorded >= events, standing.folded >= events else { return false }
            times.answerable = now
            times.wireReceived = standing.wireReceived
            times.wireSent = standing.wireSent
            return true
        }
        times.processor = processor([BenchFederation.aggregator])
        times.cityProcessor = processor(cities) - before
        times.memory = fleet.process(BenchFederation.aggregator)?.peakMemoryBytes ?? 0
        isDone.set()
        try watching?.wait()
        return times
    }

    /// That the aggregator answers is not enough: it must answer what the cities do.
    private func checkConvergence(_ fleet: Fleet) throws {
        let day = Int64(BenchFederation.firstDay + BenchFederation.days)
        let value = try fleet.client(BenchFederation.aggregator).call(
            "converge", [("day", .integer(day)), ("timeout_ms", 600_000)])
        let table = try ConvergenceTable(value)
        guard table.hasConverged else {
            throw NodeFailure(.refused, (["the nodes did not converge:"] + table.lines).joined(separator: "\n  "))
        }
    }

    /// What lies on the disk once the aggregator is stopped, and how soon it is back.
    private func addAtRest(_ figures: inout BenchFigures, _ fleet: Fleet) throws {
        let node = BenchFederation.aggregator
        run.note("the aggregator is stopped and opened again")
        for city in 1...Self.cities { try fleet.stop(city) }
        try fleet.waitUntilAtRest([node])
        try fleet.stop(node)
        let folder = fleet.federation.folders[node]
        figures.add("log_bytes_per_event", "log store on disk", fileBytes(folder.logFile), per: events, unit: "bytes an event")
        figures.add(
            "standings_bytes_per_event", "standings store on disk", fileBytes(folder.standingsFile), per: events,
            unit: "bytes an event")
        let started = steadyNanoseconds()
        try fleet.start(node)
        try fleet.waitUntilReady(node)
        guard try fleet.standing(node).folded >= events else {
            throw NodeFailure(.refused, "the aggregator was opened again and does not answer for all events")
        }
        figures.add("open_ms", "opened again, from the start of its process", nanoseconds: steadyNanoseconds() - started)
    }

    private func figures(_ times: Times, bytes: UInt64, raw: UInt64) -> BenchFigures {
        let durable = (times.durable ?? times.started) - times.started
        let answerable = (times.answerable ?? times.started) - times.started
        var figures = BenchFigures("Catch-up: \(Self.cities) cities, one empty aggregator, from the start of its process")
        figures.add("events", "events", events)
        figures.add("events_per_second_durable", "verified and durable", rate(events, nanoseconds: durable), unit: "events/s")
        figures.add(
            "events_per_second_answerable", "and answerable by subject", rate(events, nanoseconds: answerable), unit: "events/s"
        )
        figures.add(
            "events_per_second_raw", "raw SQLite write of the same bytes, 256 events to a blob", rate(events, nanoseconds: raw),
            unit: "events/s")
        figures.add("durable_to_raw", "time until durable, in raw writes", durable, per: raw)
        let firstEvent = (times.firstEvent ?? times.started) - times.started
        figures.add(
            "durable_to_raw_from_first_event", "the same from the first stored event on", durable - min(durable, firstEvent),
            per: raw)
        figures.add("event_bytes", "bytes of entries and bodies", bytes)
        figures.add("wire_bytes", "bytes on the wire to the aggregator", times.wireReceived)
        figures.add(
            "wire_sent_bytes", "bytes on the wire from it, what it passes on to the cities included", times.wireSent)
        figures.add(
            "wire_to_event_bytes", "bytes to the aggregator by those of entries and bodies", times.wireReceived, per: bytes)
        figures.add("peak_memory_bytes", "peak memory of the aggregator", times.memory, unit: "bytes")
        figures.add(
            "processor_us_per_event", "processor time of the aggregator", times.processor / 1_000, per: events,
            unit: "µs an event"
        )
        figures.add(
            "city_processor_us_per_event", "processor time of the cities", times.cityProcessor / 1_000, per: events,
            unit: "µs an event")
        figures.note(
            "first events after \(BenchFigures.milliseconds(firstEvent)) ms, all durable after \(BenchFigures.milliseconds(durable)) ms, "
                + "all answerable after \(BenchFigures.milliseconds(answerable)) ms"
                + (checksConvergence ? "; then all attested the same standings" : ""))
        return figures
    }
}

/// A number of events in parts that differ by one at most.
func shares(of events: UInt64, _ parts: Int) -> [UInt64] {
    (0..<UInt64(parts)).map { events / UInt64(parts) + ($0 < events % UInt64(parts) ? 1 : 0) }
}
