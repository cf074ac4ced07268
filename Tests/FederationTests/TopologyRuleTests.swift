import Cryptography
import Encoding
import Federation
import Testing

struct TopologyRuleTests {
    /// A change to a sound topology, and what the refusal must say.
    struct Rule: Sendable, CustomTestStringConvertible {
        let path: String
        let words: String
        let change: @Sendable (inout Draft) -> Void
        var testDescription: String { "\(path): \(words)" }

        init(_ path: String, _ words: String, _ change: @escaping @Sendable (inout Draft) -> Void) {
            self.path = path
            self.words = words
            self.change = change
        }
    }

    static let rules: [Rule] = [
        Rule("federation", "a-z") { $0.members["federation"] = "" },
        Rule("federation", "a-z") { $0.members["federation"] = "Pilot.example" },
        Rule("federation", "a-z") { $0.members["federation"] = "pilot/example" },
        Rule("federation", "a-z") { $0.members["federation"] = .string(String(repeating: "a", count: 129)) },
        Rule("federation", "missing") { $0.members["federation"] = nil },
        Rule("version", "0") { $0.members["version"] = 0 },
        Rule("version", "string") { $0.members["version"] = "1" },
        Rule("version", "2147483648") { $0.members["version"] = 2_147_483_648 },
        Rule("rulebook", "file") { $0.members["rulebook"] = "" },
        Rule("rulebook", "file") { $0.members["rulebook"] = "../rulebook.json" },
        Rule("population.size", "0") { $0.members["population"] = ["seed": "s", "size": 0] },
        Rule("population.size", "1400000001") { $0.members["population"] = ["seed": "s", "size": 1_400_000_001] },
        Rule("population.seed", "missing") { $0.members["population"] = ["size": 1] },
        Rule("population.extra", "extra") { $0.members["population"] = ["seed": "s", "size": 1, "extra": 1] },
        Rule("surprise", "surprise") { $0.members["surprise"] = 1 },
        Rule("nodes", "1 to 4096") { $0.nodes = [] },
        Rule("nodes", "name a twice") { $0.nodes[1].name = "a" },
        Rule("nodes", "authority") { $0.nodes[2].roles = ["aggregator"] },
        Rule("nodes", "the peer d") { $0.nodes[0].peers = ["b", "d"] },
        Rule("nodes", "the peer a") { $0.nodes[0].peers = ["a"] },
        Rule("nodes", "peer b twice") { $0.nodes[0].peers = ["b", "c", "b"] },
        Rule("nodes[0].name", "1 to 63") { $0.nodes[0].name = "" },
        Rule("nodes[0].name", "a-z") { $0.nodes[0].name = "a.b" },
        Rule("nodes[0].name", "a-z") { $0.nodes[0].name = "A" },
        Rule("nodes[0].name", "1 to 63") { $0.nodes[0].name = String(repeating: "a", count: 64) },
        Rule("nodes[1].roles", "at least one") { $0.nodes[1].roles = [] },
        Rule("nodes[1].roles", "king") { $0.nodes[1].roles = ["king"] },
        Rule("nodes[1].roles", "city") { $0.nodes[1].roles = ["city", "city"] },
        Rule("nodes[0].quota", "0") { $0.nodes[0].quota = 0 },
        Rule("nodes[0].tls_key", "32 bytes") { $0.nodes[0].tlsKey = "AAAA" },
        Rule("nodes[0].tls_key", "32 bytes") { $0.nodes[0].tlsKey = "not base64" },
        Rule("nodes", "another node has") {
            $0.nodes[0].tlsKey = Draft.publicKey(1)
            $0.nodes[2].tlsKey = Draft.publicKey(1)
        },
        Rule("nodes", "is a log key") {
            $0.nodes[0].keys = [Draft.logKey("pilot.example/a/1", 1)]
            $0.nodes[0].tlsKey = Draft.publicKey(1)
        },
        Rule("nodes", "is a log key") {
            $0.nodes[1].tlsKey = Draft.publicKey(1)
            $0.nodes[2].keys = [Draft.logKey("pilot.example/c/1", 1)]
        },
        Rule("nodes", "stands elsewhere") {
            $0.nodes[0].keys = [Draft.logKey("pilot.example/a/1", 1)]
            $0.nodes[1].keys = [Draft.logKey("pilot.example/b/1", 1)]
        },
        Rule("nodes", "stands elsewhere") {
            $0.nodes[0].keys = [Draft.logKey("pilot.example/a/1", 1), Draft.logKey("pilot.example/a/2", 1)]
        },
        Rule("nodes[0].keys", "epoch 1 twice") {
            $0.nodes[0].keys = [Draft.logKey("pilot.example/a/1", 1), Draft.logKey("pilot.example/a/1", 2)]
        },
        Rule("nodes[0].keys", "pilot.example/a/<epoch>") { $0.nodes[0].keys = [Draft.logKey("pilot.example/b/1", 1)] },
        Rule("nodes[0].keys", "pilot.example/a/<epoch>") { $0.nodes[0].keys = [Draft.logKey("other.example/a/1", 1)] },
        Rule("nodes[0].keys", "pilot.example/a/<epoch>") { $0.nodes[0].keys = [Draft.logKey("pilot.example/a/0", 1)] },
        Rule("nodes[0].keys", "pilot.example/a/<epoch>") { $0.nodes[0].keys = [Draft.logKey("pilot.example/a/01", 1)] },
        Rule("nodes[0].keys", "pilot.example/a/<epoch>") { $0.nodes[0].keys = [Draft.logKey("pilot.example/a", 1)] },
        Rule("nodes[0].keys", "pilot.example/a/<epoch>") { $0.nodes[0].keys = [Draft.logKey("pilot.example/a/x/1", 1)] },
        Rule("nodes[0].keys", "the key id 00000000 is not that") {
            $0.nodes[0].keys = ["pilot.example/a/1+00000000+\(base64([1] + Draft.publicKeyBytes(1)))"]
        },
        Rule("nodes[0].keys", "C2SP verifier key") { $0.nodes[0].keys = ["no key"] },
    ]

    @Test func theDraftItselfIsSound() throws {
        #expect(try Draft().topology().nodes.map(\.name) == ["a", "b", "c"])
    }

    @Test(arguments: rules)
    func aBrokenRuleIsNamedWithItsPlace(rule: Rule) {
        var draft = Draft()
        rule.change(&draft)
        let failure = #expect(throws: JSONFailure.self) { try draft.topology() }
        #expect(failure?.path == rule.path)
        #expect(failure?.description.contains(rule.words) == true, "\(failure?.description ?? "nothing thrown")")
    }

    @Test func anUnknownMemberOfANodeIsRefused() {
        var draft = Draft()
        draft.nodes[1].extra = true
        let failure = #expect(throws: JSONFailure.self) { try draft.topology() }
        #expect(failure?.description.contains("nodes[1]") == true)
    }

    @Test func aFileOverItsLimitIsRefusedUnread() {
        let failure = #expect(throws: JSONFailure.self) {
            try Topology([UInt8](repeating: 0x20, count: Limits.configurationBytes + 1))
        }
        #expect(failure?.description.contains("\(Limits.configurationBytes)") == true)
    }

    @Test func aTopologyThatIsCutCrashesNothing() {
        var draft = Draft()
        draft.nodes[0].keys = [Draft.logKey("pilot.example/a/1", 1)]
        let bytes = draft.bytes
        for count in bytes.indices { #expect(throws: JSONFailure.self) { try Topology(Array(bytes[..<count])) } }
        for changed in flipped(bytes) { _ = try? Topology(changed) }
    }
}
