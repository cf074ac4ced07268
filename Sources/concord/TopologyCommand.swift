internal import ArgumentParser
internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring

struct TopologyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "topology", abstract: "Check a topology, read it, put keys into it, give it to a node.",
        subcommands: [
            TopologyCheckCommand.self, TopologyShowCommand.self, TopologyAssembleCommand.self,
            TopologyInstallCommand.self,
        ])
}

struct TopologyCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Say whether nodes would load a topology with the rulebook beside it.")

    @Argument(help: ArgumentHelp("The topology's file.", valueName: "file"), transform: FileArgument.init(parsing:))
    var file: FileArgument

    func run() throws {
        let files = try FederationFiles(topologyPath: file.path)
        let topology = files.topology
        var lines = [
            "\(file.path) is sound: \(topology.federation), version \(topology.version), \(counted(topology.nodes.count, "node")), "
                + "rulebook \(files.rulebook.name) version \(files.rulebook.version)",
            "  SHA-256 \(base64(topology.hash.bytes))",
        ]
        let lacking = topology.nodesWithoutKeys
        if !lacking.isEmpty { lines.append("  without keys as yet: \(lacking.joined(separator: ", "))") }
        let apart = topology.nodesApart
        if !apart.isEmpty {
            lines.append("  no chain of links leads from \(topology.nodes[0].name) to \(apart.joined(separator: ", "))")
        }
        try Output.lines(lines)
    }
}

extension Topology {
    /// Names of the nodes that no chain of links joins with the first: logs would never reach them.
    fileprivate var nodesApart: [String] {
        var reached = [true] + Array(repeating: false, count: nodes.count - 1)
        var waiting = [0]
        while let place = waiting.popLast() {
            for other in nodes.indices where !reached[other] && areLinked(place, other) {
                reached[other] = true
                waiting.append(other)
            }
        }
        return nodes.indices.filter { !reached[$0] }.map { nodes[$0].name }
    }
}

struct TopologyShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a topology as a table of its nodes and links.")

    @Argument(help: ArgumentHelp("The topology's file.", valueName: "file"), transform: FileArgument.init(parsing:))
    var file: FileArgument

    func run() throws {
        let topology = try FederationFiles.topology(file.path)
        var lines = ["\(topology.federation), version \(topology.version), rulebook \(topology.rulebook)"]
        if let population = topology.population {
            lines.append(
                "\(grouped(population.size)) synthetic residents of seed \(String(decoding: population.seed, as: UTF8.self))"
            )
        }
        var table = Table([
            ("node", .left), ("title", .left), ("roles", .left), ("address", .left), ("links", .left), ("logs", .right),
            ("quota", .right),
        ])
        for (place, node) in topology.nodes.enumerated() {
            let links = topology.nodes.indices.filter { $0 != place && topology.areLinked(place, $0) }.map {
                topology.nodes[$0].name
            }
            table.append([
                node.name, node.title, node.roles.map(\.rawValue).joined(separator: ", "), node.address,
                links.joined(separator: ", "), grouped(node.keys.count), grouped(node.quota),
            ])
        }
        try Output.lines(lines + [""] + table.lines)
    }
}

struct TopologyInstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Put an assembled topology and its rulebook into a node's data folder.",
        discussion: """
            The topology must be of the node's federation and list the keys that lie in the folder. A running node takes \
            it up when it is started again.

              concord topology install shared.json --data /srv/ghent
            """)

    @Argument(
        help: ArgumentHelp("The assembled topology; its rulebook lies beside it.", valueName: "file"),
        transform: FileArgument.init(parsing:))
    var file: FileArgument

    @OptionGroup var data: DataOptions

    func run() throws {
        let folder = data.folder
        try folder.install(topologyPath: file.path)
        try Output.line("\(file.path) and its rulebook are in \(folder.path)")
    }
}
