internal import ArgumentParser
internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Simulation

struct FuzzCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fuzz", abstract: "Run decoders on inputs made to break them.",
        discussion: """
            Each decoder that reads bytes from outside runs on valid inputs, on kept ones and on changes of both; inputs \
            that lead a new way are changed further. Whatever comes in, a decoder must not crash, hang for five seconds or \
            take a gibibyte of memory; what decodes must encode to the same bytes where a format has one form; and more, \
            for each target. The same seed gives the same run. Every target runs in a process of its own.

              concord fuzz
              concord fuzz packed-entries cut --executions 10000000 --seed 7
              concord fuzz --corpus Tests/SimulationTests/Corpora
              concord fuzz --replay fuzz-findings/cut-0123456789abcdef cut

            EXIT STATUS: 1 where something did not hold: the input is kept, and the command that replays it is shown.
            """)

    @Argument(help: ArgumentHelp("The decoders to run; all where none is named.", valueName: "target"))
    var names: [String] = []

    @Option(name: .customLong("executions"), help: "Inputs to run for each target.")
    var executions: UInt64 = 200_000

    @Option(name: .customLong("seed"), help: "The number that the changes are drawn from.")
    var seed: UInt64 = 1

    @Option(
        name: .customLong("corpus"),
        help: ArgumentHelp("A folder of inputs to begin with: a folder in it for each target.", valueName: "dir"))
    var corpus: String?

    @Option(
        name: .customLong("keep"),
        help: ArgumentHelp("Keep up to so many inputs of each target that lead a new way in the corpus.", valueName: "count"))
    var keep = 0

    @Option(
        name: .customLong("findings"),
        help: ArgumentHelp("Where an input is kept that breaks something.", valueName: "dir"))
    var findings = "fuzz-findings"

    @Option(name: .customLong("workers"), help: "Targets that run at the same time.")
    var workers = 2

    @Option(
        name: .customLong("replay"),
        help: ArgumentHelp("Run this one input, in this process, on the one target named.", valueName: "file"),
        transform: FileArgument.init(parsing:))
    var replay: FileArgument?

    @Flag(name: .customLong("list"), help: "List the targets.")
    var isList = false

    @OptionGroup var json: JSONOption

    @Option(name: .customLong("mailbox"), help: .hidden)
    var mailbox: String?

    func validate() throws {
        for name in names where FuzzTarget.named(name) == nil {
            throw ValidationError("There is no target \(name): concord fuzz --list names them")
        }
        guard executions >= 1 else { throw ValidationError("--executions must be at least 1") }
        guard (1...64).contains(workers) else { throw ValidationError("--workers must be from 1 to 64") }
        guard keep == 0 || corpus != nil else {
            throw ValidationError("--keep needs a folder to keep inputs in: name it with --corpus")
        }
        guard (replay == nil && mailbox == nil) || names.count == 1 else {
            throw ValidationError("--replay needs exactly one target: name it")
        }
    }

    private var targets: [FuzzTarget] { names.isEmpty ? FuzzTarget.all : names.compactMap(FuzzTarget.named) }

    func run() throws {
        if isList { return try list() }
        if let replay { return try replayOne(replay.path, targets[0]) }
        let plan = FuzzPlan(executions: executions, seed: seed, corpus: corpus, keep: keep)
        if let mailbox { return try FuzzWorker(targets[0], plan, mailbox: mailbox).run() }
        let reports = try FuzzSupervisor(plan, targets, workers: workers, findings: findings).run { report in
            if !json.isWanted { try Output.line(report.line) }
        }
        if json.isWanted {
            try Output.json(["seed": .string(String(seed)), "targets": .array(reports.map(\.json))])
        } else {
            let total = reports.reduce(0) { $0 + $1.executions }
            try Output.line("\(grouped(total)) inputs on \(counted(reports.count, "target")), seed \(seed)")
        }
        let broken = reports.filter { $0.failure != nil }
        for report in broken {
            note("\(report.target): \(report.failure ?? "")")
            guard let file = report.file else { continue }
            note("the input is kept; run it again with: concord fuzz --replay \(file) \(report.target)")
        }
        if !broken.isEmpty { throw ExitCode(1) }
    }

    private func list() throws {
        if json.isWanted {
            return try Output.json(
                .array(FuzzTarget.all.map { ["target": .string($0.name), "reads": .string($0.summary)] }))
        }
        let width = FuzzTarget.all.map(\.name.count).max() ?? 0
        try Output.lines(
            FuzzTarget.all.map { $0.name.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.summary })
    }

    private func replayOne(_ path: String, _ target: FuzzTarget) throws {
        let input = try readFile(path, limit: 64 << 20)
        do throws(FuzzFailure) { _ = try target.run(input) } catch {
            throw NodeFailure(.refused, "\(path) on \(target.name): \(error)")
        }
        if json.isWanted { return try Output.json(["target": .string(target.name), "failure": .null]) }
        try Output.line("\(path), \(counted(input.count, "byte")), on \(target.name): all that must hold holds")
    }
}
