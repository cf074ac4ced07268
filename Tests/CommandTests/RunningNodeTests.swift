import Encoding
import Foundation
import Testing

/// Two nodes as processes that link over the loopback address.
struct RunningNodeTests {
    private let subject = Site.subject(7)

    @Test func ctrlCStopsANodeWithStatusZeroAndKeepsEverything() throws {
        let site = try Site()
        try site.start("solo")
        let socket = try FileManager.default.attributesOfItem(atPath: site.path("solo/control.sock"))
        #expect(socket[.posixPermissions] as? Int == 0o600)
        try site.record("solo", subject, "help", day: "2021-05-01")
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_005)
        let stopped = try site.stop("solo")
        #expect(stopped.status == 0)
        #expect(stopped.errors.contains("listens on"))
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_005)
        #expect(try site.done("solo", "verify").output.contains("all is sound"))
    }

    @Test func aSecondNodeOnTheSameFolderIsRefused() throws {
        let site = try Site()
        try site.start("solo")
        let second = try site.run("solo", "node", "run")
        #expect(second.status == 1)
        #expect(second.errors.contains("in use by another process"))
        #expect(try site.done("solo", "node", "status").output.contains("runs"))
    }

    @Test func twoNodesConvergeAndBothShowIt() throws {
        let site = try Site(.pair)
        // Recorded while nobody runs, by import while both run, and one by one.
        try site.record("east", subject, "harm", day: "2021-05-01", reference: "shared")
        try site.start("east", "office")
        let rows = (0..<UInt64(600)).map { "2021-05-02,\(Site.subject($0)),help\n" }.joined()
        try site.done("east", "import", site.folder.write("records.csv", "day,subject,factor\n" + rows))
        try site.record("office", subject, "harm", day: "2021-05-01", reference: "shared")
        let converged = try site.done("office", "converge", "--day", "2021-05-31")
        #expect(converged.lines.count == 4)
        #expect(converged.lines[1].hasPrefix("2021-05-31  East") && converged.lines[1].hasSuffix("agrees"))
        #expect(converged.lines[3].contains("converged on 2021-05-31: 2 nodes attest the same scores of 600 subjects"))
        let json = try site.done("east", "converge", "--day", "2021-05-31", "--json").json()
        #expect(json["converged"] == true && json["day"] == "2021-05-31")
        let east = try site.done("east", "standings", "--day", "2021-05-31", "--json")
        let office = try site.done("office", "standings", "--day", "2021-05-31", "--json")
        #expect(east.output == office.output && east.lines.count == 600)
        // The same occurrence reported by both counts once.
        #expect(try site.score("office", subject, day: "2021-05-31") == 995)
        try showsStatus(site)
    }

    private func showsStatus(_ site: Site) throws {
        let status = try site.done("office", "node", "status")
        #expect(status.lines[0].contains("Office (office) of \(Site.federation): runs"))
        #expect(status.output.contains("linked with east"))
        let row = try #require(status.lines.first { $0.hasPrefix("\(Site.federation)/east/1") })
        #expect(row.split(separator: " ").dropFirst().prefix(3).map(String.init) == ["601", "601", "601"])
        try site.stop("east")
        try site.wait("office to notice") {
            try site.done("office", "node", "status").output.contains("not linked with east")
        }
        #expect(try site.done("east", "node", "status").lines[0].hasSuffix("does not run"))
    }

    @Test func withoutAPeerNothingConvergesAndTheStatusIsOne() throws {
        let site = try Site(.pair)
        try site.record("east", subject, "help", day: "2021-05-01")
        let stopped = try site.run("east", "converge")
        #expect(stopped.status == 1)
        #expect(stopped.errors.contains("concord node run"))
        try site.start("east", "office")
        try site.stop("office")
        let alone = try site.run("east", "converge", "--timeout", "1", "--day", "2021-05-31")
        #expect(alone.status == 1)
        #expect(alone.output.contains("not converged on 2021-05-31") && alone.output.contains("unreachable"))
        let json = try site.run("east", "converge", "--timeout", "1", "--day", "2021-05-31", "--json")
        #expect(json.status == 1)
        #expect(try json.json()["converged"] == false)
    }

    @Test func aDamagedBodyIsNamedByVerifyAndMendedByResync() throws {
        let site = try Site(.pair)
        try site.start("east", "office")
        let rows = (0..<UInt64(700)).map { "2021-05-02,\(Site.subject($0)),help,needle-\($0)-\n" }.joined()
        try site.done("east", "import", site.folder.write("records.csv", "day,subject,factor,reference\n" + rows))
        try site.done("office", "converge", "--day", "2021-05-31")
        try site.stop("office")
        #expect(try site.done("office", "verify").output.contains("700 entries of 1 log hashed"))
        try damage(site.path("office/log.sqlite"), "needle-123-")
        let found = try site.run("office", "verify")
        #expect(found.status == 1)
        #expect(found.output.contains("1 place damaged:") && found.output.contains("123"), "\(found.output)")
        let json = try site.run("office", "verify", "--json")
        #expect(json.status == 1)
        #expect(try json.json()["sound"] == false)
        let offline = try site.run("office", "resync")
        #expect(offline.status == 1)
        #expect(offline.errors.contains("concord node run"))
        try mend(site)
    }

    private func mend(_ site: Site) throws {
        try site.start("office")
        let dry = try site.run("office", "resync", "--dry-run")
        #expect(dry.status == 1)
        #expect(dry.output.contains("this was a dry run"))
        let unknown = try site.run("office", "resync", "--origin", "west")
        #expect(unknown.status == 1)
        #expect(unknown.errors.contains("west"))
        let mended = try site.done("office", "resync", "--peer", "east", "--origin", "east")
        #expect(mended.output.contains("1 entry fetched and mended"))
        let again = try site.done("office", "resync", "--json").json()
        #expect(again["damage_count"] == 0 && again["whole"] == true && again["wire_bytes"] == 0)
        #expect(try site.done("office", "verify").output.contains("all is sound"))
        try site.done("office", "converge", "--day", "2021-05-31")
    }

    /// Flips a bit of a text where it stands in a file.
    private func damage(_ path: String, _ text: String) throws {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let range = try #require(bytes.range(of: Data(text.utf8)))
        while let range = bytes.range(of: Data(text.utf8)) { bytes[range.lowerBound] ^= 1 }
        #expect(!range.isEmpty)
        try bytes.write(to: URL(fileURLWithPath: path))
    }

    @Test(arguments: [true, false])
    func anExportHoldsEverythingWhetherTheNodeRunsOrNot(_ isRunning: Bool) throws {
        let site = try Site()
        try site.record("solo", subject, "help", day: "2021-05-01")
        if isRunning { try site.start("solo") }
        try FileManager.default.createDirectory(atPath: site.path("full"), withIntermediateDirectories: false)
        try site.folder.write("full/something", "here")
        let refused = try site.run("solo", "export", site.path("full"))
        #expect(refused.status == 1)
        #expect(refused.errors.contains("not an empty folder"))
        let done = try site.done("solo", "export", site.path("out"))
        #expect(done.output.hasPrefix("1 log in "))
        for file in ["keys", "topology.json", "rulebook.json"] {
            #expect(FileManager.default.fileExists(atPath: site.path("out/\(file)")))
        }
        let log = "out/\(Site.federation)/solo/1"
        #expect(try site.folder.text("\(log)/checkpoint").hasPrefix("\(Site.federation)/solo/1\n1\n"))
        for tile in ["tile/0/000.p/1", "tile/entries/000.p/1", "body/000.p/1"] {
            #expect(FileManager.default.fileExists(atPath: site.path("\(log)/\(tile)")))
        }
    }

    @Test func lostStandingsAreFoldedAgain() throws {
        let site = try Site()
        try site.record("solo", subject, "help", day: "2021-05-01")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: site.path("solo/standings.sqlite" + suffix))
        }
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_005)
    }
}
