internal import ArgumentParser
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Population
internal import Scoring

struct PilotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pilot", abstract: "See a whole federation at work, on synthetic residents.",
        discussion: """
            Starts five city nodes and the national aggregator, each a process with its own store, and lets synthetic
            residents live some years: every city records what happens in it, the aggregator rules on appeals. On the way
            one city's link to the aggregator is cut, one city is stopped and comes back, and one city's store is damaged
            on disk and mended from its peers. In the end all nodes attest the same standings, and one resident's score is
            explained.

              concord pilot
              concord pilot --residents 20000 --years 4 --seed another
              concord pilot --data /tmp/pilot          and then, for example:
              concord standings --data /tmp/pilot/national --day 2020-12-31

            The exit status is 0 only if every node attests the same standings root.
            """)

    @Option(help: ArgumentHelp("How many residents live, 1 to \(Scenario.maximumResidents).", valueName: "number"))
    var residents = 2_000

    @Option(help: ArgumentHelp("How many years they live, from the rulebook's first day.", valueName: "number"))
    var years = 2

    @Option(help: ArgumentHelp("What the residents' lives follow from: the same seed, the same events.", valueName: "text"))
    var seed = "pilot"

    @Option(help: ArgumentHelp("Keep the stores in DIR/<node>; the folder must be new or empty.", valueName: "dir"))
    var data: String?

    @Option(
        help: ArgumentHelp(
            "Another topology, its rulebook beside it (default: Topology/pilot/topology.json).", valueName: "file"),
        transform: FileArgument.init(parsing:))
    var topology: FileArgument?

    @Flag(help: "Keep the nodes running and events coming until Ctrl-C, with a dashboard for each.")
    var keepRunning = false

    func validate() throws {
        guard (1...Scenario.maximumResidents).contains(residents) else {
            throw ValidationError("--residents is a number from 1 to \(Scenario.maximumResidents), not \(residents)")
        }
        guard (1...Scenario.maximumYears).contains(years) else {
            throw ValidationError("--years is a number from 1 to \(Scenario.maximumYears), not \(years)")
        }
        guard !seed.isEmpty else { throw ValidationError("--seed is a text: give it at least one character") }
    }

    func run() throws {
        let files = try PilotFiles(topology?.path)
        if let flaw = files.flaw(years: years) { throw ValidationError(flaw) }
        let signals = StopSignals()
        let workspace = try Workspace(data, purpose: "pilot")
        defer { workspace.removeIfTemporary() }
        do {
            let federation = try LocalFederation(
                at: workspace.path, template: files.topology, rulebook: files.rulebook,
                population: SyntheticPopulation(seed: Array(seed.utf8), size: UInt64(residents)))
            let hasConverged = try Fleet.run(federation, signals, servesHTTP: keepRunning) { fleet in
                try Pilot(fleet, options: PilotOptions(self), workspace: workspace, signals: signals).run()
            }
            if !hasConverged { throw ExitCode(1) }
        } catch {
            guard let signal = signals.signal, !(error is ExitCode) else { throw error }
            try Output.line(
                workspace.isKept
                    ? "Interrupted. All nodes are stopped; their stores are sound, in \(workspace.path)/<node>."
                    : "Interrupted. All nodes are stopped.")
            throw ExitCode(128 + signal)
        }
    }
}

/// What was asked for, checked.
struct PilotOptions: Sendable {
    let residents: Int
    let years: Int
    let seed: String
    let keepsRunning: Bool

    init(_ command: PilotCommand) {
        residents = command.residents
        years = command.years
        seed = command.seed
        keepsRunning = command.keepRunning
    }
}
