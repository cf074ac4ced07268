import Encoding
import Federation
import Foundation
import NodeRuntime
import Testing

/// Real nodes, real TLS, real stores.
@Suite(.serialized) struct ConvergenceTests {
    private static let star = [("north", "nation"), ("south", "nation")]

    @Test func threeNodesAttestTheSameStandings() async throws {
        let federation = try TestFederation(["north", "south", "nation"], links: Self.star)
        try await federation.startAll()
        for (place, name) in ["north", "south"].enumerated() {
            var drafts: [Draft] = []
            for index in 0..<1_000 {
                let factor = index % 3 == 0 ? "minus" : "plus"
                let day = 18_300 + UInt32(index % 900)
                drafts.append(
                    TestFederation.observation(UInt64(index % 300), factor, day: day, reference: "\(place)-\(index)"))
            }
            #expect(try await federation.call(name, "record", drafts: drafts)["added"]?.integer == 1_000)
        }
        let report = try await federation.call(
            "south", "converge", [("day", .integer(19_400)), ("timeout_ms", .integer(20_000))])
        #expect(report["converged"]?.boolean == true, "\(report.text)")
        #expect(report["subjects"]?.integer == 300)
        let roots = Set(try #require(report["nodes"]).array.map { $0["root"]?.string })
        #expect(roots.count == 1)
        for node in try #require(report["nodes"]).array { #expect(node["frontier"]?.integer == 2_000) }
        for name in federation.names {
            let answer = try await federation.call(name, "standings", [("day", .integer(19_400))])
            #expect(answer["root"]?.string == report["root"]?.string)
        }
        try await federation.end()
    }
}
