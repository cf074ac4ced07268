internal import ArgumentParser
internal import NodeRuntime

/// What all benches take.
struct BenchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many events.", valueName: "number"))
    var events: Int?

    @Option(help: ArgumentHelp("Measure so many times, and give the median of each figure.", valueName: "number"))
    var runs = 1

    @Option(help: ArgumentHelp("Keep the stores below DIR; the folder must be new or empty.", valueName: "dir"))
    var data: String?

    @OptionGroup var json: JSONOption

    static let maximumEvents = 100_000_000

    func check(least: Int) throws {
        guard (1...99).contains(runs) else { throw ValidationError("--runs is a number from 1 to 99, not \(runs)") }
        guard let events else { return }
        guard (least...Self.maximumEvents).contains(events) else {
            throw ValidationError("--events is a number from \(least) to \(Self.maximumEvents), not \(events)")
        }
    }

    /// Runs a bench in a workspace of its own, as often as is wanted, and prints its figures.
    func run(purpose: String, defaultEvents: Int, _ bench: (BenchRun) throws -> BenchFigures) throws {
        let signals = StopSignals()
        let workspace = try Workspace(data, purpose: "bench")
        defer { workspace.removeIfTemporary() }
        var bar = ProgressBar()
        defer { bar.clear() }
        do {
            var measured: [BenchFigures] = []
            for number in 1...runs {
                let folder = runs == 1 ? workspace : try workspace.child("run-\(number)")
                defer { if !workspace.isKept { folder.removeIfTemporary() } }
                let label = runs == 1 ? purpose : "\(purpose) \(number)/\(runs)"
                measured.append(
                    try bench(
                        BenchRun(events: UInt64(events ?? defaultEvents), workspace: folder, signals: signals) {
                            bar.show("\(label): \($0)")
                        }))
            }
            bar.clear()
            let figures = BenchFigures.medians(of: measured)
            if json.isWanted { try Output.line(figures.json) } else { try Output.lines(figures.lines) }
        } catch {
            guard let signal = signals.signal else { throw error }
            throw ExitCode(128 + signal)
        }
    }
}

/// One measurement.
struct BenchRun {
    let events: UInt64
    let workspace: Workspace
    let signals: StopSignals
    /// Tells who watches what is being done.
    let note: (String) -> Void

    init(events: UInt64, workspace: Workspace, signals: StopSignals, note: @escaping (String) -> Void) {
        self.events = events
        self.workspace = workspace
        self.signals = signals
        self.note = note
    }

    /// The same with another number of events, in a folder of its own.
    func part(_ name: String, events: UInt64? = nil) throws -> BenchRun {
        BenchRun(events: events ?? self.events, workspace: try workspace.child(name), signals: signals, note: note)
    }
}
