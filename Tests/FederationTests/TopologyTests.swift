import Cryptography
import Encoding
import Federation
import Foundation
import Testing
import TransparencyLog

struct TopologyTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Topology")

    private func load(_ federation: String) throws -> Topology {
        let url = Self.folder.appendingPathComponent(federation).appendingPathComponent("topology.json")
        return try Topology([UInt8](Data(contentsOf: url)))
    }

    @Test func theFederationsOfThisRepositoryLoad() throws {
        let pilot = try load("pilot")
        #expect(pilot.federation == "pilot.concord.example")
        #expect(pilot.population?.contains(SyntheticPopulation(seed: Array("pilot".utf8), size: 9).subject(8)) == true)
        #expect(pilot.nodes.filter { $0.roles.contains(.city) }.count == 5)
        #expect(pilot.isAuthority(nodeLine: Array("pilot.concord.example/national".utf8)))
        #expect(!pilot.isAuthority(nodeLine: Array("pilot.concord.example/shanghai".utf8)))
        #expect(!pilot.isAuthority(nodeLine: Array("other.example/national".utf8)))
        #expect(pilot.nodesWithoutKeys == pilot.nodes.map(\.name))
        #expect(pilot.nodes.allSatisfy { $0.keys.isEmpty })
        let volunteer = try load("volunteer")
        #expect(volunteer.population == nil)
        #expect(volunteer.index(ofNode: "office") == 3)
        #expect(volunteer.isAuthority(nodeLine: Array("volunteer.concord.example/office".utf8)))
    }

    @Test func theHashIsThatOfTheFilesBytes() throws {
        let draft = Draft()
        #expect(try draft.topology().hash == sha256(draft.bytes))
        #expect(try Topology(draft.bytes + [0x0a]).hash != sha256(draft.bytes))
    }

    @Test func assembledKeysAreFoundByTheirOrigins() throws {
        var draft = Draft()
        draft.nodes[0].keys = [Draft.logKey("pilot.example/a/1", 1), Draft.logKey("pilot.example/a/2", 2)]
        draft.nodes[0].tlsKey = Draft.publicKey(3)
        draft.nodes[1].keys = [Draft.logKey("pilot.example/b/7", 4)]
        let topology = try draft.topology()
        for (line, node) in [("pilot.example/a/1", 0), ("pilot.example/a/2", 0), ("pilot.example/b/7", 1)] {
            let origin = Array(line.utf8)
            #expect(topology.index(ofOrigin: origin) == node)
            #expect(topology.keys(ofOrigin: origin).map(\.name) == [origin])
        }
        #expect(topology.index(ofOrigin: Array("pilot.example/a/3".utf8)) == nil)
        #expect(topology.keys(ofOrigin: Array("pilot.example/a/3".utf8)).isEmpty)
        #expect(topology.index(ofLinkKey: topology.nodes[0].tlsKey!) == 0)
        #expect(topology.index(ofLinkKey: [UInt8](repeating: 0, count: 32)) == nil)
        #expect(topology.nodesWithoutKeys == ["b", "c"])
    }

    @Test func aLinkNeedsOneSideToNameTheOther() throws {
        var draft = Draft()
        draft.nodes[0].peers = ["b"]
        draft.nodes[1].peers = []
        draft.nodes[2].peers = ["a", "b"]
        draft.nodes[2].name = "c"
        let topology = try draft.topology()
        #expect(topology.areLinked(0, 1))
        #expect(topology.areLinked(1, 0))
        #expect(topology.areLinked(1, 2))
        draft.nodes[2].peers = ["a"]
        #expect(try !draft.topology().areLinked(1, 2))
    }

    @Test(arguments: [
        ("node.example:7400", "node.example", 7_400), ("10.0.0.1:1", "10.0.0.1", 1), ("[::1]:65535", "::1", 65_535),
        ("[2001:db8::7]:80", "2001:db8::7", 80),
    ])
    func anAddressIsAHostAndAPort(text: String, host: String, port: Int) throws {
        var draft = Draft()
        draft.nodes[0].address = text
        let node = try draft.topology().nodes[0]
        #expect(node.host == host)
        #expect(node.port == port)
        #expect(node.address == text)
    }

    @Test(arguments: [
        "", ":", "host", "host:", ":80", "host:0", "host:65536", "host:080", "host:+80", "host:80 ", "ho st:80", "host:x",
        "::1:80", "[::1]", "[::1:80", "::1]:80", "[]:80", "[host]:80", "a/b:80", "host:80:80",
    ])
    func whatIsNoAddressIsRefused(text: String) {
        var draft = Draft()
        draft.nodes[0].address = text
        let failure = #expect(throws: JSONFailure.self) { try draft.topology() }
        #expect(failure?.path == "nodes[0].address")
    }

    @Test func equalNodesAreEqual() throws {
        let draft = Draft()
        #expect(try draft.topology().nodes == draft.topology().nodes)
        var other = draft
        other.nodes[0].quota = 6
        #expect(try draft.topology().nodes != other.topology().nodes)
    }
}
