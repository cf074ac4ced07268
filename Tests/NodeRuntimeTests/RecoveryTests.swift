import Encoding
import Federation
import Foundation
import NodeRuntime
import Testing

/// What is derived can be lost, what was cut off arrives through others, and everything can be fetched again.
@Suite(.serialized) struct RecoveryTests {
    private func record(_ federation: TestFederation, _ name: String, _ count: Int, _ mark: String) async throws {
        var drafts: [Draft] = []
        for index in 0..<count {
            drafts.append(
                TestFederation.observation(UInt64(index % 150), "plus", day: 18_300, reference: "\(mark)-\(index)"))
        }
        try await federation.call(name, "record", drafts: drafts)
    }

    @Test func deletingTheStandingsCostsARebuildAndNothingElse() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await record(federation, "city", 700, "a")
        let before = try await federation.call("city", "converge", [("day", .integer(19_000))])
        try await federation.stop("nation")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: federation.folder("nation").standingsFile + suffix)
        }
        try await federation.start("nation")
        let after = try await federation.call("nation", "standings", [("day", .integer(19_000))])
        #expect(after["root"]?.string == before["root"]?.string)
        try await federation.end()
    }

    @Test func aLogIsFetchedFromScratch() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await record(federation, "city", 1_500, "a")
        let before = try await federation.call("city", "converge", [("day", .integer(19_000))])
        let report = try await federation.call("nation", "resync", [("from_scratch", .boolean(true))])
        #expect(report["whole"]?.boolean == true, "\(report.text)")
        #expect(report["repaired"]?.integer == 1_500)
        let after = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(after["converged"]?.boolean == true, "\(after.text)")
        #expect(after["root"]?.string == before["root"]?.string)
        try await federation.end()
    }

    @Test func aCityCutOffFromTheAggregatorConvergesThroughItsNeighbour() async throws {
        let federation = try TestFederation(["east", "west", "nation"], links: [("east", "west"), ("west", "nation")])
        try await federation.startAll()
        try await record(federation, "east", 400, "east")
        try await record(federation, "west", 300, "west")
        let report = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(report["converged"]?.boolean == true, "\(report.text)")
        for node in try #require(report["nodes"]).array { #expect(node["frontier"]?.integer == 700) }
        try await federation.end()
    }

    @Test func whatWasRecordedWhileTheNodeWasStoppedIsPublishedLater() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        // No node runs: the command opens the store itself.
        try await record(federation, "city", 50, "offline")
        try await record(federation, "city", 50, "offline")
        let status = try await federation.call("city", "status")
        let own = try #require(status["logs"]?.array.first { $0["own"]?.boolean == true })
        #expect(own["recorded"]?.integer == 50, "recording the same twice adds nothing")
        #expect(own["published"]?.integer == 0, "nothing is published before the peers confirm the past")
        try await federation.startAll()
        let report = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(report["converged"]?.boolean == true, "\(report.text)")
        #expect(report["subjects"]?.integer == 50)
        try await federation.end()
    }

    @Test func anAbsentNodeIsNamedAndTheVerdictIsBad() async throws {
        let federation = try TestFederation(["east", "west", "nation"], links: [("east", "nation"), ("west", "nation")])
        try await federation.startAll()
        try await federation.stop("west")
        let report = try await federation.call(
            "nation", "converge", [("day", .integer(19_000)), ("timeout_ms", .integer(1_500))])
        #expect(report["converged"]?.boolean == false)
        let west = try #require(report["nodes"]?.array.first { $0["node"]?.string == "west" })
        #expect(west["verdict"]?.string?.hasPrefix("unreachable") == true)
        try await federation.end()
    }
}
