import Encoding
import Foundation
import Testing

/// The drills at their smallest, as a newcomer runs them.
@Suite(.serialized) struct DrillTests {
    private func drill(_ arguments: String...) throws -> JSONValue? {
        let outcome = try Program.run(["drill"] + arguments + ["--json"])
        #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
        guard case .array(let reports) = try outcome.json().content else { return nil }
        #expect(reports.count == 1)
        #expect(reports.first?["good"] == true)
        return reports.first
    }

    @Test func nothingAcknowledgedIsLostWhenNodesAreKilled() throws {
        let report = try #require(try drill("kill", "--kills", "6", "--cities", "2"))
        #expect(report["kills"] == 6)
        #expect(report["events"] != 0)
    }

    @Test func nodesThatStoodStillGoOn() throws {
        let report = try #require(try drill("pause", "--pauses", "2", "--long", "0"))
        #expect(report["pauses"] == 2)
    }

    @Test func damagedFilesAreHarmlessMendedOrRefusedWithAdvice() throws {
        let folder = try TemporaryFolder()
        let report = try #require(try drill("files", "--rounds", "5", "--seed", "tests", "--data", folder.path))
        #expect(report["rounds"] == 5 && report["wrong"] == 0)
        // What was done in each round can be read afterwards.
        #expect(try folder.text("files/rounds.log").components(separatedBy: "round ").count > 5)
    }

    @Test func hostileConnectionsLeaveANodeAtWork() throws {
        let report = try #require(try drill("connections", "--count", "40", "--turns", "1"))
        #expect(report["most_open"] != 0)
    }

    /// Where no file system may be mounted, they say so, with a status of their own.
    @Test(arguments: [["full", "--rounds", "1"], ["read-only"]])
    func disksThatTakeNothingAreSurvivedOrTheDrillSaysWhyNot(_ arguments: [String]) throws {
        let outcome = try Program.run(["drill"] + arguments)
        if outcome.status == 69 {
            #expect(outcome.errors.contains("run it as root, or allow user namespaces"))
        } else {
            #expect(outcome.status == 0, "\(outcome.output)\n\(outcome.errors)")
            #expect(outcome.output.contains("good: nothing was lost"))
        }
    }

    @Test(arguments: ["full", "read-only"]) func whatADrillMountedGoesWithItsFolderWhenItIsInterrupted(_ name: String) throws {
        let folder = try TemporaryFolder()
        let running = try Running(["drill", name], environment: ["TMPDIR": folder.path])
        func drills() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("concord-drill-") }
        }
        // The other city's folder is seen from here as well, once all is mounted that is mounted at the start.
        while running.isRunning,
            try !drills().contains(where: {
                FileManager.default.fileExists(atPath: "\(folder.path)/\($0)/\(name)/city-2/control.sock")
            })
        { usleep(10_000) }
        usleep(500_000)
        let status = try running.interrupt().status
        #expect([69, 128 + SIGINT].contains(status))
        #expect(try drills().isEmpty)
    }

    @Test(arguments: [
        (["kill", "--kills", "0"], "--kills is a number from 1"), (["kill", "--cities", "1"], "--cities"),
        (["pause", "--pauses", "2", "--long", "3"], "--long"), (["files", "--rounds", "0"], "--rounds"),
        (["connections", "--count", "1"], "--count"), (["files", "--seed", ""], "--seed"),
    ])
    func aWrongNumberEndsWith64(_ arguments: [String], _ words: String) throws {
        let outcome = try Program.run(["drill"] + arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test func aFolderThatHoldsSomethingIsLeftAlone() throws {
        let folder = try TemporaryFolder()
        try folder.write("mine", "text")
        let outcome = try Program.run("drill", "kill", "--data", folder.path)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("name a new or empty folder"))
        #expect(try folder.text("mine") == "text")
    }

    @Test func aRescueOfAFolderThatIsNoneSaysSo() throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.run("rescue", "--data", folder.path)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("concord node init"))
    }

    @Test func aRescueSavesWhatCanBeReadAndKeepsTheDamagedFile() throws {
        let site = try Site()
        try site.record("solo", Site.subject(1), "help", day: "2021-01-01", reference: "one")
        let handle = try #require(FileHandle(forWritingAtPath: site.path("solo/standings.sqlite")))
        try handle.write(contentsOf: [UInt8](repeating: 0, count: 100))
        try handle.close()
        let outcome = try site.done("solo", "rescue")
        #expect(outcome.output.contains("solo/1: 1 of 1 entry saved"), "\(outcome.output)")
        #expect(FileManager.default.fileExists(atPath: site.path("solo/log.sqlite.damaged-1")))
        #expect(try site.score("solo", Site.subject(1), day: "2021-06-01") == 1_005)
    }

    /// A node whose log goes to a full disk loses lines, not its life.
    @Test func aLogThatCannotBeWrittenEndsNothing() throws {
        let site = try Site()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = ["node", "run", "--data", site.path("solo"), "--log-level", "info"]
        process.standardInput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: "/dev/full")
        try process.run()
        defer { process.terminate() }
        try site.wait("the node to answer") {
            try #require(process.isRunning)
            return try FileManager.default.fileExists(atPath: site.path("solo/control.sock"))
                && site.run("solo", "node", "status", "--json").json()["running"] == true
        }
    }
}
