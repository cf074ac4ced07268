internal import Cryptography
internal import Encoding
internal import Federation
internal import Scoring
internal import TransparencyLog

/// Small files of a federation, for seeds.
enum FuzzFiles {
    static let topology = topology(nodes: [node("north"), node("south")])

    private static func node(_ name: String) -> JSONValue {
        let key = name == "north" ? FuzzMaterial.keys[0] : FuzzMaterial.keys[1]
        var members = [
            JSONMember("name", .string(name)), JSONMember("title", .string("The \(name)")),
            JSONMember("roles", name == "north" ? ["city"] : ["aggregator", "authority"]),
            JSONMember("keys", [.string(key.description)]), JSONMember("address", .string("\(name).example:7411")),
            JSONMember("peers", name == "north" ? ["south"] : []), JSONMember("quota", 1_000_000),
        ]
        // A key serves one purpose, so it is not the log's. The other node has no link yet.
        if name == "north" { members.append(JSONMember("tls_key", .string(base64(FuzzMaterial.key(9).publicKey)))) }
        return .object(members)
    }

    private static func topology(nodes: [JSONValue]) -> [UInt8] {
        let file: JSONValue = [
            "federation": .string(FuzzMaterial.federation), "version": 1, "rulebook": "rulebook.json",
            "population": ["seed": "seed", "size": 200], "nodes": .array(nodes),
        ]
        return file.bytes
    }

    /// A topology as a file would state it again.
    static func json(_ topology: Topology) -> JSONValue {
        var members = [
            JSONMember("federation", .string(topology.federation)), JSONMember("version", .integer(topology.version)),
            JSONMember("rulebook", .string(topology.rulebook)),
        ]
        if let population = topology.population {
            let seed = String(decoding: population.seed, as: UTF8.self)
            members.append(JSONMember("population", ["seed": .string(seed), "size": .integer(Int64(population.size))]))
        }
        members.append(JSONMember("nodes", .array(topology.nodes.map(json))))
        return .object(members)
    }

    private static func json(_ node: TopologyNode) -> JSONValue {
        var members = [
            JSONMember("name", .string(node.name)), JSONMember("title", .string(node.title)),
            JSONMember("roles", .array(node.roles.map { .string($0.rawValue) })),
            JSONMember("keys", .array(node.keys.map { .string($0.description) })),
            JSONMember("address", .string(node.address)), JSONMember("peers", .array(node.peers.map { .string($0) })),
            JSONMember("quota", .integer(Int64(node.quota))),
        ]
        if let key = node.tlsKey { members.append(JSONMember("tls_key", .string(base64(key)))) }
        return .object(members)
    }

    static let syntheticRulebook = rulebook("synthetic", category: "traffic", effect: "restriction")
    static let enrolledRulebook = rulebook("enrolled", category: "road-safety", effect: "benefit")

    private static func rulebook(_ population: String, category: String, effect: String) -> [UInt8] {
        let file: JSONValue = [
            "name": "test", "version": 1, "population": .string(population), "purpose": "safety", "start_day": "2020-01-01",
            "base": 1_000, "minimum": 350, "maximum": 1_300,
            "factors": [
                [
                    "code": "plus", "title": "good", "realm": "life", "category": .string(category), "purpose": "safety",
                    "points": 3, "expires_after_days": 365, "yearly_cap": 50,
                ]
            ],
            "streaks": [["code": "clean", "title": "nothing bad", "points": 1, "every_days": 30, "cap": 60]],
            "tiers": [
                ["name": "A", "from": 1_000, "effects": ["look"]], ["name": "B", "from": 350, "effects": []],
            ],
            "effects": [["code": "look", "title": "a look", "kind": .string(effect), "purpose": "safety"]],
        ]
        return file.bytes
    }

    static let cut: [UInt8] = {
        let origins = [FuzzMaterial.checkpoint(3), FuzzMaterial.checkpoint(8, isForking: true)].map {
            Cut.Origin(line: $0.origin, size: $0.size, root: $0.root)
        }
        let hashes = FuzzMaterial.leaves
        return Cut(topology: hashes[0], rulebook: hashes[1], day: 19_000, origins: origins).text
    }()
}
