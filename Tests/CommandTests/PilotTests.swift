import Foundation
import Testing

/// The main job at a small size, as a newcomer runs it.
@Suite(.serialized) struct PilotTests {
    @Test func thePilotConvergesOverFaultsAndShowsItsProof() throws {
        let outcome = try Program.run("pilot", "--residents", "60", "--years", "1")
        #expect(outcome.status == 0, "\(outcome.errors)\n\(outcome.output.suffix(2_000))")
        let table = outcome.lines.filter { $0.hasPrefix("2019-12-31") && $0.hasSuffix("agrees") }
        #expect(table.count == 6, "\(outcome.output)")
        let roots = Set(table.compactMap { line in line.split(separator: " ").first { $0.hasSuffix("=") } })
        #expect(roots.count == 1)
        for words in [
            "link to the National aggregator is cut", "is stopped (SIGTERM", "its store is damaged on disk", "places damaged",
            "entries fetched from peers and mended", "all is sound", "Scores of", "Tiers and what follows", "in all",
        ] {
            #expect(outcome.output.contains(words), "the pilot does not say: \(words)")
        }
        #expect(outcome.lines.last?.contains("2019-12-31") == true, "the last lines name the day")
    }

    @Test func ctrlCEndsEveryNodeAndLeavesSoundStores() throws {
        let folder = try TemporaryFolder()
        let data = folder.path + "/pilot"
        let running = try Running(["pilot", "--residents", "3000", "--years", "3", "--data", data])
        let deadline = Date(timeIntervalSinceNow: 60)
        while !FileManager.default.fileExists(atPath: data + "/national/control.sock"), Date() < deadline { usleep(50_000) }
        usleep(2_000_000)
        running.send(SIGINT)
        let outcome = try running.outcome()
        #expect(outcome.status != 0)
        for name in try FileManager.default.contentsOfDirectory(atPath: data) {
            let node = data + "/" + name
            guard FileManager.default.fileExists(atPath: node + "/node.json") else { continue }
            #expect(!FileManager.default.fileExists(atPath: node + "/control.sock"), "\(name) still listens")
            let verified = try Program.run("verify", "--data", node)
            #expect(verified.status == 0, "\(name): \(verified.output) \(verified.errors)")
        }
    }
}
