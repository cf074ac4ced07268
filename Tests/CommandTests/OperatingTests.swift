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
        let site = try OperatingSite(Self.names) { try $0.write("topology.json", Self.topology($1)) }
        defer { site.end() }
        var done: Set<String> = []
        for command in try Self.commands() {
            let arguments = Self.placed(command, site.path)
            if let change = command.first(where: { $0 == "next.json" || $0 == "last.json" }) { try site.prepare(change) }
            switch (command[0], command.dropFirst().first ?? "") {
            case ("node", "run"): try site.run(arguments)
            case ("topology", "install"): try site.install(arguments)
            case ("restore", _), ("rescue", _):
                try site.stop("ghent")
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
            done.isSuperset(of: [
                "node", "topology", "tokens", "reads", "verify", "resync", "converge", "rescue", "backup", "restore",
            ]))
        // The city that was removed attests nothing, and hinders nobody.
        let last = try Program.run(["converge", "--timeout", "3", "--data", site.path + "/ghent"])
        #expect(last.status == 1 && last.output.contains("3 of 4 nodes attest"), "\(last.output)\(last.errors)")
    }

    /// The page's names as they are here.
    private static func placed(_ command: [String], _ folder: String) -> [String] {
        var arguments = command.map { word in
            if word.hasPrefix("/srv/") { return word.replacingOccurrences(of: "/srv", with: folder) }
            if word.hasPrefix("/backup/") { return folder + "/" + word.dropFirst(8) }
            if ["topology.json", "shared.json", "next.json", "last.json"].contains(word) { return folder + "/" + word }
            if word.hasSuffix(".keys.json") { return folder + "/" + word.prefix { $0 != "." } + "/" + word }
            return word
        }
        // A port that is free here.
        if let place = arguments.firstIndex(of: "--http") { arguments[place + 1] = "0" }
        return arguments
    }

}

private func succeed(_ arguments: [String]) throws {
    let outcome = try Program.run(arguments)
    #expect(outcome.status == 0, "\(arguments.joined(separator: " ")): \(outcome.errors)\(outcome.output)")
}

/// What stands around the page's commands: the other nodes, to which the page says to do the same, and what people write.
private final class OperatingSite {
    private let folder: TemporaryFolder
    private let ports: ReservedPorts
    private let names: [String]
    private var running: [String: Running] = [:]
    private var hasNewTopology: Set<String> = []

    var path: String { folder.path }

    /// The page makes the first of the nodes itself.
    init(_ names: [String], topology: (TemporaryFolder, [Int]) throws -> Void) throws {
        folder = try TemporaryFolder()
        ports = try ReservedPorts(names.count + 1)
        self.names = names
        try folder.write("rulebook.json", Site.syntheticRulebook)
        try topology(folder, ports.ports)
        for name in names.dropFirst() {
            try succeed(["node", "init", "--topology", path + "/topology.json", "--node", name, "--data", path + "/" + name])
        }
    }

    func end() { for node in running.values { _ = try? node.interrupt() } }

    func stop(_ name: String) throws {
        guard let node = running.removeValue(forKey: name) else { return }
        #expect(try node.interrupt().status == 0)
    }

    /// Installs on a node; on the others as well, as the page says.
    func install(_ arguments: [String]) throws {
        try succeed(arguments)
        guard arguments.last == path + "/ghent" else { return }
        for name in names.dropFirst() {
            try succeed(["topology", "install", arguments[2], "--data", path + "/" + name])
            hasNewTopology.insert(name)
        }
    }

    /// Starts a node, again where it runs; and the others after it where they have a new topology.
    func run(_ arguments: [String]) throws {
        let place = try #require(arguments.firstIndex(of: "--data"))
        let name = try #require(arguments[place + 1].split(separator: "/").last.map(String.init))
        try stop(name)
        running[name] = try Running(arguments)
        for other in names where hasNewTopology.remove(other) != nil {
            try stop(other)
            running[other] = try Running(["node", "run", "--data", path + "/" + other])
        }
        for name in running.keys.sorted() { try waitUntilReady(name) }
    }

    private func waitUntilReady(_ name: String) throws {
        let node = try #require(running[name])
        let data = path + "/" + name
        for _ in 0..<3_000 {
            try #require(node.isRunning, "\(name): \(node.errors)")
            if FileManager.default.fileExists(atPath: data + "/control.sock"),
                try Program.run(["node", "status", "--json", "--data", data]).json()["confirmed"] == true
            {
                return
            }
            usleep(20_000)
        }
        Issue.record("\(name) is never ready")
    }

    /// Writes the topologies that the page says to write: with one city more, and with that city removed.
    func prepare(_ file: String) throws {
        guard !FileManager.default.fileExists(atPath: path + "/" + file) else { return }
        let shared = try JSONSerialization.jsonObject(with: Data(folder.text("shared.json").utf8))
        var topology = try #require(shared as? [String: Any])
        var nodes = try #require(topology["nodes"] as? [[String: Any]])
        topology["version"] = try #require(topology["version"] as? Int) + 1
        if file == "next.json" {
            for place in nodes.indices { nodes[place]["peers"] = (nodes[place]["peers"] as? [String] ?? []) + ["lille"] }
            let port = try #require(ports.ports.last)
            nodes.append([
                "name": "lille", "title": "lille", "roles": ["city"], "keys": [], "quota": 100_000, "peers": names,
                "address": "127.0.0.1:\(port)",
            ])
        } else {
            try stop("lille")
            for place in nodes.indices {
                nodes[place]["peers"] = (nodes[place]["peers"] as? [String] ?? []).filter { $0 != "lille" }
                if nodes[place]["name"] as? String == "lille" { nodes[place].merge(["peers": [String](), "quota": 1]) { $1 } }
            }
        }
        topology["nodes"] = nodes
        try folder.write(file, String(decoding: JSONSerialization.data(withJSONObject: topology), as: UTF8.self))
    }
}
