import Cryptography
import Encoding
import Federation
import SyncProtocol
import Testing
import TransparencyLog

/// A session of node 0 with node 1, as the state machine judges it.
private struct Judge: ~Copyable {
    private var machine: SessionStateMachine
    private let topology: Topology

    init(own: Hello = Self.hello("centre")) {
        topology = Self.topology
        machine = SessionStateMachine(own: own, linkPeer: 1)
    }

    static func hello(_ node: String, versions: ClosedRange<UInt16> = 1...1, federation: String = "pilot.example") -> Hello {
        Hello(
            minimumVersion: versions.lowerBound, maximumVersion: versions.upperBound, federation: Array(federation.utf8),
            node: Array(node.utf8), epoch: 1, topologyHash: Digest(), rulebookHash: Digest(), wallMilliseconds: 5)
    }

    private static let topology: Topology = {
        let nodes: [JSONValue] = ["centre", "city"].map { name in
            let key = SigningKey(seed: sha256(Array(name.utf8)).bytes)!
            let verifier = VerifierKey(name: Array("pilot.example/\(name)/1".utf8), key: VerifyingKey(key.publicKey)!)
            return [
                "name": .string(name), "title": .string(name), "roles": ["city", "authority"],
                "keys": [.string(verifier.description)],
                "tls_key": .string(base64(SigningKey(seed: sha256(key.seed).bytes)!.publicKey)),
                "address": "a.example:1", "peers": [], "quota": 5,
            ]
        }
        let file: JSONValue = [
            "federation": "pilot.example", "version": 1, "rulebook": "rulebook.json", "nodes": .array(nodes),
        ]
        return try! Topology(file.bytes)
    }()

    /// What a message leads to, in a word, and the refusal where it is one.
    mutating func hear(_ message: Message) -> (String, Refusal?) {
        switch machine.received(message, topology: topology) {
        case .open: ("open", nil)
        case .deliver: ("deliver", nil)
        case .refuse(let refusal): ("refuse", refusal)
        case .refused(let refusal): ("refused", refusal)
        case .ignore: ("ignore", nil)
        }
    }

    var isOpen: Bool { machine.isOpen }
    var isClosed: Bool { machine.isClosed }
}

struct SessionStateMachineTests {
    @Test func aSessionOpensWithTheOtherSidesHelloAndThenDelivers() {
        var judge = Judge()
        let before = judge.isOpen
        let (first, _) = judge.hear(.hello(Judge.hello("city")))
        let (second, _) = judge.hear(.ping)
        let after = judge.isOpen
        #expect(!before && first == "open" && second == "deliver" && after)
    }

    @Test(
        arguments: [(1...1, 1...1), (1...3, 2...9), (2...9, 1...2), (1...9, 4...4)]
            as [(ClosedRange<UInt16>, ClosedRange<UInt16>)])
    func versionsThatMeetOpenASession(_ own: ClosedRange<UInt16>, _ other: ClosedRange<UInt16>) {
        var judge = Judge(own: Judge.hello("centre", versions: own))
        let (outcome, _) = judge.hear(.hello(Judge.hello("city", versions: other)))
        #expect(outcome == "open")
    }

    @Test(arguments: [(1...1, 2...3), (4...9, 1...3), (2...2, 1...1)] as [(ClosedRange<UInt16>, ClosedRange<UInt16>)])
    func withoutACommonVersionBothRangesAreNamed(_ own: ClosedRange<UInt16>, _ other: ClosedRange<UInt16>) {
        var judge = Judge(own: Judge.hello("centre", versions: own))
        let (outcome, refusal) = judge.hear(.hello(Judge.hello("city", versions: other)))
        #expect(outcome == "refuse" && refusal?.code == Refusal.Code.version.rawValue)
        let message = refusal?.message ?? ""
        #expect(message.contains("\(own.lowerBound) to \(own.upperBound)"))
        #expect(message.contains("\(other.lowerBound) to \(other.upperBound)"))
        let closed = judge.isClosed
        #expect(closed)
    }

    @Test func anotherFederationIsRefusedByName() {
        var judge = Judge()
        let (outcome, refusal) = judge.hear(.hello(Judge.hello("city", federation: "volunteers.example")))
        #expect(outcome == "refuse" && refusal?.code == Refusal.Code.federation.rawValue)
        #expect(refusal?.message.contains("pilot.example") == true && refusal?.message.contains("volunteers.example") == true)
    }

    @Test func aNodeThatTheLinkKeyIsNotOfIsRefused() {
        var judge = Judge()
        let (outcome, refusal) = judge.hear(.hello(Judge.hello("centre")))
        #expect(outcome == "refuse" && refusal?.code == Refusal.Code.wrongNode.rawValue)
        #expect(refusal?.message.contains("city") == true && refusal?.message.contains("centre") == true)
    }

    @Test func helloIsSaidOnce() {
        var judge = Judge()
        _ = judge.hear(.hello(Judge.hello("city")))
        let (outcome, refusal) = judge.hear(.hello(Judge.hello("city")))
        #expect(outcome == "refuse" && refusal?.code == Refusal.Code.protocolViolation.rawValue)
    }

    @Test func nothingIsTakenBeforeHello() {
        for message in Samples.all + [.unknown(type: 99)] where message.type > 2 {
            var judge = Judge()
            let (outcome, refusal) = judge.hear(message)
            #expect(outcome == "refuse" && refusal?.code == Refusal.Code.protocolViolation.rawValue)
        }
    }

    @Test func whatIsNotKnownIsPassedOver() {
        var judge = Judge()
        _ = judge.hear(.hello(Judge.hello("city")))
        let (unknown, _) = judge.hear(.unknown(type: 99))
        let (known, _) = judge.hear(.ping)
        #expect(unknown == "ignore" && known == "deliver")
    }

    @Test func aRefusalEndsTheSessionAtAnyTime() {
        let refusal = Refusal(.replaced, "a newer link")
        var waiting = Judge()
        let (first, told) = waiting.hear(.refusal(refusal))
        #expect(first == "refused" && told == refusal)
        var open = Judge()
        _ = open.hear(.hello(Judge.hello("city")))
        let (second, _) = open.hear(.refusal(refusal))
        let (after, _) = open.hear(.ping)
        let closed = open.isClosed
        #expect(second == "refused" && after == "ignore" && closed)
    }

    @Test func aHelloOfALaterVersionWithMoreInItIsUnderstood() throws {
        let bytes = Message.hello(Judge.hello("city", versions: 1...7)).bytes + [0, 9, 1, 2, 3]
        var judge = Judge()
        let (outcome, _) = judge.hear(try Message(type: 1, payload: bytes))
        #expect(outcome == "open")
    }
}
