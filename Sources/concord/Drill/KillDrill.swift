internal import Foundation
internal import NodeRuntime

/// Nodes killed at random moments under load, and started again at once or after a while.
struct KillDrill {
    let kills: Int
    let cities: Int
    let drill: Drill

    /// Of so many blows one hits every node at the same time, as a power failure would.
    private static let blowsPerPowerFailure = 20
    private static let longestPauseMilliseconds: UInt64 = 2_500
    /// Every other gap is short, so that nodes are hit while they start and while they catch up.
    private static let gapMilliseconds: [UInt64] = [800, 80]

    func run() throws -> DrillReport {
        let federation = try drill.federation(cities: cities)
        return try Fleet.run(federation, drill.signals) { fleet in
            try fleet.startAll()
            let load = DrillLoad(fleet, seed: drill.seed)
            load.start(seed: drill.seed)
            defer { load.abandon() }
            var blows = Blows(fleet: fleet, load: load, numbers: SeededNumbers(seed: "kill \(drill.seed)"))
            while blows.kills < kills {
                try drill.signals.check()
                try load.check()
                try blows.strike(upTo: kills - blows.kills)
                drill.note("\(blows.kills) of \(kills) kills, \(grouped(load.allAcknowledged)) events acknowledged")
                try blows.wait()
            }
            try blows.startAll()
            drill.note("waiting until all nodes agree")
            let check = DrillCheck(fleet: fleet, load: load)
            try check.arrival("kill")
            try load.finish()
            var report = DrillReport("kill", "kill -9 of \(cities) cities and the aggregator at random moments, under load")
            report.add("kills", "kills", UInt64(blows.kills))
            report.add("kills_of_aggregator", "of these the aggregator", UInt64(blows.aggregatorKills))
            report.add("kills_while_asked", "of these cities with a request under way", UInt64(blows.killsWhileAsked))
            report.add("kills_while_starting", "of these nodes that were starting", UInt64(blows.killsWhileStarting))
            report.add("requests_found", "requests recorded whose answer was lost", load.found)
            try check.all(&report)
            return report
        }
    }

    /// What is killed when, and what is to be started again when.
    private struct Blows {
        let fleet: Fleet
        let load: DrillLoad
        var numbers: SeededNumbers
        var kills = 0
        var aggregatorKills = 0
        var killsWhileAsked = 0
        var killsWhileStarting = 0
        private var due: [(at: UInt64, node: Int)] = []

        init(fleet: Fleet, load: DrillLoad, numbers: SeededNumbers) {
            self.fleet = fleet
            self.load = load
            self.numbers = numbers
        }

        mutating func strike(upTo limit: Int) throws {
            let running = fleet.federation.names.indices.filter { fleet.isRunning($0) }
            guard !running.isEmpty else { return }
            let isPowerFailure = Int.random(in: 0..<KillDrill.blowsPerPowerFailure, using: &numbers) == 0
            let victims = isPowerFailure ? running : [running[Int.random(in: running.indices, using: &numbers)]]
            for node in victims.prefix(limit) {
                let isAsked = load.isAsking(node)
                let isStarting = try NodeClient(running: fleet.federation.folders[node]) == nil
                let ending = fleet.kill(node)
                guard ending?.status == SIGKILL else {
                    throw NodeFailure(
                        .refused,
                        "\(fleet.federation.names[node]) had ended by itself (\(ending.map { "\($0)" } ?? "it never ran")); see "
                            + fleet.logPath(node))
                }
                kills += 1
                if node == DrillFederation.aggregator(fleet.federation) { aggregatorKills += 1 }
                if isAsked { killsWhileAsked += 1 }
                if isStarting { killsWhileStarting += 1 }
                let pause =
                    Bool.random(using: &numbers)
                    ? 0 : UInt64.random(in: 0...KillDrill.longestPauseMilliseconds, using: &numbers)
                due.append((steadyMilliseconds() + pause, node))
            }
        }

        /// Lets a while go by and starts what is due.
        mutating func wait() throws {
            let longest = KillDrill.gapMilliseconds[Int.random(in: KillDrill.gapMilliseconds.indices, using: &numbers)]
            let end = steadyMilliseconds() + UInt64.random(in: 0...longest, using: &numbers)
            repeat {
                let now = steadyMilliseconds()
                for (_, node) in due.filter({ $0.at <= now }) { try fleet.start(node) }
                due.removeAll { $0.at <= now }
                usleepMilliseconds(2)
            } while steadyMilliseconds() < end
        }

        mutating func startAll() throws {
            for (_, node) in due { try fleet.start(node) }
            due = []
        }
    }
}
