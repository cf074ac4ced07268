import Encoding
import Federation
import Foundation
import Testing

/// A federation in a temporary folder: its files, and an initialised and installed data folder for each node.
final class Site {
    enum Shape: Sendable {
        /// One node that is also the authority; it needs no peers.
        case alone
        /// A city, `east`, and `office`, aggregator and authority, linked with each other.
        case pair
    }

    enum Population: Sendable { case synthetic, enrolled }

    let folder: TemporaryFolder
    private var running: [String: Running] = [:]
    private let ports: ReservedPorts

    static let population = SyntheticPopulation(seed: Array("tests".utf8), size: 1_000_000)
    static let federation = "tests.concord.example"

    static func subject(_ index: UInt64) -> String { population.subject(index).description }

    init(_ shape: Shape = .alone, _ population: Population = .synthetic) throws {
        folder = try TemporaryFolder()
        let names = shape == .alone ? ["solo"] : ["east", "office"]
        ports = try ReservedPorts(names.count)
        try folder.write("rulebook.json", population == .synthetic ? Self.syntheticRulebook : Self.enrolledRulebook)
        try folder.write("topology.json", Self.topology(shape, population, ports.ports))
        try FileManager.default.createDirectory(atPath: folder.path + "/shared", withIntermediateDirectories: false)
        for name in names {
            try succeed("node", "init", "--topology", path("topology.json"), "--node", name, "--data", path(name))
        }
        let keys = names.map { path("\($0)/\($0).keys.json") }
        try succeed(
            ["topology", "assemble", "--topology", path("topology.json"), "--output", path("shared/topology.json")]
                + keys)
        for name in names { try succeed("topology", "install", path("shared/topology.json"), "--data", path(name)) }
    }

    deinit { for node in running.values { _ = try? node.interrupt() } }

    func path(_ name: String) -> String { folder.path + "/" + name }

    /// Position of an entry in a node's first log.
    func position(_ node: String, _ index: Int) -> String { "\(Self.federation)/\(node)/1:\(index)" }

    /// Runs a command on a node's data folder.
    func run(_ node: String, _ arguments: String...) throws -> Outcome { try run(node, arguments) }

    func run(_ node: String, _ arguments: [String]) throws -> Outcome {
        try Program.run(arguments + ["--data", path(node)])
    }

    /// The same where it has to succeed.
    @discardableResult
    func done(_ node: String, _ arguments: String..., sourceLocation: SourceLocation = #_sourceLocation) throws
        -> Outcome
    {
        let outcome = try run(node, arguments)
        try #require(outcome.status == 0, "\(arguments): \(outcome.errors)", sourceLocation: sourceLocation)
        return outcome
    }

    func record(_ node: String, _ subject: String, _ factor: String, day: String, reference: String = "") throws {
        var arguments = ["record", "--subject", subject, "--factor", factor, "--day", day]
        if !reference.isEmpty { arguments += ["--reference", reference] }
        let outcome = try run(node, arguments)
        try #require(outcome.status == 0, "\(outcome.errors)")
    }

    func score(_ node: String, _ subject: String, day: String) throws -> Int64? {
        let answer = try done(node, "score", subject, "--day", day, "--json").json()
        guard case .integer(let score)? = answer["score"]?.content else { return nil }
        return score
    }

    /// Starts a node and waits until it answers and may publish.
    func start(_ nodes: String...) throws {
        for node in nodes { running[node] = try Running(["node", "run", "--data", path(node), "--log-level", "info"]) }
        for node in nodes {
            try wait("\(node) to run and be confirmed") {
                let process = try #require(running[node])
                try #require(process.isRunning, "\(process.errors)")
                guard FileManager.default.fileExists(atPath: path(node) + "/control.sock") else { return false }
                let status = try run(node, "node", "status", "--json")
                guard status.status == 0 else { return false }
                return try status.json()["confirmed"] == true
            }
        }
    }

    /// Ends a node as Ctrl-C does.
    @discardableResult
    func stop(_ node: String) throws -> Outcome {
        let process = running.removeValue(forKey: node)
        return try #require(process).interrupt()
    }

    /// Waits until something holds that comes about by itself.
    func wait(_ what: String, until condition: () throws -> Bool) throws {
        for _ in 0..<3_000 {
            if try condition() { return }
            usleep(20_000)
        }
        throw SiteFailure("waited in vain for \(what)")
    }

    private func succeed(_ arguments: String...) throws { try succeed(arguments) }

    private func succeed(_ arguments: [String]) throws {
        let outcome = try Program.run(arguments)
        try #require(outcome.status == 0, "\(arguments): \(outcome.errors)")
    }
}

struct SiteFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

// The federation's files.
extension Site {
    static func topology(_ shape: Shape, _ population: Population, _ ports: [Int]) -> String {
        let people = population == .synthetic ? #""population": {"seed": "tests", "size": 1000000},"# : ""
        let nodes =
            switch shape {
            case .alone: [node("solo", ["city", "authority"], ports[0], [])]
            case .pair:
                [
                    node("east", ["city"], ports[0], ["office"]),
                    node("office", ["aggregator", "authority"], ports[1], ["east"]),
                ]
            }
        return """
            {"federation": "\(federation)", "version": 1, "rulebook": "rulebook.json", \(people)
             "nodes": [\(nodes.joined(separator: ",\n"))]}
            """
    }

    private static func node(_ name: String, _ roles: [String], _ port: Int, _ peers: [String]) -> String {
        let quoted = { (texts: [String]) in texts.map { "\"\($0)\"" }.joined(separator: ", ") }
        return """
            {"name": "\(name)", "title": "\(name.capitalized)", "roles": [\(quoted(roles))], "keys": [],
             "address": "127.0.0.1:\(port)", "peers": [\(quoted(peers))], "quota": 1000000}
            """
    }

    /// Base 1000; help +5, harm -10; tier A from 1000, B below.
    static let syntheticRulebook = """
        {"name": "tests", "version": 1, "population": "synthetic", "purpose": "to test", "start_day": "2020-01-01",
         "base": 1000, "minimum": 0, "maximum": 2000,
         "factors": [
           {"code": "help", "title": "Help given", "realm": "life", "points": 5},
           {"code": "harm", "title": "Harm done", "realm": "life", "points": -10}],
         "streaks": [],
         "tiers": [{"name": "A", "from": 1000, "effects": ["loan"]}, {"name": "B", "from": 0, "effects": []}],
         "effects": [{"code": "loan", "title": "A cheaper loan", "kind": "benefit", "purpose": "to test"}]}
        """

    /// Base 0; an hour +1.
    static let enrolledRulebook = """
        {"name": "hours", "version": 1, "population": "enrolled", "purpose": "volunteering", "start_day": "2020-01-01",
         "base": 0, "minimum": 0, "maximum": 2000,
         "factors": [{"code": "hour", "title": "An hour of help", "realm": "life", "category": "volunteering",
           "purpose": "volunteering", "points": 1}],
         "streaks": [],
         "tiers": [{"name": "Member", "from": 0, "effects": []}], "effects": []}
        """
}

/// Free ports of the loopback address, bound without listening: nobody else is given them, and a node that binds with
/// SO_REUSEADDR gets them beside this.
final class ReservedPorts {
    private(set) var ports: [Int] = []
    private var descriptors: [Int32] = []

    init(_ count: Int) throws {
        for _ in 0..<count {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            try #require(isBound)
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            ports.append(Int(UInt16(bigEndian: address.sin_port)))
        }
    }

    deinit { for descriptor in descriptors { close(descriptor) } }
}
