internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Scoring

/// A federation whose nodes all live on this machine: a folder for each with new keys, and one topology for all, assembled
/// from those keys and loopback addresses.
struct LocalFederation: Sendable {
    let path: String
    let topology: Topology
    let rulebook: Rulebook
    /// By index in the topology.
    let folders: [NodeFolder]
    private let ports: ReservedPorts

    var names: [String] { topology.nodes.map(\.name) }
    /// The log that a node begins with.
    func origin(_ node: Int) -> [UInt8] { Array("\(topology.federation)/\(names[node])/1".utf8) }

    /// - Parameters:
    ///   - path: a folder that holds nothing.
    ///   - template: the text of a topology; addresses, keys and population are replaced.
    ///   - rulebook: the text of its rulebook.
    init(at path: String, template: [UInt8], rulebook: [UInt8], population: SyntheticPopulation) throws {
        self.path = path
        let draft = try Topology(template)
        ports = try ReservedPorts(draft.nodes.count)
        try makeFolder(path, mode: 0o700)
        let topologyFile = path + "/topology.json"
        try writeFile(path + "/" + draft.rulebook, rulebook)
        let addressed = try Self.addressed(template, population: population, ports: ports.ports)
        try writeFile(topologyFile, addressed)
        let folders = draft.nodes.map { NodeFolder(path + "/" + $0.name) }
        var assembly = try TopologyAssembly(Topology(addressed), path: topologyFile)
        for (folder, node) in zip(folders, draft.nodes) {
            try assembly.add(
                folder.initialize(topologyPath: topologyFile, node: node.name), path: folder.publicKeysFile(node.name))
        }
        try writeFile(topologyFile, assembly.bytes())
        for folder in folders { try folder.install(topologyPath: topologyFile) }
        let files = try FederationFiles(topologyPath: topologyFile)
        self.folders = folders
        topology = files.topology
        self.rulebook = files.rulebook
    }

    /// The template with this machine's addresses, another population, and no keys.
    private static func addressed(_ template: [UInt8], population: SyntheticPopulation, ports: [Int]) throws -> [UInt8] {
        let top = try JSONValue.parse(template)
        guard case .array(let nodes)? = top["nodes"]?.content else { throw NodeFailure(.invalid, "the topology has no nodes") }
        let addressed = zip(nodes, ports).map { node, port in
            node.setting([("address", .string("127.0.0.1:\(port)")), ("keys", []), ("tls_key", nil)])
        }
        // A schema that lies beside the template does not lie beside its copy.
        return top.setting([
            ("$schema", nil), ("nodes", .array(addressed)),
            (
                "population",
                [
                    "seed": .string(String(decoding: population.seed, as: UTF8.self)), "size": .integer(Int64(population.size)),
                ]
            ),
        ]).indentedBytes
    }
}

extension JSONValue {
    /// An object with some members set, those that it had in their places, or taken away.
    func setting(_ new: [(String, JSONValue?)]) -> JSONValue {
        guard case .object(var members) = content else { return self }
        for (name, value) in new {
            let place = members.firstIndex { $0.name.utf8.elementsEqual(name.utf8) }
            switch (place, value) {
            case (let place?, let value?): members[place] = JSONMember(name, value)
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(JSONMember(name, value))
            case (nil, nil): break
            }
        }
        return .object(members)
    }
}
