import Cryptography
import Encoding
import Federation
import SyncProtocol
import TransparencyLog

/// A federation made up for a test: names, keys and links.
struct TestFederation {
    static let name = "sim.example"

    let topology: Topology
    let logKeys: [SigningKey]
    let links: [(Int, Int)]
    /// Nodes that are in their second epoch.
    let renewed: Set<Int>

    /// - Parameters:
    ///   - links: pairs of nodes; the first of each names the second as its peer.
    ///   - renewed: nodes that have begun a second epoch; their first one's log is that of the federation without it.
    ///   - authorities: nodes with the role authority.
    init(
        _ names: [String], links: [(Int, Int)], quota: UInt64 = 1 << 40, renewed: Set<Int> = [], authorities: Set<Int> = [0]
    ) {
        let logKeys = names.indices.map { Self.key("log", names[$0] + (renewed.contains($0) ? " 2" : "")) }
        self.renewed = renewed
        var nodes: [JSONValue] = []
        for (index, name) in names.enumerated() {
            var keys = [Self.verifier(name, epoch: 1, renewed.contains(index) ? Self.key("log", name) : logKeys[index])]
            if renewed.contains(index) { keys.append(Self.verifier(name, epoch: 2, logKeys[index])) }
            let peers = links.filter { $0.0 == index }.map { JSONValue.string(names[$0.1]) }
            nodes.append([
                "name": .string(name), "title": .string(name),
                "roles": authorities.contains(index) ? ["aggregator", "authority"] : ["city"],
                "keys": .array(keys.map { .string($0.description) }),
                "tls_key": .string(base64(Self.key("link", name).publicKey)),
                "address": .string("\(name).example:7700"), "peers": .array(peers), "quota": .integer(Int64(quota)),
            ])
        }
        let file: JSONValue = [
            "federation": .string(Self.name), "version": 1, "rulebook": "rulebook.json", "nodes": .array(nodes),
        ]
        topology = try! Topology(Array(file.text.utf8))
        self.logKeys = logKeys
        self.links = links
    }

    private static func key(_ use: String, _ name: String) -> SigningKey {
        SigningKey(seed: sha256(Array("\(use) \(name)".utf8)).bytes)!
    }

    private static func verifier(_ node: String, epoch: Int, _ key: SigningKey) -> VerifierKey {
        VerifierKey(name: Array("\(name)/\(node)/\(epoch)".utf8), key: VerifyingKey(key.publicKey)!)
    }

    /// The log of a node's present epoch.
    func origin(_ node: Int) -> OriginName { OriginName(topology.nodes[node].keys.last!.name)! }

    var origins: [OriginName] { topology.keys.map { OriginName($0.name)! } }

    func hello(_ node: Int) -> Hello {
        Hello(
            federation: Array(Self.name.utf8), node: Array(topology.nodes[node].name.utf8),
            epoch: renewed.contains(node) ? 2 : 1,
            topologyHash: topology.hash, rulebookHash: sha256([]), wallMilliseconds: 0)
    }

    func sign(_ node: Int, size: UInt64, root: Digest) -> SignedCheckpoint {
        try! SignedCheckpoint(signing: Checkpoint(origin: origin(node).line, size: size, root: root), with: logKeys[node])
    }
}

extension TestFederation {
    static func star(_ count: Int) -> TestFederation {
        TestFederation(names(count), links: (1..<count).map { ($0, 0) })
    }

    static func line(_ count: Int) -> TestFederation {
        TestFederation(names(count), links: (1..<count).map { ($0, $0 - 1) })
    }

    static func ring(_ count: Int) -> TestFederation {
        TestFederation(names(count), links: (0..<count).map { ($0, ($0 + 1) % count) })
    }

    static func mesh(_ count: Int) -> TestFederation {
        TestFederation(names(count), links: (0..<count).flatMap { first in (0..<first).map { (first, $0) } })
    }

    static func names(_ count: Int) -> [String] { (0..<count).map { $0 == 0 ? "centre" : "city-\($0)" } }
}
