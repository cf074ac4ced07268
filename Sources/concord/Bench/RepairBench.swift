internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Storage

/// An aggregator whose copy of a city's log has lost entries at random places.
struct RepairBench {
    static let destroyed = 200
    private static let city = 1
    let run: BenchRun

    private var events: UInt64 { run.events }

    func measure() throws -> BenchFigures {
        run.note("making the nodes")
        let federation = try BenchFederation.make(at: run.workspace.path + "/nodes", cities: 1)
        return try Fleet.run(federation, run.signals) { fleet in
            try fleet.startAll()
            run.note("the city records")
            _ = try fleet.fill([Self.city], events: [events])
            try fleet.wait(milliseconds: 600_000, for: "the aggregator to hold the log") {
                try fleet.standing(BenchFederation.aggregator).folded >= events
            }
            try fleet.stop(BenchFederation.aggregator)
            let destroyed = try destroy(federation)
            try fleet.start(BenchFederation.aggregator)
            try fleet.waitUntilReady(BenchFederation.aggregator)
            try fleet.waitUntilConfirmed(BenchFederation.aggregator)
            return try measure(fleet, destroyed)
        }
    }

    private func destroy(_ federation: LocalFederation) throws -> UInt64 {
        var numbers = SeededNumbers(seed: "repair \(events)")
        let indices = numbers.indices(Self.destroyed, below: events)
        guard let origin = OriginName(federation.origin(Self.city)) else { throw NodeFailure(.internal, "the city has no log") }
        let folder = federation.folders[BenchFederation.aggregator]
        let lock = try FolderLock(folder)
        try LogDamage.strike(
            path: folder.logFile, origin, Dictionary(uniqueKeysWithValues: indices.map { ($0, LogDamage.Blow.destroyed) }))
        withExtendedLifetime(lock) {}
        return UInt64(indices.count)
    }

    private func measure(_ fleet: Fleet, _ destroyed: UInt64) throws -> BenchFigures {
        let client = try fleet.client(BenchFederation.aggregator)
        try fleet.waitUntilAtRest([BenchFederation.aggregator, Self.city])
        run.note("the aggregator verifies")
        let processor = fleet.process(BenchFederation.aggregator)?.processorNanoseconds ?? 0
        var found = try Answer(client.call("verify"))
        let used = (fleet.process(BenchFederation.aggregator)?.processorNanoseconds ?? 0) - processor
        let entries = UInt64(clamping: try found.number("entries"))
        // Where zeros reach into lengths, the framing of a bundle counts as one more place.
        guard try found.number("damage_count") >= Int64(destroyed) else {
            throw NodeFailure(
                .refused, "verify found only \(try found.number("damage_count")) damaged places of \(destroyed)")
        }
        run.note("the aggregator mends its copy")
        let before = try NodeStanding(client)
        let mending = steadyNanoseconds()
        var report = try Answer(client.call("resync", [("origin", .string(fleet.federation.names[Self.city]))]))
        let mended = steadyNanoseconds()
        let after = try NodeStanding(client)
        guard try report.flag("whole"), try Answer(client.call("verify")).isSound() else {
            throw NodeFailure(
                .refused, (["the resync left damage behind:"] + (try report.texts("left"))).joined(separator: "\n  "))
        }
        var figures = BenchFigures("Repair: entries destroyed in the aggregator's store, mended from the city")
        figures.add("events", "events in store", events)
        figures.add("destroyed", "entries destroyed", destroyed)
        figures.add("repaired", "entries mended", UInt64(clamping: try report.number("repaired")))
        let missing = UInt64(clamping: try report.number("missing_bytes"))
        figures.add("missing_bytes", "bytes of the entries and bodies destroyed", missing)
        figures.add(
            "wire_bytes", "bytes on the wire, both ways",
            after.wireReceived + after.wireSent - before.wireReceived - before.wireSent)
        figures.add(
            "fetched_to_missing_bytes", "bytes of the answers by those of the entries and bodies",
            UInt64(clamping: try report.number("fetched_bytes")), per: missing)
        figures.add("round_trips", "round trips", UInt64(clamping: try report.number("round_trips")))
        figures.add(
            "verify_events_per_second", "verified",
            rate(entries, nanoseconds: UInt64(clamping: try found.number("milliseconds")) * 1_000_000), unit: "events/s")
        figures.add(
            "verify_events_per_core_second", "verified a second of processor time",
            rate(entries, nanoseconds: used), unit: "events/s")
        figures.note(
            "the resync took \(BenchFigures.milliseconds(mended - mending)) ms, its own verifying and folding included")
        return figures
    }
}

extension Answer {
    /// Whether a verification found everything as it should be.
    fileprivate func isSound() throws -> Bool {
        var answer = self
        return try answer.flag("sound")
    }
}
