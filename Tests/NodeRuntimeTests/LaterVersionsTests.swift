import Cryptography
import Encoding
import Federation
import Foundation
import NodeRuntime
import Storage
import Testing
import TransparencyLog

/// What a city of a later version records, a node of this one keeps, forwards, counts and does not score.
@Suite(.serialized) struct LaterVersionsTests {
    private static let day: JSONValue = 19_000

    @Test func strangeEntriesTravelAndAreCountedAndEveryoneAgreesOnTheRest() async throws {
        let federation = try TestFederation(
            ["city", "between", "nation"], links: [("city", "between"), ("between", "nation")])
        try await federation.startAll()
        try await federation.call("city", "record", drafts: [TestFederation.observation(1, "plus", day: 18_300)])
        let before = try await federation.call("nation", "converge", [("day", Self.day)])
        #expect(before["converged"]?.boolean == true, "\(before.text)")
        try await federation.stop("city")
        try Self.recordLater(federation.folder("city"), "city")
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
        try await federation.call("city", "record", drafts: [TestFederation.observation(2, "minus", day: 18_301)])
        let after = try await federation.call("nation", "converge", [("day", Self.day)])
        #expect(after["converged"]?.boolean == true, "\(after.text)")

        for name in ["between", "nation"] {
            let status = try await federation.call(name, "status")
            #expect(status["unreadable"]?.integer == 4, "\(status.text)")
            let city = status["logs"]?.array.first { $0["origin"]?.string == "test.example/city/1" }
            #expect(city?["complete"]?.integer == 7 && city?["published"]?.integer == 7)
            // The observation with extensions counts like any other.
            let scores = try await [1, 2, 3].asyncMap { try await Self.score(federation, name, $0) }
            #expect(scores == [1_027, 1_019, 1_027], "\(scores)")
            let verified = try await federation.call(name, "verify")
            #expect(verified["sound"]?.boolean == true, "\(verified.text)")
        }
        try await federation.end()
    }

    private static func score(_ federation: TestFederation, _ name: String, _ subject: UInt64) async throws -> Int64? {
        let subject = JSONValue.string("\(TestFederation.subject(subject))")
        return try await federation.call(name, "score", [("subject", subject), ("day", Self.day)])["score"]?.integer
    }

    /// Appends to a stopped node's own log, as a later version would: an unknown kind with a body and without, an unknown
    /// version, a body that is none, and an observation with extensions.
    private static func recordLater(_ folder: NodeFolder, _ name: String) throws {
        let origin = OriginName("test.example/\(name)/1")!
        let extended = Body(
            salt: Array(0..<16), day: 18_302, subject: TestFederation.subject(3),
            content: .observation(factor: Array("plus".utf8), quantity: 1, reference: []), extensions: [1, 2, 3]
        ).encoded
        let unknown: [UInt8] = [1, 2, 3]
        let time: [UInt8] = [0, 0, 1, 2, 3, 4, 5, 6]
        let events: [(entry: [UInt8], body: [UInt8])] = [
            ([1, 99] + time + sha256(unknown).bytes, unknown), ([1, 99] + time, []), ([2, 1] + time + [7, 7, 7], []),
            (Entry(kind: .observation, recordedAt: 9, commitment: sha256(unknown)).encoded, unknown),
            (Entry(kind: .observation, recordedAt: 9, commitment: sha256(extended)).encoded, extended),
        ]
        var builder = PackedEntriesBuilder()
        for event in events { builder.append(entry: event.entry, body: event.body) }
        let piece = builder.finish()
        let key = try #require(SigningKey(seed: KeyFile.read(folder.logKeyFile)))
        let store = try LogStore(path: folder.logFile)
        try store.write { try $0.append(origin, [piece], leafHashes: events.map { leafHash($0.entry) }) }
        let state = try #require(store.state(origin))
        let checkpoint = Checkpoint(origin: origin.line, size: state.size, root: state.root)
        try store.write { try $0.setCheckpoint(SignedCheckpoint(signing: checkpoint, with: key)) }
        try store.close()
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ transform: (Element) async throws -> Value) async throws -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await transform(element)) }
        return values
    }
}
