import Cryptography
import Encoding
import Federation
import Foundation
import NodeRuntime
import Storage
import Testing
import TransparencyLog

/// A city whose key signed two histories: from the proof to the epoch in which it goes on, over real stores and links.
@Suite(.serialized) struct ForkTests {
    private static let day: (String, JSONValue) = ("day", .integer(19_000))
    private let city = OriginName("test.example/city/1")!

    private func drafts(_ range: Range<Int>, _ mark: String) -> [Draft] {
        range.map { TestFederation.observation(UInt64($0 % 150), "plus", day: 18_300, reference: "\(mark)-\($0)") }
    }

    /// Replaces what a stopped city holds behind a size by other entries, and signs that too, as its key's thief would.
    private func fork(_ folder: NodeFolder, from size: UInt64, adding count: Int) throws -> [PackedEntries] {
        let store = try LogStore(path: folder.logFile)
        let key = try #require(SigningKey(seed: try KeyFile.read(folder.logKeyFile)))
        var builder = PackedEntriesBuilder()
        var hashes: [Digest] = []
        for index in 0..<count {
            let body = Body(
                salt: randomBytes(16), day: 18_301, subject: TestFederation.subject(UInt64(index)),
                content: .observation(factor: Array("minus".utf8), quantity: 1, reference: Array("other-\(index)".utf8)))
            let entry = Entry(
                kind: .observation, recordedAt: UInt64(index + 1) << 16, commitment: sha256(body.encoded))
            hashes.append(leafHash(entry.encoded))
            builder.append(entry: entry.encoded, body: body.encoded)
        }
        let pieces = [builder.finish()]
        try store.write { transaction in
            try transaction.truncate(city, to: size)
            try transaction.append(city, pieces, leafHashes: hashes)
            let state = try #require(transaction.state(city))
            let checkpoint = Checkpoint(origin: city.line, size: state.size, root: state.root)
            try transaction.setCheckpoint(SignedCheckpoint(signing: checkpoint, with: key))
        }
        try store.close()
        // Nothing outside the database tells that it once held something else.
        try writeFile(folder.publishedFile, [], mode: 0o600)
        return pieces
    }

    private func standing(_ federation: TestFederation, _ name: String, _ origin: OriginName) async throws -> JSONValue {
        let status = try await federation.call(name, "status")
        return try #require(status["logs"]?.array.first { $0["origin"]?.string == origin.description })
    }

    private func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        for _ in 0..<1_500 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NodeFailure(.unavailable, "waited in vain for \(what)")
    }

    /// A federation in which `city` has signed two histories that part at 400: 700 entries everywhere, 550 at home.
    private func forkedFederation() async throws -> TestFederation {
        let federation = try TestFederation(
            ["city", "other", "nation"], links: [("city", "nation"), ("other", "nation"), ("city", "other")])
        try await federation.startAll()
        try await federation.call("city", "record", drafts: drafts(0..<700, "a"))
        try await federation.call("other", "record", drafts: drafts(0..<50, "b"))
        let before = try await federation.call("nation", "converge", [Self.day])
        #expect(before["converged"]?.boolean == true, "\(before.text)")
        try await federation.stop("city")
        _ = try fork(federation.folder("city"), from: 400, adding: 150)
        try await federation.start("city")
        for name in federation.names {
            try await wait("\(name) to hold the proof") {
                try await standing(federation, name, city)["frozen"]?.boolean == true
            }
        }
        return federation
    }

    @Test func aForkIsProvenDecidedAndTheCityGoesOn() async throws {
        let federation = try await forkedFederation()
        try await exportsWhatVerifies(federation)

        // What the city records now is kept and not published, and it takes part in no cut.
        try await federation.call("city", "record", drafts: drafts(0..<5, "meanwhile"))
        let frozen = try await standing(federation, "city", city)
        #expect(frozen["published"]?.integer == 550)
        let status = try await federation.call("city", "status")
        // Beside the log, or at its end without a signature where the proof came before any of the other history.
        let recorded = try #require(frozen["recorded"]?.integer)
        #expect(try recorded + #require(status["aside"]?.integer) == 555)
        let advice = status["advice"]?.array.map { $0.string ?? "" } ?? []
        #expect(advice.contains { $0.contains("concord node new-epoch") })
        let without = try await federation.call("nation", "converge", [Self.day, ("timeout_ms", .integer(1_000))])
        let line = try #require(without["nodes"]?.array.first { $0["node"]?.string == "city" })
        #expect(line["verdict"]?.string?.contains("forked") == true, "\(without.text)")

        try await decide(federation)
        #expect(try await standing(federation, "city", city)["recorded"]?.integer == recorded)
        try await goOn(federation)
        try await federation.end()
    }

    private func exportsWhatVerifies(_ federation: TestFederation) async throws {
        let path = federation.root + "/export"
        try await federation.call("other", "export", [("path", .string(path))])
        var reader = ByteReader(try readFile("\(path)/forks/\(city)", limit: 1 << 16))
        let proof = try ForkProof(decoding: &reader)
        let topology = try Topology(readFile(path + "/topology.json", limit: 1 << 20))
        #expect(try proof.verify(keys: topology.keys) == city.line)
    }

    private func decide(_ federation: TestFederation) async throws {
        let size: (String, JSONValue) = ("size", .integer(700))
        let origin: (String, JSONValue) = ("origin", .string(city.description))
        await #expect(throws: NodeFailure.self) { try await federation.call("other", "decide", [origin, size]) }
        await #expect(throws: NodeFailure.self) {
            try await federation.call("nation", "decide", [origin, ("size", .integer(123))])
        }
        let decision = try await federation.call("nation", "decide", [origin, size])
        #expect(decision["decision"]?["number"]?.integer == 1)
        // Again it is the same; another one needs to be meant.
        #expect(try await federation.call("nation", "decide", [origin, size])["decision"]?["number"]?.integer == 1)
        await #expect(throws: NodeFailure.self) {
            try await federation.call("nation", "decide", [origin, ("size", .integer(550))])
        }
        for name in ["other", "nation"] {
            try await wait("\(name) to have settled") {
                let forks = try await federation.call(name, "forks")["forks"]?.array ?? []
                return forks.first?["settled"]?.boolean == true
            }
        }
        // The city has heard it too, and leaves its log as it is until its next epoch.
        try await wait("the city to know") {
            try await standing(federation, "city", city)["decided"]?.integer == 700
        }
    }

    private func goOn(_ federation: TestFederation) async throws {
        for name in federation.names { try await federation.stop(name) }
        let epoch = try federation.folder("city").beginEpoch(reason: "its key signed two histories")
        #expect(epoch.carried == 5 && epoch.origin.epoch == 2 && epoch.keys.keys.count == 2)
        let refused = #expect(throws: NodeFailure.self) { try federation.folder("city").beginEpoch(reason: "again") }
        #expect(refused?.message.contains("does not list") == true)
        try federation.reassemble(with: epoch.keys)
        try await federation.startAll()
        // The five that were never published, and the 150 that the decision discarded.
        let new = epoch.origin
        for name in federation.names {
            try await wait("\(name) to hold both epochs") {
                let old = try await standing(federation, name, city)
                let present = try await standing(federation, name, new)
                return old["complete"]?.integer == 700 && present["complete"]?.integer == 155
            }
        }
        let after = try await federation.call("city", "converge", [Self.day])
        #expect(after["converged"]?.boolean == true, "\(after.text)")
        for node in try #require(after["nodes"]).array { #expect(node["frontier"]?.integer == 905) }
        for name in federation.names {
            let verified = try await federation.call(name, "verify")
            #expect(verified["sound"]?.boolean == true, "\(name): \(verified.text)")
        }
        // What was discarded counts again: once published in the new epoch, each is one minus.
        let score = try await federation.call(
            "nation", "score", [("subject", .string(TestFederation.subject(149).description)), Self.day])
        let own = try await federation.call(
            "city", "score", [("subject", .string(TestFederation.subject(149).description)), Self.day])
        #expect(score["score"]?.integer == own["score"]?.integer)
        try await federation.call("city", "record", drafts: drafts(0..<10, "later"))
        let later = try await federation.call("other", "converge", [Self.day])
        #expect(later["converged"]?.boolean == true, "\(later.text)")
    }

    /// The decision goes against what most hold: they cut, and fetch what only the city holds.
    @Test func theCitysOwnBranchCanBeTheDecidedOne() async throws {
        let federation = try await forkedFederation()
        let decision = try await federation.call(
            "nation", "decide", [("origin", .string(city.description)), ("size", .integer(550))])
        #expect(decision["decision"]?["size"]?.integer == 550)
        for name in federation.names { try await federation.stop(name) }
        let epoch = try federation.folder("city").beginEpoch(reason: "its key signed two histories")
        #expect(epoch.carried == 0)
        try federation.reassemble(with: epoch.keys)
        try await federation.startAll()
        for name in federation.names {
            try await wait("\(name) to hold what was decided") {
                let forks = try await federation.call(name, "forks")["forks"]?.array ?? []
                return forks.first?["settled"]?.boolean == true
            }
        }
        let after = try await federation.call("nation", "converge", [Self.day])
        #expect(after["converged"]?.boolean == true, "\(after.text)")
        for node in try #require(after["nodes"]).array { #expect(node["frontier"]?.integer == 600) }
        for name in federation.names {
            #expect(try await federation.call(name, "verify")["sound"]?.boolean == true)
        }
        try await federation.end()
    }
}
