internal import ArgumentParser
internal import Foundation
internal import Logging
internal import NodeRuntime
internal import ServiceLifecycle
internal import UnixSignals
internal import WebInterface

struct NodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "node", abstract: "Make a node, run it, see where it stands.",
        subcommands: [NodeInitCommand.self, NodeRunCommand.self, NodeStatusCommand.self, NodeNewEpochCommand.self])
}

struct NodeInitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a node's data folder with new keys.",
        discussion: """
            The private keys lie in DIR/keys, readable by the owner alone, and are never overwritten. The public keys are \
            written to DIR/NAME.keys.json: collect this file from every node, put all into the topology with \
            `concord topology assemble`, and install the result with `concord topology install`.

              concord node init --topology topology.json --node ghent --data /srv/ghent
            """)

    @Option(
        help: ArgumentHelp("The federation's topology; its rulebook lies beside it.", valueName: "file"),
        transform: FileArgument.init(parsing:))
    var topology: FileArgument

    @Option(help: ArgumentHelp("Which of the topology's nodes this one is.", valueName: "name"))
    var node: String

    @OptionGroup var data: DataOptions

    func run() throws {
        let folder = data.folder
        let keys = try folder.initialize(topologyPath: topology.path, node: node)
        try Output.lines([
            "\(keys.node) of \(keys.federation) has its data folder at \(folder.path)",
            "public keys: \(folder.publicKeysFile(node)), to be put into the topology with concord topology assemble",
        ])
    }
}

struct NodeRunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run", abstract: "Run a node until it is told to stop.",
        discussion: """
            The node links with its peers, exchanges logs, and answers the other commands on a socket in its data folder. \
            It logs to the standard error. Ctrl-C and SIGTERM stop it: what is recorded is durable at any time.

              concord node run --data /srv/ghent --log-level info

            With --http it also serves the dashboard, the JSON API, metrics, health and log tiles. What concerns a single \
            subject needs a token there: see concord tokens. Plain HTTP belongs on the loopback address; other machines \
            come in through a proxy with TLS, whose name --http-name admits.

              concord node run --data /srv/ghent --http 8480
              concord node run --data /srv/ghent --http 127.0.0.1:8480 \
                --http-name ghent.example
            """)

    @Option(
        help: ArgumentHelp(
            "What is logged: \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", ")).", valueName: "level"),
        transform: Self.level)
    var logLevel = Logger.Level.notice

    @Flag(
        help: "Stop when the standard input ends: for a node that another process starts and that must not outlive it.")
    var untilStdinCloses = false

    @Option(
        help: ArgumentHelp(
            "Serve HTTP there: a port of the loopback address (0: a free one), or HOST:PORT.", valueName: "address"),
        transform: Self.address)
    var http: WebOptions?

    @Option(help: ArgumentHelp("A host name by which HTTP requests may call this node.", valueName: "name"))
    var httpName: [String] = []

    @OptionGroup var data: DataOptions

    @Sendable private static func address(_ text: String) throws -> WebOptions {
        guard let options = WebOptions(text) else {
            throw ArgumentFailure("an address is PORT, HOST:PORT or [IPV6]:PORT, the port from 0 to 65535")
        }
        return options
    }

    func validate() throws {
        guard http != nil || httpName.isEmpty else { throw ValidationError("--http-name belongs to --http: give both") }
    }

    @Sendable private static func level(_ text: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: text.lowercased()) else {
            throw ArgumentFailure("a level is one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return level
    }

    func run() async throws {
        if untilStdinCloses { Lifeline.watch() }
        let logger = Logger(label: "concord") { _ in LogOutput(logLevel: logLevel) }
        // The group tells of each signal and service; the node's own lines say enough.
        let groupLogger = Logger(label: "concord.lifecycle") { _ in LogOutput(logLevel: max(logLevel, .error)) }
        let metrics = MetricsRegistry()
        let service = try NodeService(folder: data.folder, logger: logger, metrics: metrics)
        var services: [ServiceGroupConfiguration.ServiceConfiguration] = [.init(service: service)]
        if var options = http {
            options.names = httpName
            let web = WebService(commands: service.commands, options: options, registry: metrics, logger: logger)
            // Behind the node, so that it is stopped before it. Where it cannot listen, the node is stopped in order, too.
            services.append(.init(service: web, failureTerminationBehavior: .gracefullyShutdownGroup))
        }
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigint, .sigterm], logger: groupLogger))
        do { try await group.run() } catch { throw NodeFailure(error) }
    }
}
