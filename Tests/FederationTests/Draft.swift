import Cryptography
import Encoding
import Federation
import TransparencyLog

/// A sound topology of three nodes, to be changed by a test.
struct Draft: Sendable {
    struct Node: Sendable {
        var name: String
        var roles: [String]
        var keys: [String] = []
        var tlsKey: String?
        var address: String
        var peers: [String]
        var quota: Int64 = 1_000
        var extra = false

        var value: JSONValue {
            var members = [
                JSONMember("name", .string(name)), JSONMember("title", .string("City \(name)")),
                JSONMember("roles", .array(roles.map { .string($0) })),
                JSONMember("keys", .array(keys.map { .string($0) })), JSONMember("address", .string(address)),
                JSONMember("peers", .array(peers.map { .string($0) })), JSONMember("quota", .integer(quota)),
            ]
            if let tlsKey { members.append(JSONMember("tls_key", .string(tlsKey))) }
            if extra { members.append(JSONMember("extra", 1)) }
            return .object(members)
        }
    }

    var members: [String: JSONValue] = [
        "federation": "pilot.example", "version": 1, "rulebook": "rulebook.json",
        "population": ["seed": "test", "size": 10],
    ]
    var nodes = [
        Node(name: "a", roles: ["city"], address: "a.example:7400", peers: ["b", "c"]),
        Node(name: "b", roles: ["city"], address: "b.example:7400", peers: ["c"]),
        Node(name: "c", roles: ["aggregator", "authority"], address: "c.example:7400", peers: ["a", "b"]),
    ]

    var bytes: [UInt8] {
        let names = members.keys.sorted()
        return JSONValue.object(
            names.map { JSONMember($0, members[$0]!) } + [JSONMember("nodes", .array(nodes.map(\.value)))]
        ).bytes
    }

    func topology() throws(JSONFailure) -> Topology { try Topology(bytes) }

    static func publicKeyBytes(_ number: UInt8) -> [UInt8] {
        SigningKey(seed: [UInt8](repeating: number, count: 32))!.publicKey
    }

    static func publicKey(_ number: UInt8) -> String { base64(publicKeyBytes(number)) }

    static func logKey(_ name: String, _ number: UInt8) -> String {
        VerifierKey(name: Array(name.utf8), key: VerifyingKey(publicKeyBytes(number))!).description
    }
}
