import Encoding
import Federation
import Foundation
import Logging
import NodeRuntime
import ServiceLifecycle

@testable import WebInterface

/// A city, `east`, and `office`, aggregator and authority, in this process, each with its HTTP side on a free port.
final class WebSite: @unchecked Sendable {
    let root: String
    let names = ["east", "office"]
    private var running: [String: (group: ServiceGroup, task: Task<Void, any Error>)] = [:]

    static let federation = "web.example"

    static let rulebook = """
        {"name": "web", "version": 1, "population": "synthetic", "purpose": "to test",
         "start_day": "2020-01-01", "base": 1000, "minimum": 350, "maximum": 1300,
         "factors": [
           {"code": "plus", "title": "something good", "realm": "life", "category": "conduct", "points": 3},
           {"code": "minus", "title": "something bad", "realm": "life", "category": "conduct", "points": -5, "yearly_cap": 50}],
         "streaks": [],
         "tiers": [{"name": "A", "from": 1000, "effects": ["loan"]}, {"name": "B", "from": 350, "effects": []}],
         "effects": [{"code": "loan", "title": "A cheaper loan", "kind": "benefit"}]}
        """

    init() throws {
        root = NSTemporaryDirectory() + "/cw-\(UInt32.random(in: 0 ..< .max))"
        try makeFolder(root)
        let ports = try Self.freePorts(2)
        func topology(_ keys: [PublicKeys]) -> String {
            let nodes = names.enumerated().map { place, name in
                let own = keys.first { $0.node == name }
                let tls = own.map { ", \"tls_key\": \"\($0.linkKey)\"" } ?? ""
                return """
                    {"name": "\(name)", "title": "\(name.capitalized)",
                     "roles": \(name == "office" ? #"["aggregator", "authority"]"# : #"["city"]"#),
                     "keys": [\(own.map { "\"\($0.keys[0])\"" } ?? "")], "address": "127.0.0.1:\(ports[place])",
                     "peers": ["\(names[1 - place])"], "quota": 1000000\(tls)}
                    """
            }
            return """
                {"federation": "\(Self.federation)", "version": 1, "rulebook": "rulebook.json",
                 "population": {"seed": "web", "size": 1000}, "nodes": [\(nodes.joined(separator: ","))]}
                """
        }
        try writeFile(root + "/rulebook.json", Array(Self.rulebook.utf8))
        try writeFile(root + "/topology.json", Array(topology([]).utf8))
        let keys = try names.map { try folder($0).initialize(topologyPath: root + "/topology.json", node: $0) }
        try writeFile(root + "/topology.json", Array(topology(keys).utf8))
        for name in names { try folder(name).install(topologyPath: root + "/topology.json") }
    }

    func folder(_ name: String) -> NodeFolder { NodeFolder(root + "/" + name) }

    private static func freePorts(_ count: Int) throws -> [Int] {
        let sockets = try (0..<count).map { _ in try Socket(listeningOn: 0) }
        return sockets.map(\.port)
    }

    static func subject(_ index: UInt64) -> SubjectID {
        SyntheticPopulation(seed: Array("web".utf8), size: 1_000).subject(index)
    }

    func start(_ name: String, names hosts: [String] = []) async throws {
        var logger = Logger(label: name)
        logger.logLevel = .critical
        let metrics = MetricsRegistry()
        let service = try NodeService(folder: folder(name), logger: logger, metrics: metrics)
        var options = WebOptions(port: 0)
        options.names = hosts
        let web = WebService(commands: service.commands, options: options, registry: metrics, logger: logger)
        let group = ServiceGroup(
            configuration: .init(services: [.init(service: service), .init(service: web)], logger: logger))
        running[name] = (group, Task { try await group.run() })
        try await wait("\(name) to listen") { self.folder(name).address != nil }
    }

    /// Both nodes, linked and allowed to publish.
    static func started() async throws -> WebSite {
        let site = try WebSite()
        for name in site.names { try await site.start(name) }
        for name in site.names {
            try await site.wait("\(name) to be ready") { try await site.get(name, "/readyz").status == 200 }
        }
        return site
    }

    func stop(_ name: String) async throws {
        guard let (group, task) = running.removeValue(forKey: name) else { return }
        await group.triggerGracefulShutdown()
        try await task.value
    }

    func end() async throws {
        for name in names { try await stop(name) }
        try FileManager.default.removeItem(atPath: root)
    }

    func wait(_ what: String, until condition: () async throws -> Bool) async throws {
        for _ in 0..<1_500 {
            if try await condition() { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw NodeFailure(.unavailable, "waited in vain for \(what)")
    }

    func port(_ name: String) throws -> Int {
        guard let port = folder(name).address?.split(separator: ":").last?.dropLast(), let number = Int(port) else {
            throw NodeFailure(.unavailable, "\(name) does not listen")
        }
        return number
    }

    func token(_ node: String, _ roles: AccessRole..., subject: SubjectID? = nil, name: String? = nil) throws -> String {
        try TokenFolder(folder(node)).make(
            name: name ?? "t\(UInt32.random(in: 0 ..< .max))", roles: roles, subject: subject, daysUntilEnd: nil
        ).secret
    }

    func get(_ node: String, _ path: String, token: String? = nil, headers: [String] = []) async throws -> HTTPAnswer {
        try await send(node, "GET", path, token: token, headers: headers)
    }

    func send(
        _ node: String, _ method: String, _ path: String, token: String? = nil, headers: [String] = [], body: String? = nil
    ) async throws -> HTTPAnswer {
        var head = ["\(method) \(path) HTTP/1.1", "Host: 127.0.0.1", "Connection: close"] + headers
        if let token { head.append("Authorization: Bearer \(token)") }
        if let body { head += ["Content-Type: application/json", "Content-Length: \(body.utf8.count)"] }
        return try await exchange(node, head.joined(separator: "\r\n") + "\r\n\r\n" + (body ?? ""))
    }

    /// Sends bytes as they are and reads until the other side closes.
    func exchange(_ node: String, _ text: String) async throws -> HTTPAnswer {
        let port = try port(node)
        return try await onThread {
            let socket = try Socket(connectingTo: port)
            try socket.send(Array(text.utf8))
            return try HTTPAnswer(socket.readAll())
        }
    }

    /// Records observations through the API.
    func record(_ node: String, _ events: [(subject: UInt64, factor: String, day: String)], token: String) async throws {
        let list = events.map {
            "{\"subject\":\"\(Self.subject($0.subject))\",\"factor\":\"\($0.factor)\",\"day\":\"\($0.day)\"}"
        }
        let answer = try await send(
            node, "POST", "/v1/events", token: token, body: "{\"events\":[\(list.joined(separator: ","))]}")
        guard answer.status == 201 else { throw NodeFailure(.refused, answer.text) }
    }

    /// A command of the node over its control socket.
    func call(_ node: String, _ command: String, _ members: [(String, JSONValue)] = [], drafts: [Draft]? = nil) async throws
        -> JSONValue
    {
        let folder = folder(node)
        return try await onThread {
            let client = try NodeClient(folder: folder)
            defer { try? client.close() }
            return try client.call(command, members, drafts: drafts)
        }
    }
}

/// Runs what blocks on a thread of its own: the nodes in this process need the others.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
    }
}
