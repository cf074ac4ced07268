import Cryptography
import Encoding
import Federation
import Foundation
import NodeRuntime
import Storage
import Testing
import TransparencyLog

/// A stopped node begins its next epoch.
@Suite(.serialized) struct NewEpochTests {
    private let first = OriginName("test.example/city/1")!
    private let second = OriginName("test.example/city/2")!

    private var readOnly: LogStoreOptions {
        var options = LogStoreOptions()
        options.isReadOnly = true
        return options
    }

    @Test func whatWasNotPublishedGoesAlongAndNamesWhatItNamed() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        // Recorded while stopped: nothing of it is published.
        let subject = TestFederation.subject(1)
        try await federation.call(
            "city", "record", drafts: (0..<300).map { TestFederation.observation(1, "plus", day: 18_300 + UInt32($0)) })
        try await federation.call(
            "city", "record",
            drafts: [
                .body(
                    day: 18_600, subject: subject,
                    content: .retraction(target: Position(origin: first.line, index: 7), reason: Array("wrong".utf8))),
                .erasure(target: Position(origin: first.line, index: 9), ground: .recordedInError),
            ])
        let before = try await federation.call(
            "city", "score", [("subject", .string(subject.description)), ("day", .integer(19_000))])
        let folder = federation.folder("city")
        let epoch = try folder.beginEpoch(reason: "a test", atMilliseconds: 5)
        #expect(epoch.carried == 302)
        let beginning = try #require(try NodeIdentity(folder: folder).beginnings.first)
        #expect(beginning.epoch == 2 && beginning.atMilliseconds == 5 && beginning.reason == "a test")
        try federation.reassemble(with: epoch.keys)
        try await federation.startAll()
        // It is published when the peers have confirmed that there was nothing before.
        while try await federation.call("nation", "status")["logs"]?.array.first(where: {
            $0["origin"]?.string == second.description
        })?["complete"]?.integer != 300 { try await Task.sleep(for: .milliseconds(20)) }
        // The erased entry says nothing any more and stays behind, with its erasure; the retraction follows its target.
        let store = try LogStore(path: folder.logFile, options: readOnly)
        #expect(store.state(first)?.size == 0 && store.state(second)?.size == 300)
        let last = try #require(try store.entry(second, 299))
        let retraction = try Body(decoding: last.body, kind: .retraction)
        #expect(
            retraction.content
                == .retraction(target: Position(origin: second.line, index: 7), reason: Array("wrong".utf8)))
        #expect(Entry.commits(last.entry, to: last.body))
        try store.close()
        let report = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(report["converged"]?.boolean == true, "\(report.text)")
        let after = try await federation.call(
            "nation", "score", [("subject", .string(subject.description)), ("day", .integer(19_000))])
        #expect(after["score"]?.integer == before["score"]?.integer, "\(before.text) \(after.text) \(report.text)")
        try await federation.end()
    }

    /// An authority that thinks again lets a log grow and be cut anew: other entries come from the indices of the first.
    @Test func whatIsCutOffTwiceFromOneIndexGoesAlongBothTimes() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let folder = federation.folder("city")
        func history(_ mark: String, _ count: Int) -> [Draft] {
            (0..<count).map { TestFederation.observation(1, "plus", day: 18_300, reference: "\(mark)-\($0)") } + [
                .body(
                    day: 18_301, subject: TestFederation.subject(1),
                    content: .retraction(target: Position(origin: first.line, index: 2), reason: Array(mark.utf8)))
            ]
        }
        // What is named has to be there already.
        for drafts in [history("first", 300).dropLast(), history("first", 300).suffix(1)] {
            try await federation.call("city", "record", drafts: Array(drafts))
        }
        let epoch = try folder.beginEpoch(reason: "a test")
        #expect(epoch.carried == 301)
        var (pieces, hashes) = try packed(history("second", 20))
        var store = try LogStore(path: folder.logFile)
        try store.write { transaction in
            try transaction.append(first, pieces, leafHashes: hashes)
            try transaction.setAside(first, from: 12)
            try transaction.setAside(first, from: 0)
            // The same ones, fetched and cut off again, are not others.
            try transaction.append(first, pieces, leafHashes: hashes)
            try transaction.setAside(first, from: 0)
        }
        #expect(try store.asideCount() == 343)
        try store.close()
        try federation.reassemble(with: epoch.keys)
        try await federation.startAll()
        while try await federation.call("nation", "status")["logs"]?.array.first(where: {
            $0["origin"]?.string == second.description
        })?["complete"]?.integer != 322 { try await Task.sleep(for: .milliseconds(20)) }
        for name in federation.names { try await federation.stop(name) }
        store = try LogStore(path: folder.logFile, options: readOnly)
        (pieces, hashes) = (try store.packed(second, 0..<322), [])
        var places: [String: UInt64] = [:]
        var retracted: [String: Position] = [:]
        for (index, (entry, body)) in pieces.flatMap(\.unpacked).enumerated() {
            let content = try Body(decoding: body, kind: Entry(decoding: entry).kind).content
            switch content {
            case .observation(_, _, let reference): places[String(decoding: reference, as: UTF8.self)] = UInt64(index)
            case .retraction(let target, let reason): retracted[String(decoding: reason, as: UTF8.self)] = target
            default: break
            }
        }
        #expect(places.count == 320)
        for mark in ["first", "second"] {
            let place = try #require(places["\(mark)-2"])
            #expect(retracted[mark] == Position(origin: second.line, index: place))
        }
        try store.close()
        try await federation.end()
    }

    private func packed(_ drafts: [Draft]) throws -> ([PackedEntries], [Digest]) {
        var builder = PackedEntriesBuilder()
        var hashes: [Digest] = []
        for (offset, draft) in drafts.enumerated() {
            guard case .body(let day, let subject, let content) = draft else { continue }
            let body = Body(salt: randomBytes(16), day: day, subject: subject, content: content).encoded
            let entry = Entry(kind: content.kind, recordedAt: UInt64(offset), commitment: sha256(body)).encoded
            builder.append(entry: entry, body: body)
            hashes.append(leafHash(entry))
        }
        return ([builder.finish()], hashes)
    }

    @Test func keysAreKeptAndAreForTheirOwnerAlone() throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        defer { try? FileManager.default.removeItem(atPath: federation.root) }
        let folder = federation.folder("city")
        let old = try KeyFile.read(folder.logKeyFile)
        let epoch = try folder.beginEpoch(reason: "a test")
        #expect(try KeyFile.read(folder.logKeyFile(epoch: 1)) == old)
        #expect(try KeyFile.read(folder.logKeyFile) != old)
        #expect(!FileManager.default.fileExists(atPath: folder.logKeyFile(epoch: 2)))
        let new = try #require(SigningKey(seed: KeyFile.read(folder.logKeyFile)))
        #expect(try VerifierKey(epoch.keys.keys[1]).key.bytes == new.publicKey)
        #expect(try PublicKeys(path: folder.publicKeysFile("city")).keys == epoch.keys.keys)
    }

    /// Stopped after each step and begun again, it is the same epoch with the same key, and nothing recorded is lost.
    @Test(arguments: 0..<7) func anAttemptThatDidNotComeToItsEndIsRepeated(steps: Int) async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let folder = federation.folder("city")
        try await federation.call(
            "city", "record", drafts: (0..<30).map { TestFederation.observation(1, "plus", day: 18_300 + UInt32($0)) })
        let old = try KeyFile.read(folder.logKeyFile)
        let seed = SigningKey.generate().seed
        let all: [() throws -> Void] = [
            { try KeyFile.write(seed, to: folder.logKeyFile(epoch: 2)) },
            {
                let store = try LogStore(path: folder.logFile)
                try store.write { try $0.setAsideUnsigned(first) }
                try store.close()
            },
            { try KeyFile.write(old, to: folder.logKeyFile(epoch: 1)) },
            { #expect(rename(folder.logKeyFile(epoch: 2), folder.logKeyFile) == 0) },
            {
                let keys = try PublicKeys(path: folder.publicKeysFile("city"))
                let signing = try #require(SigningKey(seed: seed))
                let verifying = try #require(VerifyingKey(signing.publicKey))
                let both = PublicKeys(
                    federation: keys.federation, node: keys.node,
                    keys: keys.keys + [VerifierKey(name: second.line, key: verifying).description], linkKey: keys.linkKey)
                try writeFile(folder.publicKeysFile("city"), Array(both.json.text.utf8))
            },
            { try writeFile(folder.publishedFile, [], mode: 0o600) },
        ]
        for step in all.prefix(steps) { try step() }
        let epoch = try folder.beginEpoch(reason: "a test")
        if steps > 0 { #expect(try KeyFile.read(folder.logKeyFile) == seed) }
        #expect(try KeyFile.read(folder.logKeyFile(epoch: 1)) == old)
        #expect(epoch.origin == second && epoch.keys.keys.count == 2 && epoch.carried == 30)
        #expect(try PublicKeys(path: folder.publicKeysFile("city")).keys == epoch.keys.keys)
        #expect(try NodeIdentity(folder: folder).epoch == 2)
        let store = try LogStore(path: folder.logFile, options: readOnly)
        #expect(try store.asideCount() == 30 && store.state(first)?.size == 0)
        try store.close()
        try await federation.end()
    }

    @Test func aRunningNodeAndAnEmptyReasonAreRefused() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        #expect(throws: NodeFailure.self) { try federation.folder("city").beginEpoch(reason: "") }
        try await federation.start("city")
        let failure = #expect(throws: NodeFailure.self) { try federation.folder("city").beginEpoch(reason: "a test") }
        #expect(failure?.code == .unavailable)
        #expect(try NodeIdentity(folder: federation.folder("city")).epoch == 1)
        try await federation.end()
    }
}
