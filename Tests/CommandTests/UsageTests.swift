import Foundation
import Testing

struct UsageTests {
    private static let subject = Site.subject(1)

    @Test(arguments: [
        (["frobnicate"], "frobnicate"),
        (["score", "not-a-subject", "--data", "x"], "32 hexadecimal digits"),
        (["score", subject, "--day", "2021-02-29", "--data", "x"], "YYYY-MM-DD"),
        (["explain", subject, "--day", "1.1.2021", "--data", "x"], "YYYY-MM-DD"),
        (["standings", "--dya", "2021-01-01", "--data", "x"], "--dya"),
        (["record", "--subject", subject, "--factor", "help", "--quantity", "0", "--data", "x"], "--quantity"),
        (
            ["record", "--subject", subject, "--factor", "help", "--quantity", "2147483648", "--data", "x"],
            "--quantity"
        ),
        (["record", "--subject", subject, "--factor", "help", "--reference", "hex:zz", "--data", "x"], "hexadecimal"),
        (["record", "--subject", subject, "--data", "x"], "--factor"),
        (["retract", "somewhere:1", "--subject", subject, "--data", "x"], "<federation>/<node>/<epoch>:<index>"),
        (["rule", "f/n/1:0", "--subject", subject, "--verdict", "maybe", "--data", "x"], "upheld or overturned"),
        (["erase", "f/n/1:0", "--ground", "whim", "--data", "x"], "request"),
        (["erase", "f/n/1:0", "f/n/1:0", "--ground", "order", "--data", "x"], "twice"),
        (["enrol", subject, "--statement", String(repeating: "x", count: 256), "--data", "x"], "256 bytes"),
        (["import", "/nowhere/records.csv", "--data", "x"], "No such file"),
        (["import", "/tmp", "--data", "x"], "is a folder"),
        (["import", "/etc/passwd", "--data", "x"], "--format"),
        (["converge", "--timeout", "0", "--data", "x"], "--timeout"),
        (["node", "run", "--log-level", "loud", "--data", "x"], "critical"),
        (["topology", "check", "/nowhere/topology.json"], "No such file"),
        (["forks", "verify", "/nowhere/proof"], "No such file"),
        (["forks", "verify", "/etc/passwd", "--keys", "/etc/passwd", "--topology", "/etc/passwd"], "not both"),
        (["forks", "decide", "ghent", "--size", "1", "--data", "x"], "<federation>/<node>/<epoch>"),
        (["forks", "decide", "f/n/1", "--size", "01", "--data", "x"], "whole number"),
        (["rulebook", "check"], "file"),
    ])
    func aWrongCommandLineEndsWith64AndSaysWhatShouldStandThere(_ arguments: [String], _ words: String) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.hasPrefix("concord: "), "\(outcome.errors)")
        #expect(outcome.errors.contains(words), "\(outcome.errors)")
    }

    @Test(arguments: [
        ["node", "status"], ["score", subject], ["standings"], ["verify"], ["keys", "show"],
        ["export", "/tmp/nowhere"],
    ])
    func withoutADataFolderACommandSaysHowToNameOne(_ arguments: [String]) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("--data") && outcome.errors.contains("CONCORD_DATA"))
    }

    @Test func theEnvironmentNamesTheDataFolderAndAnOptionOverridesIt() throws {
        let site = try Site()
        let named = try Program.run(["node", "status"], environment: ["CONCORD_DATA": site.path("solo")])
        #expect(named.status == 0)
        #expect(named.output.contains("solo"))
        let overridden = try Program.run(
            ["node", "status", "--data", site.path("solo")], environment: ["CONCORD_DATA": "/nowhere"])
        #expect(overridden.status == 0)
    }

    @Test func aFolderThatIsNoDataFolderIsAnErrorThatSaysHowToMakeOne() throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.run("standings", "--data", folder.path)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("concord node init"))
        #expect(outcome.output.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
    }

    @Test(arguments: [
        ["pilot"], ["bench"], ["node"], ["node", "init"], ["node", "run"], ["node", "status"], ["record"], ["import"],
        ["retract"],
        ["appeal"], ["rule"], ["enrol"], ["withdraw"], ["erase"], ["score"], ["explain"], ["standings"], ["converge"],
        ["verify"],
        ["resync"], ["rescue"], ["drill"], ["drill", "kill"], ["drill", "pause"], ["drill", "full"], ["drill", "read-only"],
        ["drill", "files"], ["drill", "connections"], ["drill", "all"], ["export"], ["topology"], ["topology", "check"],
        ["topology", "show"], ["topology", "assemble"],
        ["topology", "install"], ["rulebook"], ["rulebook", "check"], ["rulebook", "show"], ["keys"], ["keys", "show"],
    ])
    func everyCommandHasHelp(_ command: [String]) throws {
        let outcome = try Program.run(command + ["--help"])
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
        #expect(outcome.output.hasPrefix("OVERVIEW: "))
        #expect(outcome.output.contains("USAGE: concord \(command.joined(separator: " "))"))
    }

    @Test func theHelpSaysWhatAnExitStatusMeans() throws {
        let outcome = try Program.run("--help")
        #expect(outcome.status == 0)
        #expect(outcome.output.contains("EXIT STATUS"))
    }

    @Test func anOutputThatNobodyReadsEndsQuietly() throws {
        let site = try Site()
        let rows = (0..<UInt64(3_000)).map { "2021-01-01,\(Site.subject($0)),help\n" }.joined()
        try site.done("solo", "import", site.folder.write("many.csv", "day,subject,factor\n" + rows))
        let pipe = Pipe()
        try pipe.fileHandleForReading.close()
        let outcome = try Running(
            ["standings", "--data", site.path("solo")], output: pipe.fileHandleForWriting
        ).outcome()
        #expect(outcome.status == 0)
        #expect(outcome.errors.isEmpty)
    }
}
