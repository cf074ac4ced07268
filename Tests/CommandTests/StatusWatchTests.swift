import Foundation
import Testing

/// `concord node status --watch` on a terminal.
struct StatusWatchTests {
    private let subject = Site.subject(7)

    @Test func itRefreshesInPlaceAndCtrlCLeavesTheTerminalAsItWas() throws {
        let site = try Site()
        try site.start("solo")
        let terminal = try PseudoTerminal(["node", "status", "--watch", "--data", site.path("solo")], columns: 110, rows: 24)
        let modes = terminal.modes
        try terminal.wait("the standing") { terminal.screen.text.contains("(solo) of \(Site.federation): runs") }
        #expect(terminal.screen.isOther && !terminal.screen.hasCursor)
        for number in 0..<3 { try site.record("solo", subject, "help", day: "2021-05-0\(number + 1)") }
        try terminal.wait("what was recorded") {
            terminal.screen.lines.contains {
                $0.hasPrefix("\(Site.federation)/solo/1") && $0.contains("its own") && $0.contains(" 3 ")
            }
        }
        let frames = terminal.screen.frames
        try terminal.wait("three more frames") { terminal.screen.frames >= frames + 3 }
        // One standing on the screen, and nothing that moved out of it.
        #expect(terminal.screen.lines.filter { $0.contains("(solo) of") }.count == 1)
        #expect(terminal.screen.scrolled == 0 && terminal.screen.overrun == 0 && terminal.screen.unknown.isEmpty)
        terminal.type("\u{3}")
        #expect(try terminal.end() == 0)
        #expect(!terminal.screen.isOther && terminal.screen.hasCursor)
        #expect(terminal.modes == modes)
    }

    @Test func aNarrowTerminalIsNotGarbled() throws {
        let site = try Site(.pair)
        try site.start("east", "office")
        try site.record("east", subject, "help", day: "2021-05-01")
        let terminal = try PseudoTerminal(["node", "status", "--watch", "--data", site.path("office")], columns: 40, rows: 20)
        try terminal.wait("both logs") {
            terminal.screen.text.contains("/east/1") && terminal.screen.text.contains("held 1 of 1, nothing is missing;")
        }
        #expect(terminal.screen.lines.contains("  shown by east 1"), "\(terminal.screen.text)")
        #expect(terminal.screen.scrolled == 0 && terminal.screen.overrun == 0)
        // Made lower than the standing is long, it says so instead of scrolling; made wide, it is a table.
        terminal.resize(columns: 40, rows: 4)
        try terminal.wait("a cut standing") { terminal.screen.lines[3].hasSuffix("more lines: enlarge the window") }
        #expect(terminal.screen.scrolled == 0 && terminal.screen.overrun == 0)
        terminal.resize(columns: 120, rows: 30)
        try terminal.wait("the table") { terminal.screen.text.contains("newest") }
        #expect(terminal.screen.scrolled == 0 && terminal.screen.overrun == 0)
        terminal.type("\u{3}")
        #expect(try terminal.end() == 0)
    }

    @Test func aFolderThatHoldsNoNodeIsNotWaitedFor() throws {
        let folder = try TemporaryFolder()
        let outcome = try Program.run("node", "status", "--watch", "--data", folder.path)
        #expect(outcome.status == 1 && outcome.errors.contains("is no data folder"), "\(outcome.errors)")
    }

    @Test func aNodeThatGoesAwayAndComesBackIsWaitedFor() throws {
        let site = try Site()
        try site.start("solo")
        let terminal = try PseudoTerminal(["node", "status", "--watch", "--data", site.path("solo")], columns: 100, rows: 24)
        try terminal.wait("the standing") { terminal.screen.text.contains("(solo) of") }
        try site.stop("solo")
        try terminal.wait("the node to be missed") {
            terminal.screen.text.contains("the node does not answer") && terminal.screen.text.contains("concord node run")
        }
        #expect(!terminal.screen.text.contains("(solo) of"))
        try site.start("solo")
        try terminal.wait("the standing again") { terminal.screen.text.contains("(solo) of") }
        #expect(!terminal.screen.text.contains("does not answer"))
        #expect(terminal.screen.scrolled == 0 && terminal.screen.overrun == 0)
        terminal.type("\u{3}")
        #expect(try terminal.end() == 0)
        #expect(!terminal.screen.isOther && terminal.screen.hasCursor)
    }
}
