internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Population
internal import Scoring

/// One run of the pilot: all nodes as processes, residents who live, three incidents, and the convergence.
struct Pilot {
    let fleet: Fleet
    let options: PilotOptions
    let workspace: Workspace
    let signals: StopSignals
    let cast: PilotCast
    let feed: Feed
    let board = ProgressBoard()
    /// Last day that the residents live.
    let lastDay: UInt32

    var federation: LocalFederation { fleet.federation }

    init(_ fleet: Fleet, options: PilotOptions, workspace: Workspace, signals: StopSignals) throws {
        self.fleet = fleet
        self.options = options
        self.workspace = workspace
        self.signals = signals
        let federation = fleet.federation
        cast = try PilotCast(federation.topology)
        let main = try Self.scenario(federation, options, years: options.years)
        lastDay = main.endDay - 1
        // Who keeps it running sees later years too, up to today.
        var years = options.years
        while options.keepsRunning, years < Scenario.maximumYears,
            let longer = try? Self.scenario(federation, options, years: years + 1), longer.endDay <= today() + 1
        {
            years += 1
        }
        let days = Int(main.endDay - main.startDay)
        feed = Feed(
            try Self.scenario(federation, options, years: years), fleet: fleet,
            pace: FeedPace(days: days, mode: .spread(overMilliseconds: Self.span(main)), now: steadyMilliseconds()))
    }

    private static func scenario(_ federation: LocalFederation, _ options: PilotOptions, years: Int) throws -> Scenario {
        do {
            return try Scenario(
                topology: federation.topology, rulebook: federation.rulebook, residents: options.residents, years: years)
        } catch { throw NodeFailure(.invalid, error.description) }
    }

    /// Time over which the days are spread: enough for what happens on the way, more where there is more to record.
    private static func span(_ scenario: Scenario) -> UInt64 {
        6_000 + min(600_000, scenario.expectedOccurrences / 10)
    }

    /// Whether all nodes attest the same standings.
    func run() throws -> Bool {
        try introduce()
        try fleet.startAll()
        try board.say("All \(federation.names.count) nodes run, are linked over TLS 1.3, and may publish.")
        feed.start()
        defer { feed.stop() }
        let progress = PilotProgress(self)
        progress.start()
        defer { progress.stop() }
        try cutLink()
        try stopCity()
        try damageStore()
        feed.change(.rush)
        try waitForAll(progress)
        progress.stop()
        let hasConverged = try finish()
        if options.keepsRunning { try keepRunning() }
        return hasConverged
    }

    private func introduce() throws {
        let start = CalendarDay(dayNumber: Int64(feed.scenario.startDay))
        let names = federation.topology.nodes.map(\.title)
        try board.say([
            "\(grouped(options.residents)) synthetic residents live from \(start) to \(CalendarDay(dayNumber: Int64(lastDay))) "
                + "(seed \"\(options.seed)\").",
            "\(names.dropLast().joined(separator: ", ")) and \(names.last ?? ""): one process each, with their stores in "
                + "\(workspace.path)/<node>",
        ])
    }

    /// Everything recorded, and in the answers of the aggregator.
    private func waitForAll(_ progress: PilotProgress) throws {
        try wait(milliseconds: 24 * 3_600_000, for: "all events to be recorded") { feed.progress.isDone }
        let all = feed.progress.allRecorded
        try wait(milliseconds: 300_000, for: "the aggregator to hold all events") {
            try fleet.standing(cast.aggregator).folded >= all
        }
        let milliseconds = progress.elapsedMilliseconds
        try board.say(
            "\(grouped(all)) events recorded by \(federation.names.count) nodes, integrated and folded at the aggregator in "
                + "\(duration(milliseconds: Int64(milliseconds))): \(grouped(all * 1_000 / max(1, milliseconds))) a second.")
    }

    /// Waits, while watching over the nodes and the feed.
    func wait(milliseconds: UInt64 = 60_000, for what: String, until condition: () throws -> Bool) throws {
        try fleet.wait(milliseconds: milliseconds, every: 20, for: what) {
            try feed.check()
            return try condition()
        }
    }

    func title(_ node: Int) -> String { federation.topology.nodes[node].title }
}

/// Who plays which part.
struct PilotCast: Sendable {
    let aggregator: Int
    /// City whose link to the aggregator is cut.
    let cut: Int
    /// City that is stopped and comes back.
    let stopped: Int
    /// City whose store is damaged.
    let damaged: Int

    init(_ topology: Topology) throws {
        let nodes = topology.nodes
        let cities = nodes.indices.filter { nodes[$0].roles.contains(.city) && !nodes[$0].roles.contains(.aggregator) }
        guard let aggregator = nodes.firstIndex(where: { $0.roles.contains(.aggregator) }) else {
            throw NodeFailure(
                .invalid, "no node of the topology has the role aggregator: give it to the one that all cities report to")
        }
        // Its entries must be able to go round the link that is cut.
        let neighboured = cities.filter { city in
            topology.areLinked(city, aggregator)
                && cities.contains { $0 != city && topology.areLinked($0, city) && topology.areLinked($0, aggregator) }
        }
        guard let cut = neighboured.dropFirst().first ?? neighboured.first else {
            throw NodeFailure(
                .invalid,
                "the topology has no city that is linked with the aggregator and with another city that is: add such peers")
        }
        let others = cities.filter { $0 != cut && $0 > cut } + cities.filter { $0 < cut }
        self.aggregator = aggregator
        self.cut = cut
        stopped = others[0]
        damaged = others[others.count > 1 ? 1 : 0]
    }
}
