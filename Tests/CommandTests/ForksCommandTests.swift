import Cryptography
import Encoding
import Federation
import Foundation
import NodeRuntime
import Storage
import Testing
import TransparencyLog

/// What an operator does about a city that signed two histories, with no node running.
struct ForksCommandTests {
    private let east = "\(Site.federation)/east/1"

    /// A site whose office holds a proof against east: two roots of three entries, and a third checkpoint of none.
    private func forkedSite() throws -> (site: Site, roots: [String]) {
        let site = try Site(.pair)
        for day in 1...3 { try site.record("east", Site.subject(7), "help", day: "2021-05-0\(day)") }
        let folder = NodeFolder(site.path("east"))
        let key = try #require(SigningKey(seed: try KeyFile.read(folder.logKeyFile)))
        let origin = try #require(OriginName(east))
        let store = try LogStore(path: folder.logFile)
        let good = try #require(store.state(origin)?.root)
        try store.close()
        let notes = try [good, sha256([1])].map {
            try SignedCheckpoint(signing: Checkpoint(origin: origin.line, size: 3, root: $0), with: key).note
        }
        let office = try LogStore(path: NodeFolder(site.path("office")).logFile)
        try office.write { try $0.putFork(origin, ForkProof(firstNote: notes[0], secondNote: notes[1])) }
        try office.close()
        return (site, [base64(good.bytes), base64(sha256([1]).bytes)])
    }

    @Test func aProofIsListedExportedAndVerified() throws {
        let (site, roots) = try forkedSite()
        #expect(try site.done("east", "forks", "list").lines == ["no fork is known"])
        let list = try site.run("office", "forks", "list")
        #expect(list.status == 1)
        #expect(list.output.contains("\(east) signed two histories") && list.output.contains("undecided"))
        for root in roots { #expect(list.output.contains(root)) }
        let json = try site.run("office", "forks", "list", "--json").json()
        #expect(json["forks"]?.elements.count == 1)
        let status = try site.run("office", "node", "status")
        #expect(status.status == 1)
        #expect(status.output.contains("FORK: \(east)") && status.output.contains("TO DO: this authority has to decide"))

        try site.done("office", "forks", "export", site.path("evidence"))
        #expect(try site.run("office", "forks", "export", site.path("evidence")).status == 1)
        let file = site.path("evidence/forks/\(east)")
        let verified = try Program.run("forks", "verify", file)
        #expect(verified.status == 0, "\(verified.errors)")
        #expect(verified.lines[0] == "proven: the key of \(east) signed two histories of its log that cannot both be true")
        #expect(verified.output.contains("one size, two roots"))
        #expect(try Program.run("forks", "verify", file, "--keys", site.path("evidence/keys")).status == 0)
        #expect(try Program.run("forks", "verify", file, "--json").json()["holds"] == true)
        try verifiesNothingElse(site, file)
    }

    private func verifiesNothingElse(_ site: Site, _ file: String) throws {
        var bytes = try readFile(file, limit: 1 << 16)
        bytes[bytes.count - 30] ^= 1
        let tampered = site.path("evidence/forks/tampered")
        try writeFile(tampered, bytes)
        let refused = try Program.run("forks", "verify", tampered)
        #expect(refused.status == 1 && refused.output.hasPrefix("nothing is proven:"), "\(refused.output)")
        try writeFile(tampered, Array("no proof".utf8))
        #expect(try Program.run("forks", "verify", tampered).errors.contains("neither a fork proof nor a decision"))
        // Alone, a file needs keys; those of others prove nothing.
        let alone = try site.folder.write("alone", "")
        try writeFile(alone, readFile(file, limit: 1 << 16))
        try FileManager.default.removeItem(atPath: site.path("topology.json"))
        let keyless = try Program.run("forks", "verify", alone)
        #expect(keyless.status == 1 && keyless.errors.contains("--topology FILE"))
        let others = try Site()
        #expect(try Program.run("forks", "verify", alone, "--topology", others.path("shared/topology.json")).status == 1)
    }

    @Test func anAuthorityDecidesOnceAndTheDecisionVerifies() throws {
        let (site, roots) = try forkedSite()
        let city = try site.run("east", "forks", "decide", east, "--size", "3", "--root", roots[0])
        #expect(city.status == 1 && city.errors.contains("no role authority"))
        let unknown = try site.run("office", "forks", "decide", "\(Site.federation)/office/1", "--size", "3")
        #expect(unknown.status == 1 && unknown.errors.contains("own log"))
        let neither = try site.run("office", "forks", "decide", east, "--size", "2")
        #expect(neither.status == 1 && neither.errors.contains("--checkpoint FILE"))
        let either = try site.run("office", "forks", "decide", east, "--size", "3")
        #expect(either.status == 1 && either.errors.contains("--root"))
        let decided = try site.done("office", "forks", "decide", east, "--size", "3", "--root", roots[0])
        #expect(decided.lines[0] == "\(east) ends with 3 entries, as of now and for ever")
        #expect(decided.lines[1].contains("when this node runs"))
        try site.done("office", "forks", "decide", east, "--size", "3", "--root", roots[0])
        let other = try site.run("office", "forks", "decide", east, "--size", "0")
        #expect(other.status == 1 && other.errors.contains("--revise"))
        let list = try site.done("office", "forks", "list")
        #expect(list.output.contains("\(Site.federation)/office/1 decided (1): it ends with 3 entries"))
        #expect(try site.done("office", "node", "status").output.contains("closed by decision at 3"))

        try site.done("office", "export", site.path("export"))
        let file = site.path("export/decisions/\(east)")
        let verified = try Program.run("forks", "verify", file)
        #expect(verified.status == 0 && verified.output.contains("decided: \(Site.federation)/office/1 lets it end"))
        let keys = try Program.run("forks", "verify", file, "--keys", site.path("export/keys"))
        #expect(keys.status == 1 && keys.output.contains("--topology FILE"))
        let revised = try site.done("office", "forks", "decide", east, "--size", "0", "--revise", "--json").json()
        #expect(revised["decision"]?["number"] == 2)
    }

    @Test func aDecidedCityGoesOnUnderANewKeyInANewTopology() throws {
        let (site, roots) = try forkedSite()
        try site.done("office", "forks", "decide", east, "--size", "3", "--root", roots[0])
        let lacking = try site.run("east", "node", "new-epoch")
        #expect(lacking.status == 64 && lacking.errors.contains("--reason"))
        let begun = try site.done("east", "node", "new-epoch", "--reason", "two histories")
        #expect(begun.lines[0] == "east goes on in \(Site.federation)/east/2; \(east) ends here")
        #expect(begun.lines[1].hasPrefix("3 entries"))
        #expect(try site.run("east", "node", "status").errors.contains("concord topology install"))
        let assembled = try Program.run(
            "topology", "assemble", "--topology", site.path("shared/topology.json"), "--output", site.path("next.json"),
            site.path("east/east.keys.json"))
        #expect(assembled.status == 0, "\(assembled.errors)")
        let topology = try Topology(readFile(site.path("next.json"), limit: 1 << 20))
        #expect(topology.version == 2 && topology.nodes[0].keys.count == 2)
        for node in ["east", "office"] {
            let installed = try Program.run("topology", "install", site.path("next.json"), "--data", site.path(node))
            #expect(installed.status == 0, "\(installed.errors)")
        }
        try site.start("east", "office")
        try site.wait("office to hold what east had recorded") {
            let logs = try site.done("office", "node", "status", "--json").json()["logs"]?.elements ?? []
            return logs.contains { $0["origin"] == .string("\(Site.federation)/east/2") && $0["complete"] == 3 }
        }
    }
}

extension JSONValue {
    fileprivate var elements: [JSONValue] { if case .array(let elements) = content { elements } else { [] } }
}
