import Cryptography
import Encoding
import Federation
import Simulation
import TestSupport
import Testing

struct BodyTests {
    private let shanghai = Position(origin: Array("pilot.concord.example/shanghai/1".utf8), index: 0)

    private func body(_ event: Vectors.Event) throws -> Body { try Body(decoding: event.body!, kind: event.kind) }

    @Test(arguments: Vectors.withBody)
    func everyBodyOfTheVectorsDecodesAndEncodesToItself(event: Vectors.Event) throws {
        let body = try body(event)
        #expect(body.content.kind == event.kind)
        #expect(body.encoded == event.body)
        #expect(body.flaw == nil)
    }

    @Test func theFieldsAreThoseOfTheVectors() throws {
        let observation = try body(Vectors.withBody[0])
        #expect(observation.day == 18_000)
        #expect(observation.subject == SubjectID(hex: "0000000000000001b73db48b96286b05"))
        #expect(
            observation.content
                == .observation(factor: Array("traffic.offence".utf8), quantity: 1, reference: Array("case-1".utf8)))
        let longest = try body(Vectors.withBody[1])
        #expect(
            longest.content
                == .observation(
                    factor: [UInt8](repeating: 0x66, count: 64), quantity: .max,
                    reference: [UInt8](repeating: 0xff, count: 64)))
        #expect(longest.extensions.count == Body.maximumExtensions)
        #expect(
            try body(Vectors.withBody[2]).content
                == .retraction(target: shanghai, reason: Array("wrong person, 上海".utf8)))
        #expect(
            try body(Vectors.withBody[4]).content
                == .ruling(target: shanghai, verdict: .overturned, reason: Array("overturned".utf8)))
        #expect(try body(Vectors.withBody[5]).content == .enrolment(statement: Array("signed form 17".utf8)))
    }

    @Test(arguments: Vectors.root["bad_body"]!.elements.map { $0["what"]!.string })
    func everyBadBodyOfTheVectorsIsRefused(what: String) throws {
        let vector = try #require(Vectors.root["bad_body"]!.elements.first { $0["what"]!.string == what })
        let kind = try #require(EventKind.allCases.first { $0.name == vector["kind"]!.string })
        #expect(throws: DecodingFailure.self) { try Body(decoding: vector["hex"]!.hexBytes, kind: kind) }
    }

    @Test(arguments: Vectors.withBody)
    func aBodyThatIsCutOrLengthenedIsRefused(event: Vectors.Event) {
        let bytes = event.body!
        for count in bytes.indices.filter({ $0 < 200 || $0 > bytes.count - 50 }) {
            #expect(throws: DecodingFailure.self) { try Body(decoding: Array(bytes[..<count]), kind: event.kind) }
        }
        #expect(throws: DecodingFailure.trailingBytes) { try Body(decoding: bytes + [0], kind: event.kind) }
    }

    @Test(arguments: Vectors.withBody)
    func aTurnedBitGivesAnotherBodyOrNone(event: Vectors.Event) throws {
        let original = try body(event)
        for changed in flipped(event.body!) {
            #expect(sha256(changed) != sha256(event.body!))
            guard let body = try? Body(decoding: changed, kind: event.kind) else { continue }
            #expect(body != original)
            #expect(body.encoded == changed)
            #expect(body.flaw == nil)
        }
    }

    @Test func anErasureHasNoBody() {
        #expect(throws: DecodingFailure.self) { try Body(decoding: Vectors.withBody[0].body!, kind: .erasure) }
    }

    @Test func whatIsFlawedDoesNotDecodeAndWhatIsNotDoes() throws {
        let salt = [UInt8](repeating: 3, count: 16)
        let subject = SubjectID(high: 1, low: 2)
        func body(_ content: Body.Content, salt: [UInt8]? = nil, extensions: Int = 0) -> Body {
            Body(
                salt: salt ?? [UInt8](repeating: 3, count: 16), day: .max, subject: subject, content: content,
                extensions: [UInt8](repeating: 0xff, count: extensions))
        }
        let long = [UInt8](repeating: 0x61, count: 256)
        let target = Position(origin: Array(long.dropLast()), index: .max)
        let sound = [
            body(.observation(factor: [0x61], quantity: 1, reference: [])),
            body(.retraction(target: target, reason: Array(long.dropLast()))), body(.appeal(target: target, reason: [])),
            body(.ruling(target: target, verdict: .upheld, reason: []), extensions: Body.maximumExtensions),
            body(.enrolment(statement: [])), body(.withdrawal(statement: Array(long.dropLast()))),
        ]
        for body in sound {
            #expect(body.flaw == nil)
            #expect(try Body(decoding: body.encoded, kind: body.content.kind) == body)
        }
        let flawed = [
            body(.enrolment(statement: []), salt: Array(salt.dropLast())), body(.enrolment(statement: []), salt: salt + [0]),
            body(.enrolment(statement: []), extensions: Body.maximumExtensions + 1),
            body(.observation(factor: [], quantity: 1, reference: [])),
            body(.observation(factor: Array(long.prefix(65)), quantity: 1, reference: [])),
            body(.observation(factor: [0xc3], quantity: 1, reference: [])),
            body(.observation(factor: [0x61], quantity: 0, reference: [])),
            body(.observation(factor: [0x61], quantity: -1, reference: [])),
            body(.observation(factor: [0x61], quantity: 1, reference: Array(long.prefix(65)))),
            body(.retraction(target: Position(origin: [], index: 0), reason: [])),
            body(.appeal(target: Position(origin: long, index: 0), reason: [])),
            body(.appeal(target: Position(origin: [0xff], index: 0), reason: [])),
            body(.ruling(target: target, verdict: .upheld, reason: long)),
            body(.retraction(target: target, reason: [0x80])), body(.enrolment(statement: long)),
            body(.withdrawal(statement: [0xe4, 0xb8])),
        ]
        for body in flawed { #expect(body.flaw != nil, "\(body)") }
    }

    @Test func randomBodiesCrashNothing() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<3_000 {
            let bytes = random.bytes(30...40) + random.bytes(0...60).map { $0 & 15 } + [0, 0]
            for kind in EventKind.allCases {
                if let body = try? Body(decoding: bytes, kind: kind) { #expect(body.encoded == bytes) }
            }
        }
    }
}
