import Encoding
import Federation
import Foundation
import NodeRuntime
import Testing

/// A city that comes back with an old store fetches its own past, forks nothing and loses nothing.
@Suite(.serialized) struct RestoredBackupTests {
    private static let day: Int64 = 19_000

    private func record(_ federation: TestFederation, _ name: String, _ count: Int, _ mark: String) async throws {
        let drafts = (0..<count).map {
            TestFederation.observation(UInt64($0 % 150), "plus", day: 18_300, reference: "\(mark)-\($0)")
        }
        try await federation.call(name, "record", drafts: drafts)
    }

    private func own(_ federation: TestFederation, _ name: String) async throws -> JSONValue {
        let status = try await federation.call(name, "status")
        return try #require(status["logs"]?.array.first { $0["own"]?.boolean == true })
    }

    private func expectAgreement(_ federation: TestFederation, entries: Int64) async throws {
        let report = try await federation.call("nation", "converge", [("day", .integer(Self.day))])
        #expect(report["converged"]?.boolean == true, "\(report.text)")
        for node in try #require(report["nodes"]).array { #expect(node["frontier"]?.integer == entries, "\(report.text)") }
        for name in federation.names {
            let status = try await federation.call(name, "status")
            #expect(status["forks"]?.array.isEmpty == true && status["aside"]?.integer == 0)
            let verified = try await federation.call(name, "verify")
            #expect(verified["sound"]?.boolean == true, "\(verified.text)")
        }
    }

    /// Stops the city after more than its backup holds was published, and puts the backup in its place.
    private func fallBack(_ federation: TestFederation, keepsPublishedFile: Bool = false) async throws {
        let backup = federation.root + "/backup"
        try await record(federation, "city", 600, "before")
        try await federation.call("city", "backup", [("path", .string(backup))])
        try await record(federation, "city", 9_000, "after")
        try await expectAgreement(federation, entries: 9_600)
        try await federation.stop("city")
        if keepsPublishedFile {
            _ = try federation.folder("city").restore(from: backup, replacesDatabase: true)
        } else {
            try FileManager.default.removeItem(atPath: federation.folder("city").path)
            _ = try federation.folder("city").restore(from: backup, replacesDatabase: false)
        }
    }

    @Test(arguments: [true, false])
    func aRestoredCityFetchesItsPastAndGoesOn(keepsPublishedFile: Bool) async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await fallBack(federation, keepsPublishedFile: keepsPublishedFile)
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
        try await record(federation, "city", 50, "later")
        try await expectAgreement(federation, entries: 9_650)
        try await federation.end()
    }

    @Test func whatWasRecordedMeanwhileFollowsBehindThePast() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await fallBack(federation)
        try await federation.stop("nation")
        try await federation.start("city")
        // Nobody can be asked: it records, and its own answers know of it, but nothing is published.
        try await record(federation, "city", 40, "alone")
        let target = Position(origin: Array("test.example/city/1".utf8), index: 610)
        let retraction = Draft.body(
            day: 18_301, subject: TestFederation.subject(10), content: .retraction(target: target, reason: Array("wrong".utf8)))
        try await federation.call("city", "record", drafts: [retraction])
        let alone = try await own(federation, "city")
        #expect(alone["recorded"]?.integer == 641 && alone["published"]?.integer == 600)
        let past = try await federation.call("city", "status")["past"]
        #expect(past?["unheard"]?.array.map(\.string) == ["nation"])
        // The same again, after a stop: recorded once.
        try await federation.stop("city")
        try await federation.start("city")
        try await record(federation, "city", 40, "alone")
        try await federation.start("nation")
        try await federation.waitUntilConfirmed("city")
        try await expectAgreement(federation, entries: 9_641)
        // The retraction names the event where it stands now.
        let subject = JSONValue.string("\(TestFederation.subject(10))")
        for name in federation.names {
            let explanation = try await federation.call(name, "explain", [("subject", subject), ("day", .integer(Self.day))])
            let lines = try #require(explanation["lines"]).array.compactMap(\.string)
            #expect(
                lines.contains {
                    $0.contains("test.example/city/1:9610") && $0.contains("retracted by test.example/city/1:9640")
                }, "\(lines)")
        }
        try await federation.end()
    }

    /// A copy of the city's folder with 300 published entries and 30 that were not; both nodes run behind it.
    private func copyBeforePublishing(_ federation: TestFederation) async throws -> String {
        try await federation.startAll()
        try await record(federation, "city", 300, "before")
        try await expectAgreement(federation, entries: 300)
        try await federation.stop("city")
        try await federation.stop("nation")
        try await record(federation, "city", 30, "offline")
        let copy = federation.root + "/copy"
        try FileManager.default.copyItem(atPath: federation.folder("city").path, toPath: copy)
        try await federation.start("nation")
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
        return copy
    }

    /// The city's whole folder as it was, lock file included.
    private func putBack(_ copy: String, _ federation: TestFederation) async throws {
        try await federation.stop("city")
        try FileManager.default.removeItem(atPath: federation.folder("city").path)
        try FileManager.default.copyItem(atPath: copy, toPath: federation.folder("city").path)
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
    }

    @Test func aCopyMadeBeforeItsEventsWerePublishedRecordsNothingTwice() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let copy = try await copyBeforePublishing(federation)
        try await expectAgreement(federation, entries: 330)
        try await putBack(copy, federation)
        try await record(federation, "city", 1, "new")
        try await expectAgreement(federation, entries: 331)
        try await federation.end()
    }

    @Test func whatWasErasedSinceTheCopyDoesNotComeBack() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        let copy = try await copyBeforePublishing(federation)
        let target = Position(origin: Array("test.example/city/1".utf8), index: 310)
        try await federation.call("city", "record", drafts: [.erasure(target: target, ground: .request)])
        try await expectAgreement(federation, entries: 331)
        let agreed = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(agreed["converged"]?.boolean == true, "\(agreed.text)")
        try await putBack(copy, federation)
        // Its place in the log is known without the body: the copy's is not recorded a second time.
        try await expectAgreement(federation, entries: 331)
        try await federation.end()
    }

    @Test func anotherCitysStoreIsRefusedAndLeftAlone() async throws {
        let federation = try TestFederation(["city", "other", "nation"], links: [("city", "nation"), ("other", "nation")])
        try await federation.startAll()
        try await record(federation, "city", 10, "mine")
        try await federation.stop("city")
        try await federation.stop("other")
        try moveStore(from: federation.folder("city"), to: federation.folder("other"))
        let failure = await #expect(throws: NodeFailure.self) { try await federation.start("other") }
        #expect(failure?.message.contains("is the store of test.example/city") == true, "\(failure.map { "\($0)" } ?? "")")
        try moveStore(from: federation.folder("other"), to: federation.folder("city"))
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
        #expect(try await federation.call("city", "status")["logs"]?.array.first?["recorded"]?.integer == 10)
        try await federation.end()
    }

    /// The file of the log with what lies beside it.
    private func moveStore(from source: NodeFolder, to target: NodeFolder) throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: target.logFile + suffix)
            guard FileManager.default.fileExists(atPath: source.logFile + suffix) else { continue }
            try FileManager.default.moveItem(atPath: source.logFile + suffix, toPath: target.logFile + suffix)
        }
    }

    @Test func aBackupOverwritesNothingAndIsForItsOwner() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await record(federation, "city", 10, "a")
        let backup = federation.root + "/backup"
        try await federation.call("city", "backup", [("path", .string(backup))])
        let mode = try FileManager.default.attributesOfItem(atPath: backup)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        await #expect(throws: NodeFailure.self) {
            try await federation.call("city", "backup", [("path", .string(backup))])
        }
        #expect(throws: NodeFailure.self) {
            try federation.folder("city").restore(from: backup, replacesDatabase: false)
        }
        #expect(throws: NodeFailure.self) {
            try federation.folder("nation").restore(from: backup, replacesDatabase: true)
        }
        let other = NodeFolder(federation.root + "/other")
        #expect(throws: NodeFailure.self) {
            try other.restore(from: federation.root + "/topology.json", replacesDatabase: false)
        }
        #expect(!other.exists)
        let report = try other.restore(from: backup, replacesDatabase: false)
        #expect(report.node == "city" && report.ownEntries == 10)
        let file = try readFile(other.logFile, limit: 1 << 24)
        let key = try readFile(other.logKeyFile, limit: 4_096)
        #expect(file.range(of: key) == nil, "the key is not left in the database")
        try await federation.end()
    }
}

extension [UInt8] {
    func range(of other: [UInt8]) -> Int? {
        guard !other.isEmpty, count >= other.count else { return nil }
        return (0...(count - other.count)).first { self[$0..<($0 + other.count)].elementsEqual(other) }
    }
}
