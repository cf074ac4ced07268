package import Cryptography
package import Encoding
package import Federation
internal import Foundation
package import Scoring
internal import TransparencyLog

/// The data folder of one node: where each file lies and how it is made.
///
///     node.json        name and epoch                     topology.json, rulebook.json   what the nodes share
///     keys/            log.key, link.key, mode 0600        <node>.keys.json               public keys, to be assembled
///                      log.<epoch>.key of earlier epochs
///     log.sqlite       what cannot be rebuilt              standings.sqlite               derived
///     published        last published checkpoint           lock, control.sock, http       while a process has it open
///     tokens/          who may do what over HTTP           reads-YYYY-MM.ndjson           who read which score, and when
package struct NodeFolder: Sendable {
    package let path: String

    package init(_ path: String) {
        var path = path
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        self.path = path
    }

    package var identityFile: String { path + "/node.json" }
    package var topologyFile: String { path + "/topology.json" }
    package var rulebookFile: String { path + "/rulebook.json" }
    package var logKeyFile: String { path + "/keys/log.key" }
    /// The key of an earlier epoch's log, or of the next one while that is being begun.
    package func logKeyFile(epoch: UInt64) -> String { path + "/keys/log.\(epoch).key" }
    package var linkKeyFile: String { path + "/keys/link.key" }
    package var logFile: String { path + "/log.sqlite" }
    package var standingsFile: String { path + "/standings.sqlite" }
    package var publishedFile: String { path + "/published" }
    package var lockFile: String { path + "/lock" }
    package var controlSocket: String { path + "/control.sock" }
    package func publicKeysFile(_ node: String) -> String { path + "/\(node).keys.json" }

    package var exists: Bool { FileManager.default.fileExists(atPath: identityFile) }
}

/// Who a data folder belongs to.
package struct NodeIdentity: Equatable, Sendable {
    /// When and why an epoch after the first was begun.
    package struct Beginning: Equatable, Sendable {
        package let epoch: UInt64
        package let atMilliseconds: UInt64
        package let reason: String

        package init(epoch: UInt64, atMilliseconds: UInt64, reason: String) {
            self.epoch = epoch
            self.atMilliseconds = atMilliseconds
            self.reason = reason
        }
    }

    package let node: String
    package let epoch: UInt64
    package let beginnings: [Beginning]

    package init(node: String, epoch: UInt64, beginnings: [Beginning] = []) {
        self.node = node
        self.epoch = epoch
        self.beginnings = beginnings
    }

    package init(folder: NodeFolder) throws {
        guard folder.exists else {
            throw NodeFailure(
                .invalid,
                "\(folder.path) is no data folder: make one with concord node init --topology FILE --node NAME --data DIR")
        }
        try self.init(decoding: readFile(folder.identityFile, limit: 1 << 20), name: folder.identityFile)
    }

    /// - Parameter name: where the bytes come from, for the message.
    init(decoding bytes: [UInt8], name: String) throws {
        do { try self.init(decoding: bytes) } catch { throw NodeFailure(.invalid, "\(name): \(error): \(Self.advice)") }
    }

    /// From the bytes of `node.json`.
    package init(decoding bytes: [UInt8]) throws(JSONFailure) {
        var reader = try JSONObjectReader(JSONValue.parse(bytes))
        node = try reader.string("node")
        epoch = UInt64(try reader.integer("epoch", in: 1...Int64.max))
        var beginnings: [Beginning] = []
        for value in try reader.optionalArray("epochs") ?? [] {
            var member = try JSONObjectReader(value)
            beginnings.append(
                Beginning(
                    epoch: UInt64(try member.integer("epoch", in: 2...Int64.max)),
                    atMilliseconds: UInt64(try member.integer("at_ms", in: 0...Int64.max)),
                    reason: try member.string("reason")))
            try member.finish()
        }
        self.beginnings = beginnings
        try reader.finish()
    }

    /// What to do about a damaged file: it is short, and nothing else tells what it said.
    fileprivate static let advice =
        "put the file back from a backup, or write it anew: {\"node\":\"NAME\",\"epoch\":1}, as the topology's keys name them"

    package var json: JSONValue {
        var members = [JSONMember("node", .string(node)), JSONMember("epoch", .integer(Int64(epoch)))]
        let epochs = beginnings.map { beginning -> JSONValue in
            [
                "epoch": .integer(Int64(beginning.epoch)), "at_ms": .integer(Int64(beginning.atMilliseconds)),
                "reason": .string(beginning.reason),
            ]
        }
        if !epochs.isEmpty { members.append(JSONMember("epochs", .array(epochs))) }
        return .object(members)
    }
}

/// The two secrets of a node: it signs its log with one, and its links stand on the other.
package struct NodeKeys: Sendable {
    package let log: SigningKey
    package let link: SigningKey

    package init(log: SigningKey, link: SigningKey) {
        self.log = log
        self.link = link
    }
}

/// A topology together with the rulebook that it names, both checked against each other.
package struct FederationFiles: Sendable {
    package let topology: Topology
    package let rulebook: Rulebook
    package let rulebookBytes: [UInt8]

    package init(topology: Topology, rulebook: Rulebook, rulebookBytes: [UInt8]) {
        self.topology = topology
        self.rulebook = rulebook
        self.rulebookBytes = rulebookBytes
    }

    /// Reads a topology and the rulebook beside it, or the one at `rulebookPath`.
    package init(topologyPath: String, rulebookPath: String? = nil) throws {
        topology = try Self.topology(topologyPath)
        let path =
            rulebookPath
            ?? URL(fileURLWithPath: topologyPath).deletingLastPathComponent()
            .appendingPathComponent(topology.rulebook).path
        rulebookBytes = try readFile(path, limit: Limits.configurationBytes)
        rulebook = try Self.rulebook(rulebookBytes, path, population: topology.population)
    }

    package static func topology(_ path: String) throws -> Topology {
        do { return try Topology(readFile(path, limit: Limits.configurationBytes)) } catch let failure as JSONFailure {
            throw NodeFailure(.invalid, "\(path): \(failure)")
        }
    }

    /// Parses a rulebook and holds it against the policy of its population.
    package static func rulebook(_ bytes: [UInt8], _ path: String, population: SyntheticPopulation?) throws -> Rulebook {
        do {
            return try Rulebook.load(bytes: bytes, population: population)
        } catch {
            throw NodeFailure(.refused, "\(path) is refused: \(error)")
        }
    }
}

/// Public keys of a node, as `node init` writes them and `topology assemble` reads them.
package struct PublicKeys: Sendable {
    package let federation: String
    package let node: String
    package let keys: [String]
    package let linkKey: String

    package init(federation: String, node: String, keys: [String], linkKey: String) {
        self.federation = federation
        self.node = node
        self.keys = keys
        self.linkKey = linkKey
    }

    package init(path: String) throws {
        do { try self.init(decoding: readFile(path, limit: 65_536)) } catch let failure as JSONFailure {
            throw NodeFailure(.invalid, "\(path): \(failure)")
        }
    }

    /// From the bytes of a `<node>.keys.json`.
    package init(decoding bytes: [UInt8]) throws(JSONFailure) {
        var reader = try JSONObjectReader(JSONValue.parse(bytes))
        federation = try reader.string("federation")
        node = try reader.string("node")
        keys = try reader.strings("keys")
        linkKey = try reader.string("tls_key")
        try reader.finish()
    }

    package var json: JSONValue {
        .object([
            JSONMember("federation", .string(federation)), JSONMember("node", .string(node)),
            JSONMember("keys", .array(keys.map { .string($0) })), JSONMember("tls_key", .string(linkKey)),
        ])
    }
}

extension NodeFolder {
    /// Makes a data folder with new keys. Nothing that is there is overwritten.
    package func initialize(topologyPath: String, node: String) throws -> PublicKeys {
        let files = try FederationFiles(topologyPath: topologyPath)
        guard files.topology.index(ofNode: node) != nil else {
            throw NodeFailure(
                .invalid,
                "\(topologyPath) names no node \(node); it names \(files.topology.nodes.map(\.name).joined(separator: ", "))")
        }
        guard !exists else {
            throw NodeFailure(.invalid, "\(path) is a data folder already: keys are never overwritten; choose another folder")
        }
        try makeFolder(path, mode: 0o700)
        try makeFolder(path + "/keys", mode: 0o700)
        let logKey = SigningKey.generate()
        let linkKey = SigningKey.generate()
        do throws(KeyFileFailure) {
            try KeyFile.write(logKey.seed, to: logKeyFile)
            try KeyFile.write(linkKey.seed, to: linkKeyFile)
        } catch { throw NodeFailure(.storage, error.description) }
        guard let verifying = VerifyingKey(logKey.publicKey) else { throw NodeFailure(.internal, "a new key is none") }
        let origin = Array("\(files.topology.federation)/\(node)/1".utf8)
        let keys = PublicKeys(
            federation: files.topology.federation, node: node,
            keys: [VerifierKey(name: origin, key: verifying).description], linkKey: base64(linkKey.publicKey))
        try writeFile(publicKeysFile(node), Array((keys.json.text + "\n").utf8))
        try writeFile(topologyFile, files.topology.bytes)
        try writeFile(rulebookFile, files.rulebookBytes)
        // A node that has published nothing knows that it has not.
        try writeFile(publishedFile, [], mode: 0o600)
        // Last, since this file is what makes the folder one.
        try writeFile(identityFile, Array((NodeIdentity(node: node, epoch: 1).json.text + "\n").utf8))
        return keys
    }

    /// Puts an assembled topology and its rulebook into the folder, after checking that they are for this node.
    package func install(topologyPath: String) throws {
        let identity = try NodeIdentity(folder: self)
        let files = try FederationFiles(topologyPath: topologyPath)
        let own = try FederationFiles.topology(topologyFile)
        guard files.topology.federation == own.federation else {
            throw NodeFailure(
                .invalid, "\(topologyPath) is of \(files.topology.federation), but \(path) belongs to \(own.federation)")
        }
        try checkKeys(identity, files.topology, topologyPath)
        try writeFile(rulebookFile, files.rulebookBytes)
        try writeFile(topologyFile, files.topology.bytes)
    }

    /// Whether the topology lists the keys that lie in this folder.
    func checkKeys(_ identity: NodeIdentity, _ topology: Topology, _ topologyPath: String) throws {
        guard let index = topology.index(ofNode: identity.node) else {
            throw NodeFailure(
                .invalid,
                "\(topologyPath) names no node \(identity.node); if \(identityFile) was changed, \(NodeIdentity.advice)")
        }
        let keys = try keys()
        let node = topology.nodes[index]
        let origin = Array("\(topology.federation)/\(identity.node)/\(identity.epoch)".utf8)
        guard node.keys.contains(where: { $0.name == origin && $0.key.bytes == keys.log.publicKey }),
            node.tlsKey == keys.link.publicKey
        else {
            throw NodeFailure(
                .invalid,
                "\(topologyPath) does not list the keys of \(identity.node) that lie in \(path): assemble the topology with "
                    + "\(publicKeysFile(identity.node)) and install it with concord topology install FILE --data \(path); if \(identityFile) was changed, "
                    + NodeIdentity.advice)
        }
    }

    package func keys() throws -> NodeKeys {
        do throws(KeyFileFailure) {
            if let log = SigningKey(seed: try KeyFile.read(logKeyFile)),
                let link = SigningKey(seed: try KeyFile.read(linkKeyFile))
            {
                return NodeKeys(log: log, link: link)
            }
        } catch { throw NodeFailure(.storage, error.description) }
        throw NodeFailure(.storage, "\(path)/keys holds no usable keys")
    }
}
