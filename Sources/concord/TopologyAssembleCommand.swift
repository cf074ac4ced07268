internal import ArgumentParser
internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import TransparencyLog

struct TopologyAssembleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "assemble", abstract: "Put nodes' public keys into a topology.",
        discussion: """
            Each key file is what concord node init wrote on one node. Everything else in the topology stays as it is. A \
            log key that the topology lists already is never replaced, since a log is what its key signed; a link key is. \
            With the key of a new epoch (concord node new-epoch) the version goes up by one. The rulebook is copied beside the output.

              concord topology assemble --topology topology.json --output shared.json \\
                *.keys.json
            """)

    @Option(
        help: ArgumentHelp("The topology; its rulebook lies beside it.", valueName: "file"),
        transform: FileArgument.init(parsing:))
    var topology: FileArgument

    @Option(help: ArgumentHelp("Where the topology with keys is written.", valueName: "file"))
    var output: String

    @Argument(
        help: ArgumentHelp("Public keys of a node.", valueName: "keyfile"), transform: FileArgument.init(parsing:))
    var keyFiles: [FileArgument]

    func run() throws {
        let files = try FederationFiles(topologyPath: topology.path)
        var assembly = try TopologyAssembly(files.topology, path: topology.path)
        for file in keyFiles { try assembly.add(PublicKeys(path: file.path), path: file.path) }
        let bytes = try assembly.bytes()
        try copyRulebook(files)
        try writeFile(output, bytes)
        try report(bytes)
    }

    /// A topology names its rulebook without a folder, so it has to lie beside the output as well.
    private func copyRulebook(_ files: FederationFiles) throws {
        let path = URL(fileURLWithPath: output).deletingLastPathComponent().appendingPathComponent(
            files.topology.rulebook
        ).path
        guard FileManager.default.fileExists(atPath: path) else { return try writeFile(path, files.rulebookBytes) }
        guard try readFile(path, limit: Limits.configurationBytes) == files.rulebookBytes else {
            throw NodeFailure(
                .refused, "\(path) is another rulebook than the topology's: move it away, or write the output elsewhere"
            )
        }
    }

    private func report(_ bytes: [UInt8]) throws {
        let assembled = try Topology(bytes)
        let lacking = assembled.nodesWithoutKeys
        try Output.line(
            lacking.isEmpty
                ? "\(output) has the keys of every node: install it on each with concord topology install"
                : "\(output) is written; without keys as yet: \(lacking.joined(separator: ", "))")
    }
}

/// A topology's JSON in which the keys of nodes are filled in; its members keep their order.
struct TopologyAssembly {
    private let topology: Topology
    private let path: String
    private let document: JSONValue
    private var added: [(keys: PublicKeys, path: String)] = []

    init(_ topology: Topology, path: String) throws {
        self.topology = topology
        self.path = path
        document = try JSONValue.parse(topology.bytes)
    }

    mutating func add(_ keys: PublicKeys, path keyPath: String) throws {
        guard keys.federation == topology.federation else {
            throw NodeFailure(
                .refused, "\(keyPath) is of \(keys.federation), but \(path) describes \(topology.federation)")
        }
        guard let index = topology.index(ofNode: keys.node) else {
            throw NodeFailure(.refused, "\(keyPath) holds keys of \(keys.node), which is no node of \(path)")
        }
        if let other = added.first(where: { $0.keys.node == keys.node }) {
            throw NodeFailure(.refused, "\(other.path) and \(keyPath) both hold keys of \(keys.node): name one of them")
        }
        let listed = topology.nodes[index].keys.map(\.description)
        for key in keys.keys where !listed.contains(key) {
            // Two keys of one epoch have the same name, which stands before the first plus sign.
            guard !listed.contains(where: { $0.prefix { $0 != "+" } == key.prefix { $0 != "+" } }) else {
                throw NodeFailure(
                    .refused,
                    "\(path) lists another key for \(key.prefix { $0 != "+" }) than \(keyPath): a log keeps its key")
            }
        }
        added.append((keys, keyPath))
    }

    /// The file's bytes, indented, checked to be a topology.
    func bytes() throws -> [UInt8] {
        guard case .object(let members) = document.content else { throw NodeFailure(.internal, "\(path) is no object") }
        let filled = members.map { member in
            if member.name == "version", beginsEpoch { return JSONMember("version", .integer(topology.version + 1)) }
            guard member.name == "nodes", case .array(let nodes) = member.value.content else { return member }
            return JSONMember(member.name, .array(nodes.map(withKeys)))
        }
        let bytes = JSONValue.object(filled).indentedBytes
        do { _ = try Topology(bytes) } catch {
            throw NodeFailure(.refused, "with these keys \(path) is no topology: \(error)")
        }
        return bytes
    }

    /// Whether a node that has keys gets a further one: then it is another version of the topology.
    private var beginsEpoch: Bool {
        added.contains { added in
            guard let index = topology.index(ofNode: added.keys.node) else { return false }
            let listed = topology.nodes[index].keys.map(\.description)
            return !listed.isEmpty && added.keys.keys.contains { !listed.contains($0) }
        }
    }

    private func withKeys(_ node: JSONValue) -> JSONValue {
        guard case .object(let members) = node.content, case .string(let name)? = node["name"]?.content,
            let keys = added.first(where: { $0.keys.node == name })?.keys
        else { return node }
        var result: [JSONMember] = []
        for member in members where member.name != "tls_key" {
            guard member.name == "keys", case .array(let listed) = member.value.content else {
                result.append(member)
                continue
            }
            let new = keys.keys.map { JSONValue.string($0) }.filter { !listed.contains($0) }
            result.append(JSONMember("keys", .array(listed + new)))
            result.append(JSONMember("tls_key", .string(keys.linkKey)))
        }
        return .object(result)
    }
}
