import Cryptography
import Encoding
import Federation
import Foundation
import Logging
import NodeRuntime
import ServiceLifecycle

/// A federation of real nodes on loopback, each with its folder under a temporary one, in this process.
final class TestFederation: @unchecked Sendable {
    let root: String
    let names: [String]
    private var running: [String: (group: ServiceGroup, task: Task<Void, any Error>)] = [:]

    static let rulebook = """
        {"name": "test", "version": 1, "population": "synthetic", "purpose": "to test",
         "start_day": "2020-01-01", "base": 1000, "minimum": 350, "maximum": 1300,
         "factors": [
           {"code": "plus", "title": "something good", "realm": "life", "category": "conduct", "points": 3},
           {"code": "minus", "title": "something bad", "realm": "life", "category": "conduct", "points": -5, "yearly_cap": 50}],
         "streaks": [{"code": "streak", "title": "nothing bad", "points": 1, "every_days": 30, "cap": 60}],
         "tiers": [{"name": "A", "from": 1000, "effects": []}, {"name": "B", "from": 350, "effects": []}],
         "effects": []}
        """

    /// - Parameters:
    ///   - names: the last one is aggregator and authority.
    ///   - links: pairs of names.
    ///   - rulebook: for an enrolled population where it is not the synthetic one.
    init(_ names: [String], links: [(String, String)], rulebook: String = TestFederation.rulebook) throws {
        let isSynthetic = rulebook == Self.rulebook
        self.names = names
        root = NSTemporaryDirectory() + "/ct-\(UInt32.random(in: 0 ..< .max))"
        try makeFolder(root)
        let ports = try Self.freePorts(names.count)
        let nodes = names.enumerated().map { place, name in
            let peers = links.filter { $0.0 == name }.map { "\"\($0.1)\"" }.joined(separator: ", ")
            let roles = name == names.last ? "[\"aggregator\", \"authority\"]" : "[\"city\"]"
            return """
                {"name": "\(name)", "title": "\(name)", "roles": \(roles), "keys": [KEYS-\(name)],
                 "address": "127.0.0.1:\(ports[place])", "peers": [\(peers)], "quota": 100000000TLS-\(name)}
                """
        }
        var text = """
            {"federation": "test.example", "version": 1, "rulebook": "rulebook.json",
             \(isSynthetic ? "\"population\": {\"seed\": \"test\", \"size\": 1000}," : "") "nodes": [\(nodes.joined(separator: ",\n"))]}
            """
        let template = names.reduce(text) {
            $0.replacingOccurrences(of: "KEYS-\($1)", with: "").replacingOccurrences(of: "TLS-\($1)", with: "")
        }
        try write("template.json", template)
        try write("rulebook.json", rulebook)
        for name in names {
            let keys = try folder(name).initialize(topologyPath: root + "/template.json", node: name)
            text = text.replacingOccurrences(of: "KEYS-\(name)", with: "\"\(keys.keys[0])\"")
                .replacingOccurrences(of: "TLS-\(name)", with: ", \"tls_key\": \"\(keys.linkKey)\"")
        }
        try write("topology.json", text)
        for name in names { try folder(name).install(topologyPath: root + "/topology.json") }
    }

    private func write(_ name: String, _ text: String) throws { try writeFile(root + "/" + name, Array(text.utf8)) }

    func folder(_ name: String) -> NodeFolder { NodeFolder(root + "/" + name) }

    private static func freePorts(_ count: Int) throws -> [Int] {
        var descriptors: [Int32] = []
        defer { for descriptor in descriptors { close(descriptor) } }
        return try (0..<count).map { _ in
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            descriptors.append(descriptor)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let bound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            guard bound else { throw NodeFailure(.unavailable, "no free port") }
            return Int(UInt16(bigEndian: address.sin_port))
        }
    }

    /// Lists the keys of a node's new epoch in the topology, as its next version, and installs it everywhere.
    func reassemble(with keys: PublicKeys) throws {
        var text = String(decoding: try readFile(root + "/topology.json", limit: 1 << 20), as: UTF8.self)
        let version = try Topology(Array(text.utf8)).version
        let all = keys.keys.map { "\"\($0)\"" }.joined(separator: ", ")
        text = text.replacingOccurrences(of: "\"\(keys.keys[0])\"", with: all)
            .replacingOccurrences(of: "\"version\": \(version)", with: "\"version\": \(version + 1)")
        try write("topology.json", text)
        for name in names { try folder(name).install(topologyPath: root + "/topology.json") }
    }

    func start(_ name: String) async throws {
        var logger = Logger(label: name)
        logger.logLevel = .error
        let service = try NodeService(folder: folder(name), logger: logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: service)], logger: logger))
        running[name] = (group, Task { try await group.run() })
        let deadline = Date(timeIntervalSinceNow: 20)
        while (try? ControlConnection.connect(folder(name).controlSocket)) == nil, Date() < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Starts every node, and waits until each may publish.
    func startAll() async throws {
        for name in names { try await start(name) }
        for name in names { try await waitUntilConfirmed(name) }
    }

    func waitUntilConfirmed(_ name: String) async throws {
        let deadline = Date(timeIntervalSinceNow: 30)
        while try await call(name, "status")["confirmed"]?.boolean != true {
            guard Date() < deadline else { throw NodeFailure(.unavailable, "\(name) is not confirmed") }
            try await Task.sleep(for: .milliseconds(10))
        }
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

    /// One command, through the control socket or, where the node is stopped, on the opened stores. It blocks, so it runs
    /// on a thread of its own: the nodes in this process need the others.
    @discardableResult
    func call(_ name: String, _ command: String, _ members: [(String, JSONValue)] = [], drafts: [Draft]? = nil) async throws
        -> JSONValue
    {
        let folder = folder(name)
        return try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let client = try NodeClient(folder: folder)
                        defer { try? client.close() }
                        return try client.call(command, members, drafts: drafts)
                    })
            }
        }
    }

    static func subject(_ index: UInt64) -> SubjectID {
        SyntheticPopulation(seed: Array("test".utf8), size: 1_000).subject(index)
    }

    static func observation(_ subject: UInt64, _ factor: String, day: UInt32, reference: String = "") -> Draft {
        .body(
            day: day, subject: Self.subject(subject),
            content: .observation(factor: Array(factor.utf8), quantity: 1, reference: Array(reference.utf8)))
    }
}

extension JSONValue {
    var boolean: Bool? { if case .boolean(let value) = content { value } else { nil } }
    var integer: Int64? { if case .integer(let value) = content { value } else { nil } }
    var string: String? { if case .string(let value) = content { value } else { nil } }
    var array: [JSONValue] { if case .array(let value) = content { value } else { [] } }
}
