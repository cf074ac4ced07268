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

    /// - Parameter links: pairs of nodes; the first of each names the second as its peer.
    init(_ names: [String], links: [(Int, Int)], quota: UInt64 = 1 << 40) {
        let logKeys = names.map { Self.key("log", $0) }
        var nodes: [JSONValue] = []
        for (index, name) in names.enumerated() {
            let origin = Array("\(Self.name)/\(name)/1".utf8)
            let verifier = VerifierKey(name: origin, key: VerifyingKey(logKeys[index].publicKey)!)
            let peers = links.filter { $0.0 == index }.map { JSONValue.string(names[$0.1]) }
            nodes.append([
                "name": .string(name), "title": .string(name),
                "roles": index == 0 ? ["aggregator", "authority"] : ["city"],
                "keys": [.string(verifier.description)],
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

    func origin(_ node: Int) -> OriginName { OriginName(topology.nodes[node].keys[0].name)! }

    func hello(_ node: Int) -> Hello {
        Hello(
            federation: Array(Self.name.utf8), node: Array(topology.nodes[node].name.utf8), epoch: 1,
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
