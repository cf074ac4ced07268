internal import ArgumentParser
internal import NodeRuntime

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this program on this machine.",
        discussion: """
            The nodes are processes of this same program on the loopback address, with their stores on disk and
            synchronous=FULL. All figures are taken from outside them: the clock of this process, what the nodes answer on
            their control sockets, and /proc. Run it on a machine that does nothing else; its own speed may drift from run to
            run, so take medians, and compare within one run.

              concord bench catch-up --runs 5
              concord bench catch-up --compare postgresql
              concord bench scale --events 10000000 --data /mnt/disk/bench
              concord bench live --rate 20000 --json

            EXIT STATUS: 1 where the nodes did not do what was measured, 0 otherwise.
            """,
        subcommands: [
            BenchCatchUpCommand.self, BenchScaleCommand.self, BenchLiveCommand.self, BenchImportCommand.self,
            BenchRepairCommand.self, BenchScoreCommand.self, BenchPagesCommand.self, BenchWideCommand.self,
            BenchCitiesCommand.self,
        ])
}

struct BenchCatchUpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "catch-up", abstract: "An empty aggregator takes in the logs of four cities.",
        discussion: """
            Four city processes hold the events (42-byte entries, bodies of 75 bytes) and are at rest; an aggregator with an
            empty store is started. The time runs from the start of its process until its status says that all events are
            verified and durable, and until all are in its answers by subject; it is asked every ten milliseconds. Just
            before, the same bytes are written to SQLite as blobs of 256 events. In the end all five attest the same
            standings, or the figures are not given.
            """)

    @OptionGroup var options: BenchOptions

    @Option(
        help: ArgumentHelp(
            "Measure the same work in another system too, where it is installed: postgresql.", valueName: "system"))
    var compare: BenchComparison?

    func validate() throws { try options.check(least: CatchUpBench.cities) }

    func run() throws {
        try options.run(purpose: "catch-up", defaultEvents: 1_000_000) { run in
            var figures = try CatchUpBench(run).measure()
            if compare == .postgresql {
                figures.add(
                    try PostgreSQLComparison(run, cities: CatchUpBench.cities).catchUp(
                        run.events, concord: figures["events_per_second_answerable"]))
            }
            return figures
        }
    }
}

struct BenchScaleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "The same with ten times the events, beside a tenth of them.",
        discussion: """
            Catches up first with a tenth of the events, then with all of them, and gives the quotients of the rates, the
            aggregator's memory, its disk and the time until it answers when it is opened again.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: 10 * CatchUpBench.cities) }

    func run() throws {
        try options.run(purpose: "scale", defaultEvents: 10_000_000) { try ScaleBench(run: $0).measure() }
    }
}

struct BenchLiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "live", abstract: "From an event's commit in a city to the aggregator's answers.",
        discussion: """
            At up to 1,000 events a second one city records them, each asked for by itself; more are recorded by four cities
            in 1,000 requests a second. The aggregator says on its control socket up to where each log is in its answers. The
            latency runs from the arrival of the city's answer that the event is committed to the arrival of the aggregator's
            word, both at this process. Then the idle aggregator's processor time is taken.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: ArgumentHelp("Events that are due a second.", valueName: "number"))
    var rate = LiveBench.defaultRate

    @Option(help: ArgumentHelp("Seconds for which the aggregator is watched when all is over.", valueName: "number"))
    var idleSeconds: UInt64 = 5

    @Option(
        help: ArgumentHelp(
            "Measure the same work in another system too, where it is installed: postgresql.", valueName: "system"))
    var compare: BenchComparison?

    func validate() throws {
        try options.check(least: 10)
        guard (1...1_000_000).contains(rate) else { throw ValidationError("--rate is a number from 1 to 1000000") }
        guard (1...3_600).contains(idleSeconds) else { throw ValidationError("--idle-seconds is a number from 1 to 3600") }
    }

    func run() throws {
        try options.run(purpose: "live", defaultEvents: Int(10 * rate)) { run in
            var figures = try LiveBench(run: run, rate: rate, idleSeconds: idleSeconds).measure()
            if compare == .postgresql {
                figures.add(try PostgreSQLComparison(run, cities: 1).live(run.events, rate: rate, concord: figures))
            }
            return figures
        }
    }
}

struct BenchImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "A CSV file is imported into one city, and again.",
        discussion: """
            The time runs from the start of `concord import` to its end: reading the file twice (it is checked as a whole
            before anything is recorded), deduplicating by reference, commits with FULL, reading back, signing.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: 1) }

    func run() throws {
        try options.run(purpose: "import", defaultEvents: 1_000_000) { try ImportBench(run: $0).measure() }
    }
}

struct BenchRepairCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repair", abstract: "Destroyed entries are found, fetched and mended.",
        discussion: """
            An aggregator holds a city's log; while it is stopped, 200 entries at random places of its store are overwritten
            with zeros. It is started again, verified, and resynchronised. The bytes on the wire are all that its links
            carried during the resync, in both directions, TLS included.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: 1) }

    func run() throws {
        try options.run(purpose: "repair", defaultEvents: 1_000_000) { try RepairBench(run: $0).measure() }
    }
}

struct BenchScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Standings of many subjects, and single scores while a node catches up.",
        discussion: """
            A node holds ten events for each subject and computes the standings at a day with their root. Then an aggregator
            catches up with a tenth of the events while it is asked for the score and the explanation of one subject after
            another; the time is that of the whole answer over the control socket.
            """)

    @OptionGroup var options: BenchOptions

    func validate() throws { try options.check(least: 40) }

    func run() throws {
        try options.run(purpose: "score", defaultEvents: 10_000_000) { try ScoreBench(run: $0).measure() }
    }
}

struct BenchPagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pages", abstract: "The dashboard's pages and the API's answers, with many subjects.",
        discussion: """
            A node with three events of each subject, which records a hundred more a second meanwhile, is asked over HTTP for
            each page and each answer about scores, one request after another, subjects at random; the time is that until the
            last byte is here. Each hundred requests come over a connection of their own, from another loopback address, since
            one address is answered fifty requests a second. Then a day is asked for of which no standings are there yet, and
            the node is stopped while it computes those of another.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: ArgumentHelp("How many subjects.", valueName: "number"))
    var subjects = PagesBench.defaultSubjects

    @Option(help: ArgumentHelp("How many requests for each page.", valueName: "number"))
    var requests = PagesBench.defaultRequests

    func validate() throws {
        guard (1...10_000_000).contains(subjects) else { throw ValidationError("--subjects is a number from 1 to 10000000") }
        guard (1...1_000_000).contains(requests) else { throw ValidationError("--requests is a number from 1 to 1000000") }
        try options.check(least: subjects)
    }

    func run() throws {
        try options.run(purpose: "pages", defaultEvents: PagesBench.events(for: subjects)) {
            try PagesBench(run: $0, subjects: subjects, requests: requests).measure()
        }
    }
}

struct BenchWideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wide", abstract: "One aggregator and hundreds of cities.",
        discussion: """
            The cities are nodes of one process, the aggregator is another: it connects with all of them, catches up, and
            takes in one more event of each. The same is done before with a quarter of the cities that hold as many events
            together: memory and time grow with the events, not with the square of the cities. The cities do not take in each
            other's logs here: they share the disk.
            """)

    @OptionGroup var options: BenchOptions

    @Option(help: ArgumentHelp("How many cities.", valueName: "number"))
    var origins = WideBench.defaultOrigins

    func validate() throws {
        guard (1...1_000).contains(origins) else { throw ValidationError("--origins is a number from 1 to 1000") }
        try options.check(least: origins)
    }

    func run() throws {
        try options.run(purpose: "wide", defaultEvents: 337_000) { try WideBench(run: $0, origins: origins).measure() }
    }
}
