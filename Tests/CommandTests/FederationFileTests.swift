import Encoding
import Foundation
import Testing

/// `topology`, `rulebook`, `node init` and `keys`.
struct FederationFileTests {
    @Test func keysAreForTheOwnerAloneAndNeverOverwritten() throws {
        let site = try Site()
        for key in ["keys/log.key", "keys/link.key"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: site.path("solo/\(key)"))
            #expect(attributes[.posixPermissions] as? Int == 0o600)
        }
        let before = try ["keys/log.key", "keys/link.key", "solo.keys.json"].map { try site.folder.text("solo/\($0)") }
        let again = try Program.run(
            "node", "init", "--topology", site.path("topology.json"), "--node", "solo", "--data", site.path("solo"))
        #expect(again.status == 1)
        #expect(again.errors.contains("never overwritten"))
        #expect(
            try ["keys/log.key", "keys/link.key", "solo.keys.json"].map { try site.folder.text("solo/\($0)") } == before
        )
        #expect(!before[2].contains(before[0].dropLast()))
    }

    @Test func aKeyThatLiesInTheFolderAlreadyIsNotOverwrittenEither() throws {
        let site = try Site()
        let folder = try TemporaryFolder()
        try FileManager.default.createDirectory(atPath: folder.path + "/keys", withIntermediateDirectories: false)
        try folder.write("keys/log.key", "something of value\n")
        let outcome = try Program.run(
            "node", "init", "--topology", site.path("topology.json"), "--node", "solo", "--data", folder.path)
        #expect(outcome.status == 1)
        #expect(try folder.text("keys/log.key") == "something of value\n")
    }

    @Test func aNodeThatTheTopologyDoesNotNameIsRefusedWithThoseItNames() throws {
        let site = try Site(.pair)
        let outcome = try Program.run(
            "node", "init", "--topology", site.path("topology.json"), "--node", "west", "--data", site.path("west"))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("east, office"))
        #expect(!FileManager.default.fileExists(atPath: site.path("west")))
    }

    @Test func publicKeysAreShownAsTheFileToAssemble() throws {
        let site = try Site()
        let shown = try site.done("solo", "keys", "show", "--json").json()
        #expect(try shown == JSONValue.parse(Array(site.folder.text("solo/solo.keys.json").utf8)))
        #expect(try site.done("solo", "keys", "show").output.contains("\(Site.federation)/solo/1+"))
    }

    @Test func assemblingKeepsAllButTheKeys() throws {
        let site = try Site(.pair)
        let before = try JSONValue.parse(Array(site.folder.text("topology.json").utf8))
        let after = try JSONValue.parse(Array(site.folder.text("shared/topology.json").utf8))
        #expect(try site.folder.text("shared/rulebook.json") == site.folder.text("rulebook.json"))
        #expect(try without(["keys", "tls_key"], before) == without(["keys", "tls_key"], after))
        let twice = try Program.run(
            "topology", "assemble", "--topology", site.path("shared/topology.json"), "--output",
            site.path("shared/again.json"),
            site.path("office/office.keys.json"))
        #expect(twice.status == 0)
        #expect(try site.folder.text("shared/again.json") == site.folder.text("shared/topology.json"))
    }

    /// The members of an object, in order, without those of its nodes that have certain names.
    private func without(_ names: [String], _ value: JSONValue) throws -> JSONValue {
        switch value.content {
        case .object(let members):
            return .object(
                try members.filter { !names.contains($0.name) }.map {
                    JSONMember($0.name, try without(names, $0.value))
                })
        case .array(let elements): return .array(try elements.map { try without(names, $0) })
        default: return value
        }
    }

    @Test func keysThatDoNotBelongAreRefusedAndNothingIsWritten() throws {
        let site = try Site(.pair)
        let other = try Site()
        let east = site.path("east/east.keys.json")
        let foreign = try site.folder.write(
            "foreign.keys.json",
            site.folder.text("east/east.keys.json").replacingOccurrences(of: Site.federation, with: "other.example"))
        let impostor = try site.folder.write(
            "impostor.keys.json",
            other.folder.text("solo/solo.keys.json").replacingOccurrences(of: "solo", with: "east"))
        for (files, words) in [
            ([east, east], "both hold keys of east"), ([foreign], "other.example"),
            ([other.path("solo/solo.keys.json")], "no node of"),
            ([impostor], "with these keys"), ([site.path("rulebook.json")], "federation"),
        ] {
            let outcome = try Program.run(
                ["topology", "assemble", "--topology", site.path("topology.json"), "--output", site.path("out.json")]
                    + files)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains(words), "\(outcome.errors)")
            #expect(!FileManager.default.fileExists(atPath: site.path("out.json")))
        }
    }

    @Test func aLogKeepsTheKeyThatTheTopologyLists() throws {
        let site = try Site(.pair)
        let renewed = site.path("renewed")
        _ = try Program.run(
            "node", "init", "--topology", site.path("topology.json"), "--node", "east", "--data", renewed)
        let outcome = try Program.run(
            "topology", "assemble", "--topology", site.path("shared/topology.json"), "--output",
            site.path("shared/out.json"),
            renewed + "/east.keys.json")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("a log keeps its key"))
    }

    @Test func anotherRulebookBesideTheOutputIsNotOverwritten() throws {
        let site = try Site(.pair)
        try FileManager.default.createDirectory(atPath: site.path("elsewhere"), withIntermediateDirectories: false)
        try site.folder.write("elsewhere/rulebook.json", "another")
        let outcome = try Program.run(
            "topology", "assemble", "--topology", site.path("topology.json"), "--output",
            site.path("elsewhere/topology.json"),
            site.path("east/east.keys.json"))
        #expect(outcome.status == 1)
        #expect(try site.folder.text("elsewhere/rulebook.json") == "another")
        #expect(!FileManager.default.fileExists(atPath: site.path("elsewhere/topology.json")))
    }

    @Test func aTopologyIsCheckedAndShown() throws {
        let site = try Site(.pair)
        let check = try Program.run("topology", "check", site.path("topology.json"))
        #expect(check.status == 0)
        #expect(check.output.contains("is sound") && check.output.contains("without keys as yet: east, office"))
        let assembled = try Program.run("topology", "check", site.path("shared/topology.json"))
        #expect(!assembled.output.contains("without keys"))
        let show = try Program.run("topology", "show", site.path("shared/topology.json"))
        #expect(show.status == 0)
        #expect(show.output.contains("aggregator, authority"))
        let broken = try site.folder.write(
            "broken.json", site.folder.text("topology.json").replacingOccurrences(of: "\"office\"]", with: "\"west\"]"))
        let refused = try Program.run("topology", "check", broken)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("west"))
    }

    @Test func aTopologyWithoutTheFoldersKeysIsNotInstalled() throws {
        let site = try Site(.pair)
        let other = try Site(.pair)
        let before = try site.folder.text("east/topology.json")
        let outcome = try site.run("east", "topology", "install", other.path("shared/topology.json"))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("does not list the keys of east"))
        #expect(try site.folder.text("east/topology.json") == before)
    }

    @Test func aNodeWhoseTopologyHasNoKeysNeitherRunsNorRecords() throws {
        let site = try Site(.pair)
        let data = site.path("fresh")
        _ = try Program.run("node", "init", "--topology", site.path("topology.json"), "--node", "east", "--data", data)
        let record = ["record", "--subject", Site.subject(1), "--factor", "help", "--day", "2021-05-01"]
        for command in [["node", "run"], record, ["standings"], ["node", "status"]] {
            let outcome = try Program.run(command + ["--data", data])
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("assemble"))
            #expect(outcome.output.isEmpty)
        }
    }

    @Test func aRulebookIsCheckedAndReadInWords() throws {
        let site = try Site()
        let check = try Program.run("rulebook", "check", site.path("rulebook.json"))
        #expect(check.status == 0)
        #expect(check.output.contains("2 factors"))
        let show = try Program.run("rulebook", "show", site.path("rulebook.json"))
        #expect(show.status == 0)
        #expect(show.output.contains("Harm done") && show.output.contains("-10"))
    }

    @Test func aRefusedRulebookNamesTheRuleAndThePlace() throws {
        let folder = try TemporaryFolder()
        let outside = try folder.write(
            "outside.json",
            Site.enrolledRulebook.replacingOccurrences(
                of: #""category": "volunteering""#, with: #""category": "religion""#))
        let refused = try Program.run("rulebook", "check", outside)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("factors[0].category") && refused.errors.contains("may not score religion"))
        let broken = try folder.write("broken.json", "{\n  \"name\": 7\n}\n")
        let unread = try Program.run("rulebook", "check", broken)
        #expect(unread.status == 1)
        #expect(unread.errors.contains("line 2") && unread.errors.contains("name"))
    }
}
