internal import ArgumentParser
internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Simulation

struct SimulateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate", abstract: "Run whole federations under faults, in virtual time.",
        discussion: """
            Each seed is a federation of its own: real nodes with real stores in one thread, on simulated disks, lines and \
            clocks, with real operators at bad moments and a hostile city. When the faults have stopped, everything must be \
            well within fifteen virtual minutes: equal logs and standings, nothing lost that was acknowledged, every fork \
            proven, nobody honest accused, erased bytes gone. The same seed gives the same run.

            More than one seed: seeds in which something did not hold once are run before them.

              concord simulate --seed 17
              concord simulate --seeds 1000
              concord simulate --seeds 200 --faults network,machines,disks

            Faults: \(FaultGroup.allCases.map(\.rawValue).joined(separator: ", ")).

            EXIT STATUS: 1 where something did not hold: the command that replays the seed is shown.
            """)

    @Option(help: "The first seed.")
    var seed: UInt64 = 1

    @Option(help: "Seeds to run, one after another.")
    var seeds: UInt64 = 1

    @Option(help: "Nodes of each federation; drawn from the seed where none are given.")
    var nodes: Int?

    @Option(help: "Virtual minutes in which faults come.")
    var minutes: UInt64 = 3

    @Option(help: ArgumentHelp("Groups of faults that may come, with commas between them; all where none is named."))
    var faults: String?

    @Option(help: "Processes that run seeds at the same time.")
    var workers = 2

    @Flag(help: "Tell what happens, for one seed.")
    var tell = false

    @OptionGroup var json: JSONOption

    @Flag(name: .customLong("worker"), help: .hidden)
    var isWorker = false

    func validate() throws {
        guard seeds >= 1, seed.addingReportingOverflow(seeds).overflow == false else {
            throw ValidationError("--seeds must be at least 1, and the last seed below 2^64")
        }
        if let nodes, !(2...16).contains(nodes) { throw ValidationError("--nodes must be from 2 to 16") }
        guard (1...1_440).contains(minutes) else { throw ValidationError("--minutes must be from 1 to 1,440") }
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
        guard !tell || seeds == 1 else { throw ValidationError("--tell tells of one seed") }
        for name in groupNames where FaultGroup(rawValue: name) == nil {
            throw ValidationError(
                "There are no faults \(name): the groups are \(FaultGroup.allCases.map(\.rawValue).joined(separator: ", "))")
        }
    }

    private var groupNames: [String] { faults?.split(separator: ",").map(String.init) ?? [] }

    private var options: Simulation.Options {
        var options = Simulation.Options()
        options.nodes = nodes
        options.minutes = minutes
        options.isTold = tell
        if faults != nil { options.groups = Set(groupNames.compactMap { FaultGroup(rawValue: $0) }) }
        return options
    }

    func run() throws {
        if isWorker { return try SimulationWorker.run(seed..<(seed + seeds), options) }
        if seeds == 1 {
            var report = SimulationReport()
            report.add(try Simulation.run(seed: seed, options), replay: replay(seed, arguments))
            return try tellResult(report)
        }
        let supervisor = SimulationSupervisor(workers: workers, replay: replay)
        try tellResult(try supervisor.run(kept + [.init(seeds: seed..<(seed + seeds), arguments: arguments)]))
    }

    /// The seeds that are run first, each as it was found; where not all faults may come, those that need no others.
    private var kept: [SimulationSupervisor.Portion] {
        let allowed = options.groups
        return KeptSeed.all.filter { allowed.isSuperset(of: $0.groups.isEmpty ? FaultGroup.allCases : $0.groups) }.map { kept in
            let names = kept.groups.map(\.rawValue).joined(separator: ",")
            return .init(seeds: kept.seed..<(kept.seed + 1), arguments: names.isEmpty ? [] : ["--faults", names])
        }
    }

    /// The options that every process gets.
    private var arguments: [String] {
        var arguments: [String] = []
        if minutes != 3 { arguments += ["--minutes", "\(minutes)"] }
        if let nodes { arguments += ["--nodes", "\(nodes)"] }
        if let faults { arguments += ["--faults", faults] }
        return arguments
    }

    private func replay(_ seed: UInt64, _ arguments: [String]) -> String {
        (["concord simulate --seed \(seed)"] + arguments).joined(separator: " ")
    }

    private func tellResult(_ report: SimulationReport) throws {
        if json.isWanted { try Output.json(report.json) } else { try Output.lines(report.lines) }
        if !report.isGood { throw ExitCode(1) }
    }
}
