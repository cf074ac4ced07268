import Encoding
import Foundation
import Testing

/// The DocC page Operating: every command in it is run, in its order, on a federation of its own.
struct OperatingTests {
    private static let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Sources/WebInterface/WebInterface.docc/Operating.md")

    /// The commands that stand in blocks of their own, without `concord`.
    private static func commands() throws -> [[String]] {
        try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("    ") }.map { $0.drop { $0 == " " } }.filter { $0.hasPrefix("concord ") }
            .map { $0.split(separator: " ").dropFirst().map(String.init) }
    }

    private static let names = ["ghent", "bruges", "office"]

    private static func topology(_ ports: [Int]) -> String {
        let nodes = names.enumerated().map { place, name in
            let peers = names.filter { $0 != name }.map { "\"\($0)\"" }.joined(separator: ", ")
            let roles = name == "office" ? "\"aggregator\", \"authority\"" : "\"city\""
            return """
                {"name": "\(name)", "title": "\(name)", "roles": [\(roles)], "keys": [], "address": "127.0.0.1:\(ports[place])",
                 "peers": [\(peers)], "quota": 100000}
                """
        }
        return """
            {"federation": "tests.concord.example", "version": 1, "rulebook": "rulebook.json",
             "population": {"seed": "tests", "size": 1000000}, "nodes": [\(nodes.joined(separator: ","))]}
            """
    }

    @Test func everyCommandOfThePageDoesWhatItSays() throws {
        let folder = try TemporaryFolder()
        let ports = try ReservedPorts(3)
        try folder.write("rulebook.json", Site.syntheticRulebook)
        try folder.write("topology.json", Self.topology(ports.ports))
        for name in ["bruges", "office"] {
            try succeed([
                "node", "init", "--topology", folder.path + "/topology.json", "--node", name, "--data",
                folder.path + "/" + name,
            ])
        }
        var running: [Running] = []
        var ghent: Running?
        var done: Set<String> = []
        defer { for node in running + [ghent].compactMap(\.self) { _ = try? node.interrupt() } }
        for command in try Self.commands() {
            let arguments = Self.placed(command, folder.path)
            switch (command[0], command.dropFirst().first ?? "") {
            case ("node", "run"):
                if let node = ghent { try stop(node) }
                ghent = try Running(arguments)
                if running.isEmpty {
                    for name in ["bruges", "office"] {
                        let data = folder.path + "/" + name
                        try succeed(["topology", "install", folder.path + "/shared.json", "--data", data])
                        running.append(try Running(["node", "run", "--data", data]))
                    }
                }
                try waitUntilReady(folder.path + "/ghent", try #require(ghent))
            case ("restore", _):
                if let node = ghent { try stop(node) }
                ghent = nil
                try succeed(arguments)
            case ("node", "status") where command.contains("--watch"):
                let watch = try Running(arguments)
                usleep(1_500_000)
                let outcome = try watch.interrupt()
                #expect(outcome.status == 0 && outcome.output.contains("(ghent) of tests.concord.example"))
                #expect(outcome.output.contains("events a second") || outcome.output.contains("counting events"))
            default: try succeed(arguments)
            }
            done.insert(command[0])
        }
        #expect(
            done.isSuperset(of: ["node", "topology", "tokens", "reads", "verify", "resync", "converge", "backup", "restore"]))
    }

    /// The page's names as they are here.
    private static func placed(_ command: [String], _ folder: String) -> [String] {
        var arguments = command.map { word in
            if word.hasPrefix("/srv/") { return word.replacingOccurrences(of: "/srv", with: folder) }
            if word.hasPrefix("/backup/") { return folder + "/" + word.dropFirst(8) }
            if ["topology.json", "shared.json"].contains(word) { return folder + "/" + word }
            if word.hasSuffix(".keys.json") { return folder + "/" + word.prefix { $0 != "." } + "/" + word }
            return word
        }
        // A port that is free here.
        if let place = arguments.firstIndex(of: "--http") { arguments[place + 1] = "0" }
        return arguments
    }

    private func stop(_ node: Running) throws { #expect(try node.interrupt().status == 0) }

    private func waitUntilReady(_ data: String, _ node: Running) throws {
        for _ in 0..<3_000 {
            try #require(node.isRunning, "\(node.errors)")
            if FileManager.default.fileExists(atPath: data + "/control.sock"),
                try Program.run(["node", "status", "--json", "--data", data]).json()["confirmed"] == true
            {
                return
            }
            usleep(20_000)
        }
        Issue.record("the node is never ready")
    }

    private func succeed(_ arguments: [String]) throws {
        let outcome = try Program.run(arguments)
        #expect(outcome.status == 0, "\(arguments.joined(separator: " ")): \(outcome.errors)\(outcome.output)")
    }
}
