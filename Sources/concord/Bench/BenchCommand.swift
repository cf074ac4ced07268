internal import ArgumentParser
internal import NodeRuntime

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this program on this machine.",
        discussion: """
            The nodes are processes of this same program on the loopback address, with their stores on disk and
            synchronous=FULL. All figures are taken from outside them: the clock of this process, what the nodes answer on
            their control sockets, and /proc. Run it on a machine that does nothing else.

              concord bench catch-up
              concord bench live --json
              concord bench repair --events 200000 --data /mnt/disk/bench

            EXIT STATUS: 1 where the nodes did not do what was measured, 0 otherwise.
            """,
        subcommands: [BenchCatchUpCommand.self, BenchLiveCommand.self, BenchRepairCommand.self])
}

struct BenchCatchUpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catch-up", abstract: "An empty aggregator takes in the logs of four cities.",
        discussion: """
            Four city processes hold the events (42-byte entries, bodies of 75 bytes) and are at rest; an aggregator with an
            empty store is started. The time runs from the start of its process until its status says that all events are
            verified and durable, and until all are in its answers by subject; it is asked every ten milliseconds. In the
            end all five attest the same standings, or the figures are not given.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: CatchUpBench.cities) }

    func run() throws {
        try options.run(purpose: "catch-up", defaultEvents: 1_000_000) { try CatchUpBench(events: $0, note: $1).run($2, $3) }
    }
}

struct BenchLiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live", abstract: "From an event's commit in a city to the aggregator's answers.",
        discussion: """
            One city records 1,000 events a second, each asked for by itself; the aggregator says on its control socket up
            to where the city's log is in its answers. The latency runs from the arrival of the city's answer that the
            event is committed to the arrival of the aggregator's word, both at this process.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: 10) }

    func run() throws {
        try options.run(purpose: "live", defaultEvents: 10_000) { try LiveBench(events: $0, note: $1).run($2, $3) }
    }
}

struct BenchRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Destroyed entries are found, fetched and mended.",
        discussion: """
            An aggregator holds a city's log; while it is stopped, 100 entries at random places of its store are overwritten
            with zeros. It is started again, verified, and resynchronised. The bytes on the wire are all that its links
            carried during the resync, in both directions, TLS included.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: 1) }

    func run() throws {
        try options.run(purpose: "repair", defaultEvents: 1_000_000) { try RepairBench(events: $0, note: $1).run($2, $3) }
    }
}

struct BenchOptions: ParsableArguments {
    @Option(help: ArgumentHelp("How many events.", valueName: "number"))
    var events: Int?

    @Option(help: ArgumentHelp("Keep the stores in DIR/<node>; the folder must be new or empty.", valueName: "dir"))
    var data: String?

    @OptionGroup var json: JSONOption

    static let maximumEvents = 100_000_000

    func check(least: Int) throws {
        guard let events else { return }
        guard (least...Self.maximumEvents).contains(events) else {
            throw ValidationError("--events is a number from \(least) to \(Self.maximumEvents), not \(events)")
        }
    }

    /// Runs a bench in a workspace of its own, and prints its figures.
    func run(
        purpose: String, defaultEvents: Int,
        _ bench: (UInt64, @escaping (String) -> Void, Workspace, StopSignals) throws -> BenchFigures
    ) throws {
        let signals = StopSignals()
        let workspace = try Workspace(data, purpose: "bench")
        defer { workspace.removeIfTemporary() }
        var bar = ProgressBar()
        defer { bar.clear() }
        do {
            let figures = try bench(UInt64(events ?? defaultEvents), { bar.show("\(purpose): \($0)") }, workspace, signals)
            bar.clear()
            if json.isWanted { try Output.line(figures.json) } else { try Output.lines(figures.lines) }
        } catch {
            guard let signal = signals.signal else { throw error }
            throw ExitCode(128 + signal)
        }
    }
}
