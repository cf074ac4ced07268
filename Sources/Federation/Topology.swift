package import Cryptography
package import Encoding
package import TransparencyLog

/// What a node may do. An authority rules on appeals, and its erasures and retractions count in every log.
package enum Role: String, CaseIterable, Sendable {
    case city, aggregator, authority
}

/// A node as the topology states it.
package struct TopologyNode: Equatable, Sendable {
    package let name: String
    package let title: String
    package let roles: [Role]
    /// C2SP verifier keys of its log, one per epoch, named by the origin lines; empty until `topology assemble`.
    package let keys: [VerifierKey]
    /// Ed25519 public key of its links; nil until `topology assemble`.
    package let tlsKey: [UInt8]?
    package let host: String
    package let port: Int
    package let peers: [String]
    /// Largest log size that is taken from it.
    package let quota: UInt64

    package var isAuthority: Bool { roles.contains(.authority) }
    package var address: String { host.utf8.contains(0x3a) ? "[\(host)]:\(port)" : "\(host):\(port)" }

    package static func == (left: TopologyNode, right: TopologyNode) -> Bool {
        left.name == right.name && left.keys.map(\.description) == right.keys.map(\.description)
            && left.tlsKey == right.tlsKey && left.address == right.address && left.peers == right.peers
            && left.roles == right.roles && left.quota == right.quota && left.title == right.title
    }
}

/// Who takes part in a federation, with which keys and links. The file's bytes are what is hashed.
package struct Topology: Sendable {
    package let bytes: [UInt8]
    package let hash: Digest
    package let federation: String
    package let version: Int64
    /// Name of the rulebook's file, beside the topology's.
    package let rulebook: String
    /// Nil where the population is enrolled.
    package let population: SyntheticPopulation?
    package let nodes: [TopologyNode]
    private let nodeOfOrigin: [[UInt8]: Int]
    private let authorityLines: Set<[UInt8]>

    /// Reads a file's bytes strictly; a failure names the member and the rule that it breaks.
    package init(_ bytes: [UInt8]) throws(JSONFailure) {
        guard bytes.count <= Limits.configurationBytes else {
            throw JSONFailure(at: nil, path: "", "is over \(Limits.configurationBytes) bytes")
        }
        var reader = try JSONObjectReader(JSONValue.parse(bytes))
        self.bytes = bytes
        hash = sha256(bytes)
        federation = try reader.string("federation")
        guard isTopologyName(federation, allowing: ".") else {
            throw reader.failure("federation", "must be 1 to 128 of a-z, 0-9, - and .")
        }
        version = try reader.integer("version", in: 1...Int64(Int32.max))
        rulebook = try reader.string("rulebook")
        guard !rulebook.isEmpty, !rulebook.utf8.contains(0x2f) else {
            throw reader.failure("rulebook", "must be the name of a file beside the topology")
        }
        population = try Self.population(&reader)
        var nodes: [TopologyNode] = []
        for var member in try reader.objects("nodes") {
            nodes.append(try TopologyNode(&member, federation: federation))
        }
        try reader.finish()
        try Self.check(nodes, reader)
        self.nodes = nodes
        var nodeOfOrigin: [[UInt8]: Int] = [:]
        for (index, node) in nodes.enumerated() { for key in node.keys { nodeOfOrigin[key.name] = index } }
        self.nodeOfOrigin = nodeOfOrigin
        let authorities = nodes.filter(\.isAuthority)
        authorityLines = Set(authorities.map { [federation] in Array("\(federation)/\($0.name)".utf8) })
    }

    private static func population(_ reader: inout JSONObjectReader) throws(JSONFailure) -> SyntheticPopulation? {
        guard var member = try reader.optionalObject("population") else { return nil }
        let seed = try member.string("seed")
        let size = try member.integer("size", in: 1...1_400_000_000)
        try member.finish()
        return SyntheticPopulation(seed: Array(seed.utf8), size: UInt64(size))
    }

    private static func check(_ nodes: [TopologyNode], _ reader: JSONObjectReader) throws(JSONFailure) {
        guard (1...Limits.nodes).contains(nodes.count) else {
            throw reader.failure("nodes", "must be 1 to \(Limits.nodes) nodes")
        }
        var names: Set<String> = []
        var linkKeys: Set<[UInt8]> = []
        var logKeys: Set<[UInt8]> = []
        for node in nodes {
            guard names.insert(node.name).inserted else { throw reader.failure("nodes", "name \(node.name) twice") }
            if let key = node.tlsKey, !linkKeys.insert(key).inserted {
                throw reader.failure("nodes", "give \(node.name) a tls_key that another node has")
            }
            for key in node.keys where !logKeys.insert(key.key.bytes).inserted {
                throw reader.failure("nodes", "give \(node.name) a log key that stands elsewhere already")
            }
        }
        // A key serves one purpose: what a link signs must never be a checkpoint.
        for node in nodes where node.tlsKey.map(logKeys.contains) ?? false {
            throw reader.failure("nodes", "give \(node.name) a tls_key that is a log key")
        }
        guard logKeys.count <= Limits.origins else {
            throw reader.failure("nodes", "list over \(Limits.origins) log keys")
        }
        try checkPeers(nodes, names, reader)
        guard nodes.contains(where: \.isAuthority) else {
            throw reader.failure("nodes", "must hold at least one node with the role authority, who can rule on appeals")
        }
    }

    private static func checkPeers(
        _ nodes: [TopologyNode], _ names: Set<String>, _ reader: JSONObjectReader
    ) throws(JSONFailure) {
        for node in nodes {
            var seen: Set<String> = []
            for peer in node.peers {
                guard peer != node.name, names.contains(peer) else {
                    throw reader.failure("nodes", "name for \(node.name) the peer \(peer), which is no other node here")
                }
                guard seen.insert(peer).inserted else {
                    throw reader.failure("nodes", "name for \(node.name) the peer \(peer) twice")
                }
            }
        }
    }
}

extension Topology {
    /// The keys of all nodes, those of earlier epochs among them, each with the name of its log.
    package var keys: [VerifierKey] { nodes.flatMap(\.keys) }

    package func index(ofNode name: String) -> Int? { nodes.firstIndex { $0.name == name } }

    package func index(ofOrigin line: [UInt8]) -> Int? { nodeOfOrigin[line] }

    /// Keys that may sign checkpoints of an origin line; none where it is not listed.
    package func keys(ofOrigin line: [UInt8]) -> [VerifierKey] {
        index(ofOrigin: line).map { nodes[$0].keys.filter { $0.name == line } } ?? []
    }

    package func index(ofLinkKey key: [UInt8]) -> Int? { nodes.firstIndex { $0.tlsKey == key } }

    /// Whether two nodes keep a link: either names the other as a peer.
    package func areLinked(_ first: Int, _ second: Int) -> Bool {
        nodes[first].peers.contains(nodes[second].name) || nodes[second].peers.contains(nodes[first].name)
    }

    /// Whether the node line of an origin, known or not, is that of an authority.
    package func isAuthority(nodeLine: [UInt8]) -> Bool { authorityLines.contains(nodeLine) }

    /// Names of the nodes that still lack keys.
    package var nodesWithoutKeys: [String] { nodes.filter { $0.keys.isEmpty || $0.tlsKey == nil }.map(\.name) }
}
