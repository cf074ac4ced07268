internal import Encoding
internal import Foundation
internal import NodeRuntime

/// Four cities at rest that hold events, and an aggregator that begins with nothing.
struct CatchUpBench {
    static let cities = 4
    private static let pollMilliseconds: UInt32 = 10
    let events: UInt64
    let note: (String) -> Void

    private struct Times {
        let started: UInt64
        var firstEvent: UInt64?
        var durable: UInt64?
        var answerable: UInt64?
        var wireBytes: UInt64 = 0
    }

    func run(_ workspace: Workspace, _ signals: StopSignals) throws -> BenchFigures {
        note("making the nodes")
        let federation = try BenchFederation.make(at: workspace.path, cities: Self.cities)
        return try Fleet.run(federation, signals) { fleet in
            let cities = Array(1...Self.cities)
            // The cities publish only once a peer has confirmed that they have no past; after that the aggregator is not
            // needed until the clock runs.
            try fleet.startAll()
            try fleet.stop(BenchFederation.aggregator)
            let shares = cities.map { city in
                events / UInt64(Self.cities) + (UInt64(city) <= events % UInt64(Self.cities) ? 1 : 0)
            }
            note("the cities record")
            let bytes = try fleet.fill(cities, events: shares) { _ in }
            try empty(federation.folders[BenchFederation.aggregator])
            note("the cities come to rest")
            try fleet.waitUntilAtRest(cities)
            note("the aggregator catches up")
            let times = try measure(fleet)
            let memory = fleet.process(BenchFederation.aggregator)?.peakMemoryBytes ?? 0
            note("all nodes attest the standings")
            try checkConvergence(fleet)
            return figures(times, bytes: bytes, memory: memory)
        }
    }

    /// Leaves the aggregator with keys and topology only.
    private func empty(_ folder: NodeFolder) throws {
        for file in [folder.logFile, folder.standingsFile] {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
        }
        try? FileManager.default.removeItem(atPath: folder.publishedFile)
    }

    private func measure(_ fleet: Fleet) throws -> Times {
        var times = Times(started: steadyNanoseconds())
        try fleet.start(BenchFederation.aggregator)
        var client: NodeClient?
        try fleet.wait(milliseconds: 3_600_000, every: Self.pollMilliseconds, for: "the aggregator to catch up") {
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
            times.wireBytes = standing.wireReceived + standing.wireSent
            return true
        }
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

    private func figures(_ times: Times, bytes: UInt64, memory: UInt64) -> BenchFigures {
        let durable = (times.durable ?? times.started) - times.started
        let answerable = (times.answerable ?? times.started) - times.started
        var figures = BenchFigures("Catch-up: \(Self.cities) cities, one empty aggregator, from the start of its process")
        figures.add("events", "events", events)
        figures.add("events_per_second_durable", "verified and durable", rate(events, nanoseconds: durable), unit: "events/s")
        figures.add(
            "events_per_second_answerable", "and answerable by subject", rate(events, nanoseconds: answerable), unit: "events/s"
        )
        figures.add("wire_bytes", "bytes on the wire, both ways", times.wireBytes)
        figures.add("event_bytes", "bytes of entries and bodies", bytes)
        figures.add("peak_memory_bytes", "peak memory of the aggregator", memory, unit: "bytes")
        let first = BenchFigures.milliseconds((times.firstEvent ?? times.started) - times.started)
        figures.note(
            "first events after \(first) ms, all durable after \(BenchFigures.milliseconds(durable)) ms, "
                + "all answerable after \(BenchFigures.milliseconds(answerable)) ms; then all attested the same standings")
        return figures
    }
}
