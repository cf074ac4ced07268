internal import ArgumentParser
internal import NodeRuntime

struct DrillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drill", abstract: "Do real harm to real nodes, and see that nothing is lost.",
        discussion: """
            Each drill starts a federation of processes of this same program in a temporary folder, has its cities record
            events, remembers every one that a city acknowledged, and does its faults. Then it checks that every
            acknowledged event is there exactly once at every node, that every store verifies, that nobody is accused of a
            fork, and that all nodes attest the same standings.

              concord drill all --quick
              concord drill kill --kills 200
              concord drill files --rounds 300 --seed another

            EXIT STATUS: 0 all held; 1 something did not, and the stores are kept; 69 this system does not permit a drill
            (full and read-only mount file systems: they need root or user namespaces).
            """,
        subcommands: [
            DrillKillCommand.self, DrillPauseCommand.self, DrillFilesCommand.self, DrillFullCommand.self,
            DrillReadOnlyCommand.self, DrillConnectionsCommand.self,
            DrillAllCommand.self,
        ])
}

struct DrillKillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kill", abstract: "kill -9 of nodes at random moments under load.",
        discussion: """
            Cities and the aggregator are killed at random moments, also while they start, one by one and sometimes all at
            once, and started again at once or after a pause.
            """)

    @Option(help: ArgumentHelp("How many kills.", valueName: "number"))
    var kills = 200

    @Option(help: ArgumentHelp("How many cities beside the aggregator.", valueName: "number"))
    var cities = 4

    @OptionGroup var options: DrillOptions

    func validate() throws {
        try DrillOptions.check("kills", kills, 1...1_000_000)
        try DrillOptions.check("cities", cities, 2...16)
    }

    func run() throws { try options.run([("kill", { try KillDrill(kills: kills, cities: cities, drill: $0).run() })]) }
}

struct DrillPauseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause", abstract: "Nodes stand still for a while and go on (SIGSTOP, SIGCONT).",
        discussion: """
            The first --long pauses last longer than the 30 seconds of silence after which links are given up, the others
            up to four seconds.
            """)

    @Option(help: ArgumentHelp("How many pauses.", valueName: "number"))
    var pauses = 30

    @Option(help: ArgumentHelp("How many of them are longer than the watchdog.", valueName: "number"))
    var long = 3

    @OptionGroup var options: DrillOptions

    func validate() throws {
        try DrillOptions.check("pauses", pauses, 1...1_000_000)
        try DrillOptions.check("long", long, 0...pauses)
    }

    func run() throws { try options.run([("pause", { try PauseDrill(pauses: pauses, longPauses: long, drill: $0).run() })]) }
}

struct DrillFilesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "files", abstract: "Damage files of nodes on disk.",
        discussion: """
            Bits are flipped, files cut short, parts of a file copied elsewhere in it, parts, whole files and whole folders
            put back as they were before, at random places of databases, write-ahead logs and small files, of nodes that are
            stopped, killed or running. Then the node is started and its words are followed: either nothing has to be done,
            or concord verify finds it and concord resync mends it, or the node does not start and says what to do, and that
            helps. What was done in each round stands in rounds.log.
            """)

    @Option(help: ArgumentHelp("How many faults.", valueName: "number"))
    var rounds = 200

    @Option(help: ArgumentHelp("The number of the first one, to repeat it.", valueName: "number"))
    var first = 1

    @OptionGroup var options: DrillOptions

    func validate() throws {
        try DrillOptions.check("rounds", rounds, 1...1_000_000)
        try DrillOptions.check("first", first, 1...1_000_000)
    }

    func run() throws { try options.run([("files", { try FilesDrill(rounds: rounds, first: first, drill: $0).run() })]) }
}

struct DrillFullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "full", abstract: "A small disk fills up under a city and is freed.",
        discussion: """
            The city's data folder lies on a file system of its own, which a file fills up while the city records. It has to
            say so, to answer, to let an empty aggregator take its log, and to record again by itself once there is room;
            also where it is started while the disk is full. Needs root or user namespaces.
            """)

    @Option(help: ArgumentHelp("How often.", valueName: "number"))
    var rounds = 6

    @OptionGroup var options: DrillOptions

    func validate() throws { try DrillOptions.check("rounds", rounds, 1...10_000) }

    func run() throws { try options.run([("full", { try FullDrill(rounds: rounds, drill: $0).run() })], mounts: true) }
}

struct DrillReadOnlyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "read-only", abstract: "A city's folder, or files in it, can only be read.",
        discussion: """
            The node either serves what it has and says so, or does not start and says what is to be done. Needs root or
            user namespaces.
            """)

    @OptionGroup var options: DrillOptions

    func run() throws { try options.run([("read-only", { try ReadOnlyDrill(drill: $0).run() })], mounts: true) }
}

struct DrillConnectionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "connections", abstract: "Hostile connections to a node that replicates.",
        discussion: """
            Connections that trickle, stall in the handshake, send garbage, reset, use an unknown key, or have the key of a
            listed node and then flood the largest frames or are silent. In turns with and without them it is measured how
            much of what the cities record comes into the aggregator's answers: it must not fall by more than a fifth, and
            the aggregator's memory stay under 400 MB.
            """)

    @Option(help: ArgumentHelp("How many at once.", valueName: "number"))
    var count = 1_000

    @Option(help: ArgumentHelp("How many turns of four seconds each, with and without.", valueName: "number"))
    var turns = 5

    @OptionGroup var options: DrillOptions

    func validate() throws {
        try DrillOptions.check("count", count, 20...20_000)
        try DrillOptions.check("turns", turns, 1...10_000)
    }

    func run() throws {
        try options.run([("connections", { try ConnectionsDrill(count: count, turns: turns, drill: $0).run() })])
    }
}

struct DrillAllCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "all", abstract: "All drills, one after another.",
        discussion: """
            With --quick a small version of each, in two to three minutes; otherwise each with its own defaults.

              concord drill all --quick --json
            """)

    @Flag(help: "A small version of each.")
    var quick = false

    @OptionGroup var options: DrillOptions

    func run() throws {
        let quick = quick
        try options.run(
            [
                ("kill", { try KillDrill(kills: quick ? 30 : 200, cities: 4, drill: $0).run() }),
                ("pause", { try PauseDrill(pauses: quick ? 4 : 30, longPauses: quick ? 0 : 3, drill: $0).run() }),
                ("full", { try FullDrill(rounds: quick ? 1 : 6, drill: $0).run() }),
                ("read-only", { try ReadOnlyDrill(drill: $0).run() }),
                ("files", { try FilesDrill(rounds: quick ? 20 : 300, first: 1, drill: $0).run() }),
                ("connections", { try ConnectionsDrill(count: 1_000, turns: quick ? 2 : 5, drill: $0).run() }),
            ], mounts: true)
    }
}
