internal import Cryptography
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Scoring
internal import SyncProtocol

/// Hostile connections to the aggregator, many at once, while two cities record and it replicates: in turns with and without
/// them, so that both are measured in the same minutes.
struct ConnectionsDrill {
    let count: Int
    let turns: Int
    let drill: Drill

    private static let windowMilliseconds: UInt64 = 4_000
    private static let rampMilliseconds: UInt32 = 2_000
    private static let releaseMilliseconds: UInt64 = 30_000
    private static let maximumMemory: UInt64 = 400 << 20
    /// Honest replication may fall to this many hundredths.
    private static let leastRatio: UInt64 = 80

    private struct Measured {
        /// Events that the cities acknowledged, and that reached the aggregator's answers.
        var calmRecorded: UInt64 = 0
        var stormRecorded: UInt64 = 0
        var calmEvents: UInt64 = 0
        var calmMilliseconds: UInt64 = 0
        var stormEvents: UInt64 = 0
        var stormMilliseconds: UInt64 = 0
        var mostOpen = 0
        var connects: UInt64 = 0
        var links: UInt64 = 0
        var frames: UInt64 = 0
        var mostDescriptors = 0
        var slowestRelease: UInt64 = 0
        /// Hundredths of a second of processor time that the aggregator used.
        var calmTicks: UInt64 = 0
        var stormTicks: UInt64 = 0

        var calm: UInt64 { calmEvents * 1_000 / max(1, calmMilliseconds) }
        var storm: UInt64 { stormEvents * 1_000 / max(1, stormMilliseconds) }
        var ratio: UInt64 { storm * 100 / max(1, calm) }
        /// How much of what the cities recorded was replicated, with the crowd, in hundredths of the same without it: the
        /// cities are not attacked, but they share this machine's processors with the crowd.
        var pace: UInt64 {
            let calm = calmEvents * 10_000 / max(1, calmRecorded)
            return stormEvents * 1_000_000 / max(1, stormRecorded) / max(1, calm)
        }
    }

    func run() throws -> DrillReport {
        // The third city is the hostile one: its key is used, its node does not run.
        let federation = try drill.federation(cities: 3)
        return try Fleet.run(federation, drill.signals) { fleet in
            let hostile = 2
            let aggregator = DrillFederation.aggregator(federation)
            for node in [0, 1, aggregator] { try fleet.start(node) }
            for node in [0, 1, aggregator] { try fleet.waitUntilReady(node) }
            let load = DrillLoad(
                fleet, seed: drill.seed, requestEvents: 16...64, pauseMilliseconds: 4...12)
            load.hold(hostile, true)
            load.start(seed: drill.seed)
            defer { load.abandon() }
            for node in [0, 1, aggregator] { try fleet.waitUntilConfirmed(node) }
            var measured = Measured()
            // What was recorded before the nodes might publish comes in a heap, which is no measure of anything.
            let backlog = load.allAcknowledged
            try fleet.wait(milliseconds: 60_000, for: "the aggregator to have caught up") {
                try fleet.standing(aggregator).folded >= backlog
            }
            for turn in 1...turns {
                drill.note("turn \(turn) of \(turns): without hostile connections")
                let calm = try replicated(fleet, load, aggregator)
                measured.calmRecorded += calm.recorded
                measured.calmEvents += calm.events
                measured.calmMilliseconds += calm.milliseconds
                measured.calmTicks += calm.ticks
                try storm(turn, fleet, load, hostile: hostile, &measured)
            }
            return try report(measured, fleet, load, aggregator, hostile: hostile)
        }
    }

    /// One turn with the crowd, from its coming to its going.
    private func storm(
        _ turn: Int, _ fleet: Fleet, _ load: DrillLoad, hostile: Int, _ measured: inout Measured
    ) throws {
        let federation = fleet.federation
        let aggregator = DrillFederation.aggregator(federation)
        let before = descriptors(fleet, aggregator)
        let node = federation.topology.nodes[aggregator]
        let port = node.port
        // Three of four are strangers on plain sockets, the others do the handshake.
        let plain = count * 3 / 4
        let listed = max(1, count / 20)
        let crowd = StrangerCrowd(port: port, count: plain, seed: "\(drill.seed) \(turn)")
        defer { crowd.stop() }
        let dialing = try TLSCrowd(
            TLSCrowd.Target(port: port, key: node.tlsKey ?? [], maximumFrame: Limits.frameBytes),
            unknown: count - plain - listed,
            listed: listed, seed: federation.folders[hostile].keys().link.seed, hello: hello(federation, hostile))
        defer { dialing.stop() }
        usleepMilliseconds(Self.rampMilliseconds)
        drill.note("turn \(turn) of \(turns): with \(grouped(count)) hostile connections")
        let storm = try replicated(fleet, load, aggregator)
        measured.stormRecorded += storm.recorded
        measured.stormEvents += storm.events
        measured.stormMilliseconds += storm.milliseconds
        measured.stormTicks += storm.ticks
        measured.mostDescriptors = max(measured.mostDescriptors, descriptors(fleet, aggregator))
        measured.mostOpen = max(measured.mostOpen, crowd.counts.mostOpen)
        measured.connects += crowd.counts.connects
        dialing.stop()
        crowd.stop()
        measured.links += dialing.counts.links
        measured.frames += dialing.counts.frames
        let released = steadyMilliseconds()
        try fleet.wait(
            milliseconds: Self.releaseMilliseconds, every: 50, for: "the aggregator to let go of all hostile connections"
        ) { descriptors(fleet, aggregator) <= before + 4 }
        measured.slowestRelease = max(measured.slowestRelease, steadyMilliseconds() - released)
    }

    private func hello(_ federation: LocalFederation, _ node: Int) -> Hello {
        Hello(
            federation: Array(federation.topology.federation.utf8), node: Array(federation.names[node].utf8), epoch: 1,
            topologyHash: federation.topology.hash, rulebookHash: federation.rulebook.hash, wallMilliseconds: wallMilliseconds()
        )
    }

    /// Events that come into the aggregator's answers in one window.
    private func replicated(
        _ fleet: Fleet, _ load: DrillLoad, _ aggregator: Int
    ) throws -> (recorded: UInt64, events: UInt64, milliseconds: UInt64, ticks: UInt64) {
        let recorded = load.allAcknowledged
        let ticks = fleet.process(aggregator)?.processorTicks ?? 0
        let client = try fleet.client(aggregator)
        let first = try NodeStanding(client).folded
        let started = steadyMilliseconds()
        while steadyMilliseconds() < started + Self.windowMilliseconds {
            try drill.signals.check()
            try load.check()
            try fleet.checkAlive(aggregator)
            usleepMilliseconds(20)
        }
        let last = try NodeStanding(client).folded
        return (
            load.allAcknowledged - recorded, last - first, steadyMilliseconds() - started,
            (fleet.process(aggregator)?.processorTicks ?? 0) - ticks
        )
    }

    private func descriptors(_ fleet: Fleet, _ node: Int) -> Int {
        guard let process = fleet.process(node) else { return 0 }
        return (try? FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.identifier)/fd").count) ?? 0
    }

    private func report(
        _ measured: Measured, _ fleet: Fleet, _ load: DrillLoad, _ aggregator: Int, hostile: Int
    ) throws -> DrillReport {
        let memory = fleet.process(aggregator)?.peakMemoryBytes ?? 0
        var report = DrillReport("connections", "Hostile connections to the aggregator while cities record")
        report.add("connections", "connections at once that were tried", UInt64(count))
        report.add("most_open", "plain ones open at once at the most, seen from outside", UInt64(measured.mostOpen))
        report.add("connects", "plain ones made in all", measured.connects)
        report.add("links", "links by the hostile listed node", measured.links)
        report.add("frames", "frames of the largest size that it sent", measured.frames)
        report.add(
            "calm_recorded_per_second", "recorded by the cities without them",
            measured.calmRecorded * 1_000 / max(1, measured.calmMilliseconds), unit: "events/s")
        report.add(
            "storm_recorded_per_second", "and with them",
            measured.stormRecorded * 1_000 / max(1, measured.stormMilliseconds), unit: "events/s")
        report.add("calm_events_per_second", "replicated without them", measured.calm, unit: "events/s")
        report.add("storm_events_per_second", "replicated with them", measured.storm, unit: "events/s")
        report.add("ratio_percent", "which is", measured.ratio, unit: "%")
        report.add("pace_percent", "and, by what the cities recorded meanwhile,", measured.pace, unit: "%")
        report.add(
            "calm_processor_percent", "processor of the aggregator without them",
            measured.calmTicks * 1_000 / max(1, measured.calmMilliseconds), unit: "%")
        report.add(
            "storm_processor_percent", "and with them", measured.stormTicks * 1_000 / max(1, measured.stormMilliseconds),
            unit: "%")
        report.add("peak_memory_bytes", "peak memory of the aggregator", memory, unit: "bytes")
        report.add("most_descriptors", "its open descriptors at the most", UInt64(measured.mostDescriptors))
        report.add("release_ms", "until all were let go, at the longest", measured.slowestRelease, unit: "ms")
        if memory >= Self.maximumMemory { report.fail("the aggregator needed \(grouped(memory)) bytes, not under 400 MB") }
        if measured.pace < Self.leastRatio {
            report.fail(
                "honest replication kept up with only \(measured.pace) % of the recording: it fell by more than a fifth")
        }
        try load.finish()
        load.hold(hostile, false)
        try fleet.start(hostile)
        try DrillCheck(fleet: fleet, load: load).all(&report)
        return report
    }
}
