internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring
internal import TransparencyLog

/// Topology, rulebook and keys of a simulated federation; the last node is aggregator and authority.
struct SimulatedFederation {
    static let population = SyntheticPopulation(seed: Array("simulation".utf8), size: 1_000)
    static let startDay: UInt32 = 18_262

    private static let rulebookText = """
        {"name": "simulation", "version": 1, "population": "synthetic", "purpose": "to find what is wrong",
         "start_day": "2020-01-01", "base": 1000, "minimum": 350, "maximum": 1300,
         "factors": [
           {"code": "plus", "title": "something good", "realm": "life", "category": "conduct", "points": 3},
           {"code": "minus", "title": "something bad", "realm": "life", "category": "conduct", "points": -5,
            "yearly_cap": 50},
           {"code": "brief", "title": "soon forgotten", "realm": "digital", "category": "conduct", "points": -40,
            "expires_after_days": 90}],
         "streaks": [{"code": "streak", "title": "nothing bad", "points": 1, "every_days": 30, "cap": 60}],
         "tiers": [{"name": "A", "from": 1000, "effects": []}, {"name": "B", "from": 350, "effects": []}],
         "effects": []}
        """

    static let factors = ["plus", "minus", "brief"].map { Array($0.utf8) }

    let files: FederationFiles
    let keys: [NodeKeys]

    var topology: Topology { files.topology }
    var count: Int { topology.nodes.count }

    func name(_ node: Int) -> String { topology.nodes[node].name }

    /// - Parameter links: pairs of nodes; the first of each dials.
    init(count: Int, links: [(Int, Int)], seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let keys = try (0..<count).map { _ in
            guard let log = SigningKey(seed: random.bytes(32)), let link = SigningKey(seed: random.bytes(32)) else {
                throw NodeFailure(.internal, "32 bytes make no key")
            }
            return NodeKeys(log: log, link: link)
        }
        self.keys = keys
        let nodes = try (0..<count).map { try Self.node($0, keys[$0], links, isLast: $0 == count - 1) }
        let text = """
            {"federation": "simulation.example", "version": 1, "rulebook": "rulebook.json",
             "population": {"seed": "simulation", "size": \(Self.population.size)}, "nodes": [\(nodes.joined(separator: ", "))]}
            """
        let rulebook = try Rulebook.parse(bytes: Array(Self.rulebookText.utf8))
        files = FederationFiles(
            topology: try Topology(Array(text.utf8)), rulebook: rulebook, rulebookBytes: Array(Self.rulebookText.utf8))
    }

    private static func node(_ place: Int, _ keys: NodeKeys, _ links: [(Int, Int)], isLast: Bool) throws -> String {
        guard let key = VerifyingKey(keys.log.publicKey) else { throw NodeFailure(.internal, "a new key is none") }
        let verifier = VerifierKey(name: Array("simulation.example/\(name(place))/1".utf8), key: key)
        let peers = links.filter { $0.0 == place }.map { "\"\(name($0.1))\"" }
        return """
            {"name": "\(name(place))", "title": "\(name(place))",
             "roles": [\(isLast ? "\"aggregator\", \"authority\"" : "\"city\"")], "keys": ["\(verifier.description)"],
             "tls_key": "\(base64(keys.link.publicKey))", "address": "127.0.0.1:\(7_000 + place)",
             "peers": [\(peers.joined(separator: ", "))], "quota": 1000000}
            """
    }

    private static func name(_ place: Int) -> String { "city-\(place)" }
}
