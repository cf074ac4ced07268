import Encoding
import Foundation
import NodeRuntime
import Testing

/// However and whenever the pilot is ended, no process stays behind, and no store is left unsound.
@Suite(.serialized) struct PilotInterruptionTests {
    private let folder: TemporaryFolder
    private let data: String

    init() throws {
        folder = try TemporaryFolder()
        data = folder.path + "/p"
    }

    /// A pilot that has said something, or has ended.
    private func pilot(_ arguments: String..., until words: String) throws -> Running {
        let path = try folder.write("said", "")
        let output = try #require(FileHandle(forWritingAtPath: path))
        let running = try Running(["pilot", "--residents", "200", "--years", "1", "--data", data] + arguments, output: output)
        while running.isRunning, try !folder.text("said").contains(words) { usleep(5_000) }
        let said = try folder.text("said")
        #expect(running.isRunning, "the pilot ended early: \(said) \(running.errors)")
        return running
    }

    private var nodes: [String] {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: data).map { data + "/" + $0 }
                .filter { FileManager.default.fileExists(atPath: $0 + "/node.json") }
        }
    }

    /// Whether processes still name the data folder on their command lines.
    private var hasProcesses: Bool {
        get throws {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").contains { name in
                guard name.allSatisfy(\.isNumber), let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
                else { return false }
                return String(decoding: line, as: UTF8.self).contains(data + "/")
            }
        }
    }

    private func expectSoundStores() throws {
        #expect(try nodes.count == 6)
        for node in try nodes {
            let verified = try Program.run("verify", "--data", node)
            #expect(verified.status == 0, "\(node): \(verified.output)\(verified.errors)")
        }
    }

    @Test(arguments: ["is cut.", "is stopped (SIGTERM", "its store is damaged on disk", "concord verify:"])
    func anInterruptionAtAnyTimeLeavesNoProcessAndSoundStores(_ words: String) throws {
        let running = try pilot(until: words)
        let outcome = try running.interrupt()
        #expect(outcome.status == 130)
        #expect(try !hasProcesses)
        try expectSoundStores()
    }

    @Test func theNodesDoNotOutliveAPilotThatIsKilled() throws {
        let running = try pilot(until: "The link is back.")
        running.send(SIGKILL)
        _ = try running.outcome()
        while try hasProcesses { usleep(20_000) }
        try expectSoundStores()
    }

    @Test func keptRunningTheNodesAnswerUntilCtrlC() throws {
        let running = try pilot("--keep-running", until: "until Ctrl-C")
        let status = try Program.run("node", "status", "--data", data + "/national")
        #expect(status.output.contains("linked with"), "\(status.output)")
        let convergence = try Program.run("converge", "--data", data + "/suzhou", "--day", "2019-12-31")
        #expect(convergence.status == 0, "\(convergence.output)\(convergence.errors)")
        #expect(try running.interrupt().status == 0)
        #expect(try !hasProcesses)
    }

    @Test func keptRunningTheScoresMoveOnWithTheLives() throws {
        let running = try pilot("--keep-running", until: "until Ctrl-C")
        let client = try NodeClient(folder: NodeFolder(data + "/national"))
        var days: [String] = []
        // A month of lives is half a minute.
        while running.isRunning, days.count < 2 {
            usleep(500_000)
            guard case .array(let cuts)? = try client.call("cuts", [("limit", 10)])["cuts"]?.content else { continue }
            days = cuts.compactMap { $0["day"]?.text }
            for cut in cuts { #expect(cut["agreed"]?.text == "true") }
        }
        try client.close()
        #expect(days.count >= 2 && days.first != days.last, "\(days)")
        #expect(try running.interrupt().status == 0)
    }

    @Test func aFolderThatHoldsSomethingIsRefusedAndLeftAsItIs() throws {
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: false)
        try "mine".write(toFile: data + "/file", atomically: true, encoding: .utf8)
        let outcome = try Program.run("pilot", "--residents", "10", "--data", data)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("holds something already"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: data) == ["file"])
    }

    @Test func yearsThatAreNotOverAreAMistakeOfUsage() throws {
        let outcome = try Program.run("pilot", "--residents", "10", "--years", "90", "--data", data)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("not over yet"))
        #expect(!FileManager.default.fileExists(atPath: data))
    }
}
