import Encoding
import Federation
import Foundation
import NodeRuntime
import Testing

/// Erasing hides at once, takes the bytes away with the next attested cut, and leaves every proof valid.
@Suite(.serialized) struct ErasureTests {
    /// A reference that can be searched for in raw files.
    private static let mark = "find-me-if-you-can-0123456789"

    @Test func anErasedBodyLeavesEveryFileAndEveryProofStillHolds() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        var drafts: [Draft] = []
        for index in 0..<600 {
            let reference = index == 123 ? Self.mark : "case-\(index)"
            drafts.append(TestFederation.observation(UInt64(index % 100), "minus", day: 18_300, reference: reference))
        }
        try await federation.call("city", "record", drafts: drafts)
        let before = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(before["converged"]?.boolean == true)
        #expect(try files(federation, holding: Self.mark).isEmpty == false)

        let target = Position(origin: Array("test.example/city/1".utf8), index: 123)
        try await federation.call("city", "record", drafts: [.erasure(target: target, ground: .request)])
        let subject = JSONValue.string("\(TestFederation.subject(23))")
        let explained = try await federation.call("city", "explain", [("subject", subject), ("day", .integer(19_000))])
        #expect(!explained.text.contains(Self.mark), "an erased body is shown")

        let after = try await federation.call("city", "converge", [("day", .integer(19_000))])
        #expect(after["converged"]?.boolean == true, "\(after.text)")
        #expect(after["root"]?.string != before["root"]?.string)
        for name in federation.names {
            // The result of the cut reaches the others a moment later.
            let deadline = Date(timeIntervalSinceNow: 10)
            while try !files(federation, [name], holding: Self.mark).isEmpty, Date() < deadline {
                try await Task.sleep(for: .milliseconds(50))
            }
            #expect(try files(federation, [name], holding: Self.mark).isEmpty, "the bytes are still there")
            let verified = try await federation.call(name, "verify")
            #expect(verified["sound"]?.boolean == true, "\(verified.text)")
        }
        let again = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(again["root"]?.string == after["root"]?.string)
        try await federation.end()
    }

    @Test func standingsFoldedAnewHoldWhatAnErasureHidesAndNoCutHasTakenAwayYet() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.start("city")
        try await federation.call("city", "record", drafts: [TestFederation.observation(1, "minus", day: 18_300)])
        let log = try #require(OriginName("test.example/city/1"))
        let target = Position(origin: log.line, index: 0)
        try await federation.call("city", "record", drafts: [.erasure(target: target, ground: .request)])
        try await federation.stop("city")
        // A cut may end between the two: others that have not heard of the erasure attest that with the entry.
        func standings(_ size: UInt64) throws -> StandingsSummary {
            let node = try Node(folder: federation.folder("city"))
            defer { try? node.close() }
            return try node.standings(sizes: [log: size], day: 19_000)
        }
        let before = try standings(1)
        #expect(before.subjects == 1)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: federation.folder("city").standingsFile + suffix)
        }
        #expect(try standings(1) == before)
        #expect(try standings(2).subjects == 0)
        try await federation.end()
    }

    @Test func aCityMayNotEraseWhatAnotherRecorded() async throws {
        let federation = try TestFederation(["city", "other", "nation"], links: [("city", "nation"), ("other", "nation")])
        try await federation.startAll()
        try await federation.call("city", "record", drafts: [TestFederation.observation(1, "minus", day: 18_300)])
        let target = Position(origin: Array("test.example/city/1".utf8), index: 0)
        _ = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        await #expect(throws: NodeFailure.self) {
            try await federation.call("other", "record", drafts: [.erasure(target: target, ground: .request)])
        }
        try await federation.call("nation", "record", drafts: [.erasure(target: target, ground: .order)])
        try await federation.end()
    }

    private func files(_ federation: TestFederation, _ names: [String]? = nil, holding text: String) throws -> [String] {
        var found: [String] = []
        for name in names ?? federation.names {
            let folder = federation.folder(name).path
            for file in try FileManager.default.contentsOfDirectory(atPath: folder) where file.contains("sqlite") {
                let data = FileManager.default.contents(atPath: folder + "/" + file) ?? Data()
                if data.range(of: Data(text.utf8)) != nil { found.append("\(name)/\(file)") }
            }
        }
        return found
    }
}
