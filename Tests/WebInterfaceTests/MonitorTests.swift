import Encoding
import Federation
import Foundation
import NodeRuntime
import Testing
import TransparencyLog

@testable import WebInterface

/// A log monitor written in another language from the specification alone follows live nodes.
struct MonitorTests {
    private static let script = Bundle.module.path(forResource: "monitor", ofType: "py", inDirectory: "Monitor") ?? ""
    static let hasPython = FileManager.default.isExecutableFile(atPath: "/usr/bin/python3")

    private struct Outcome: Sendable {
        let status: Int32
        let output: String
        let errors: String
        func json() throws -> JSONValue { try JSONValue.parse(Array(output.utf8)) }
    }

    private func monitor(_ site: WebSite, at node: String, of origin: String, _ state: String, all: Bool = false) async throws
        -> Outcome
    {
        let base = try #require(site.folder(node).address)
        let topology = try Topology(readFile(site.root + "/topology.json", limit: 1 << 20))
        let key = try #require(topology.keys(ofOrigin: Array(origin.utf8)).first).description
        let arguments = [Self.script, base + "log/" + origin, key, site.root + "/" + state] + (all ? ["--all"] : [])
        return try await onThread {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
            process.arguments = arguments
            let (output, errors) = (Pipe(), Pipe())
            process.standardOutput = output
            process.standardError = errors
            try process.run()
            let text = try output.fileHandleForReading.readToEnd() ?? Data()
            let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return Outcome(
                status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
                errors: String(decoding: complaint, as: UTF8.self))
        }
    }

    private func record(_ site: WebSite, _ range: Range<UInt64>) async throws {
        let drafts = range.map { number -> Draft in
            .body(
                day: 18_700, subject: WebSite.subject(number % 1_000),
                content: .observation(factor: Array("plus".utf8), quantity: 1, reference: Array("r\(number)".utf8)))
        }
        _ = try await site.call("east", "record", drafts: drafts)
    }

    private func waitForOffice(_ site: WebSite, size: Int) async throws {
        try await site.wait("office to hold \(size) entries") {
            try await site.get("office", "/log/web.example/east/1/checkpoint").text.contains("\n\(size)\n")
        }
    }

    @Test(.enabled(if: MonitorTests.hasPython, "python3 is not installed"))
    func aMonitorFollowsALiveLogAtEveryNodeThroughAnErasure() async throws {
        let site = try await WebSite.started()
        let origin = "web.example/east/1"
        try await record(site, 0..<300)
        let first = try await monitor(site, at: "east", of: origin, "state-east")
        #expect(first.status == 0, "\(first.errors)")
        #expect(try first.json()["size"]?.text == "300" && first.json()["new"]?.text == "300")
        // At another node, which holds the same log.
        try await waitForOffice(site, size: 300)
        let other = try await monitor(site, at: "office", of: origin, "state-office")
        #expect(try other.json()["root"]?.text == first.json()["root"]?.text)
        // An erasure, and a cut that lets the bytes go: the log's past stays what it was.
        let target = try #require(Position("\(origin):7"))
        _ = try await site.call("east", "record", drafts: [.erasure(target: target, ground: .request)])
        try await record(site, 300..<700)
        try await waitForOffice(site, size: 701)
        _ = try await site.call("office", "converge", [("timeout_ms", 20_000)])
        let second = try await monitor(site, at: "east", of: origin, "state-east")
        #expect(second.status == 0, "\(second.errors)")
        #expect(try second.json()["new"]?.text == "401" && second.json()["kinds"]?["7"]?.text == "1")
        // One that begins now sees the same, in every tile.
        let whole = try await monitor(site, at: "office", of: origin, "state-new", all: true)
        #expect(whole.status == 0, "\(whole.errors)")
        #expect(try whole.json()["root"]?.text == second.json()["root"]?.text && whole.json()["tiles"]?.text == "1")
        try await site.end()
    }

    @Test(.enabled(if: MonitorTests.hasPython, "python3 is not installed"))
    func theMonitorNoticesAPastThatChanged() async throws {
        let site = try await WebSite.started()
        try await record(site, 0..<10)
        _ = try await monitor(site, at: "east", of: "web.example/east/1", "state")
        let path = site.root + "/state"
        let state = try String(contentsOfFile: path, encoding: .utf8)
        let digit = try #require(state.range(of: "\"edge\": [\"")?.upperBound)
        let changed = state.replacingCharacters(in: digit...digit, with: state[digit] == "0" ? "1" : "0")
        try changed.write(toFile: path, atomically: true, encoding: .utf8)
        try await record(site, 10..<12)
        let outcome = try await monitor(site, at: "east", of: "web.example/east/1", "state")
        #expect(outcome.status == 1 && outcome.errors.contains("past has changed"))
        try await site.end()
    }

    @Test func onlyWhatACheckpointCoversIsServedAndBodiesNever() async throws {
        let site = try await WebSite.started()
        try await record(site, 0..<258)
        let base = "/log/web.example/east/1"
        for (path, status) in [
            ("/checkpoint", 200), ("/tile/0/000", 200), ("/tile/0/001.p/2", 200), ("/tile/0/001.p/1", 200),
            ("/tile/1/000.p/1", 200), ("/tile/entries/000", 200), ("/tile/entries/000.p/255", 200),
            ("/tile/entries/001.p/2", 200), ("/tile/entries/001.p/3", 404), ("/tile/0/001", 404), ("/tile/0/002.p/1", 404),
            ("/tile/1/000", 404), ("/tile/2/000.p/1", 404), ("/tile/0/000.p/0", 404), ("/tile/0/000.p/256", 404),
            ("/tile/0/000.p/02", 404), ("/tile/00/000", 404), ("/tile/64/000", 404), ("/tile/0/0", 404),
            ("/tile/0/x000/000", 404),
            ("/tile/0/x999/x999/x999/x999/x999/x999/999", 404), ("/tile/0/-01", 404), ("/body/000", 404),
            ("/body/001.p/2", 404),
            ("/tile/body/000", 404), ("", 404), ("/tile", 404), ("/tile/0", 404),
        ] {
            let answer = try await site.get("east", base + path)
            #expect(answer.status == status, "\(path): \(answer.status)")
        }
        #expect(try await site.get("east", "/log/web.example/nobody/1/checkpoint").status == 404)
        #expect(try await site.get("east", "/log/web.example/east/2/checkpoint").status == 404)
        #expect(try await site.send("east", "POST", base + "/checkpoint", body: "{}").status == 405)
        try await site.end()
    }

    @Test func tilesMayBeKeptForEverAndCheckpointsMayNot() async throws {
        let site = try await WebSite.started()
        try await record(site, 0..<256)
        let base = "/log/web.example/east/1"
        let checkpoint = try await site.get("east", base + "/checkpoint")
        #expect(
            checkpoint.headers["content-type"] == "text/plain; charset=utf-8"
                && checkpoint.headers["cache-control"] == "no-cache")
        let plain = try await site.get("east", base + "/tile/entries/000")
        let packed = try await site.get("east", base + "/tile/entries/000", headers: ["Accept-Encoding: br, gzip;q=0.5"])
        let refused = try await site.get("east", base + "/tile/entries/000", headers: ["Accept-Encoding: gzip;q=0"])
        #expect(
            plain.headers["cache-control"] == "public, max-age=31536000, immutable"
                && plain.headers["vary"] == "Accept-Encoding")
        #expect(plain.headers["content-encoding"] == nil && plain.body.count == 256 * 44)
        #expect(packed.headers["content-encoding"] == "gzip" && packed.body.count < plain.body.count)
        #expect(packed.body.starts(with: [0x1f, 0x8b]))
        #expect(refused.headers["content-encoding"] == nil && refused.body == plain.body)
        let head = try await site.send("east", "HEAD", base + "/tile/0/000")
        #expect(head.status == 200 && head.headers["content-length"] == "8192" && head.body.isEmpty)
        try await site.end()
    }
}
