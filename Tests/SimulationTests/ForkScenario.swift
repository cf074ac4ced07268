import Cryptography
import Encoding
import Federation
import Scoring
import Storage
import TransparencyLog

@testable import NodeRuntime
@testable import Simulation

/// A city whose first log was forked, and what an authority decides about it.
struct ForkScenario: Sendable {
    /// Whose disk it is, and in which state.
    enum Role: CaseIterable, Sendable {
        /// The city in its second epoch, which may publish: what is cut off goes to the end of its present log.
        case confirmed
        /// The same before its peers have confirmed its past: what is cut off waits.
        case unconfirmed
        /// Another node, which holds a copy.
        case other
    }

    static let old = OriginName("simulation.example/city-0/1")!
    static let own = OriginName("simulation.example/city-0/2")!
    /// Entries of the forked log as it is stored, and of the present one.
    static let oldSize = 300
    static let ownSize = 20

    let role: Role
    /// In the order in which they are made: the later one prevails.
    let decisions: [VerifiedForkDecision]
    /// What the disk holds before.
    private(set) var image = DiskImage()
    private let keys: [SigningKey]
    private let files: FederationFiles
    private let proof: ForkProof

    init(_ role: Role, decidedSizes: [Int]) throws {
        self.role = role
        let keys = (1...5).map { SigningKey(seed: [UInt8](repeating: $0, count: 32))! }
        self.keys = keys
        files = try Self.files(role, keys)
        let hashes = Self.bodies(Self.old).indices.map { leafHash(Self.entry(Self.old, $0).entry) }
        func checkpoint(_ size: Int, _ root: Digest, _ key: SigningKey) throws -> SignedCheckpoint {
            try SignedCheckpoint(signing: Checkpoint(origin: Self.old.line, size: UInt64(size), root: root), with: key)
        }
        let stored = try checkpoint(Self.oldSize, treeRoot(hashes), keys[0])
        let proof = ForkProof(firstNote: stored.note, secondNote: try checkpoint(Self.oldSize, sha256([]), keys[0]).note)
        self.proof = proof
        let (authority, verifiers) = (keys[2], files.topology.keys)
        decisions = try decidedSizes.enumerated().map { number, size in
            let root = treeRoot(hashes.prefix(size))
            let decision = ForkDecision(
                origin: Self.old.line, number: UInt64(number + 1), size: UInt64(size), root: root)
            let signer = Array("simulation.example/city-1/1".utf8)
            return try DecidedFork(
                deciding: decision, proof: proof, checkpoint: checkpoint(size, root, keys[0]).note, signer: signer,
                with: authority
            ).verify(keys: verifiers, authorities: verifiers.filter { $0.name == signer })
        }
        image = try filled(stored)
    }

    // MARK: The disk

    private func filled(_ checkpoint: SignedCheckpoint) throws -> DiskImage {
        let disk = SimulatedDisk(seed: 0)
        let store = try LogStore(path: folder.logFile, options: environment(disk).logOptions)
        try store.write { transaction in
            try append(Self.old, 0..<Self.oldSize, transaction)
            try transaction.setCheckpoint(checkpoint)
            try transaction.putFork(Self.old, proof)
            if role == .other { return }
            try append(Self.own, 0..<Self.ownSize, transaction)
            guard let state = transaction.state(Self.own) else { return }
            let own = Checkpoint(origin: Self.own.line, size: state.size, root: state.root)
            try transaction.setCheckpoint(SignedCheckpoint(signing: own, with: keys[1]))
        }
        try store.close()
        try open(disk).close()
        return disk.image
    }

    func append(_ origin: OriginName, _ range: Range<Int>, _ transaction: LogTransaction) throws {
        for start in stride(from: range.lowerBound, to: range.upperBound, by: 256) {
            var builder = PackedEntriesBuilder()
            var hashes: [Digest] = []
            for index in start..<min(start + 256, range.upperBound) {
                let (entry, body) = Self.entry(origin, index)
                builder.append(entry: entry, body: body)
                hashes.append(leafHash(entry))
            }
            try transaction.append(origin, [builder.finish()], leafHashes: hashes)
        }
    }

    private static let oldBodies = (0..<oldSize).map { body("old", $0) }
    private static let ownBodies = (0..<ownSize).map { body("own", $0) }

    static func bodies(_ origin: OriginName) -> [[UInt8]] { origin == old ? oldBodies : ownBodies }

    private static func body(_ mark: String, _ index: Int) -> [UInt8] {
        Body(
            salt: Array(sha256(Array("\(mark) \(index)".utf8)).bytes.prefix(16)), day: 18_300,
            subject: SimulatedFederation.population.subject(UInt64(index % 40)),
            content: .observation(factor: Array("plus".utf8), quantity: 1, reference: Array("\(mark)-\(index)".utf8))
        ).encoded
    }

    private static func entry(_ origin: OriginName, _ index: Int) -> (entry: [UInt8], body: [UInt8]) {
        let body = bodies(origin)[index]
        let time = UInt64(1_700_000_000_000 + index) << 16
        return (Entry(kind: .observation, recordedAt: time, commitment: sha256(body)).encoded, body)
    }

    // MARK: The node

    private var folder: NodeFolder { NodeFolder("") }

    func open(_ disk: SimulatedDisk) throws -> Node {
        let identity = role == .other ? NodeIdentity(node: "city-1", epoch: 1) : NodeIdentity(node: "city-0", epoch: 2)
        let node = try Node(
            folder: folder, identity: identity, files: files,
            keys: NodeKeys(log: keys[role == .other ? 2 : 1], link: keys[role == .other ? 4 : 3]),
            environment: environment(disk))
        node.writer.drain()
        return node
    }

    private func environment(_ disk: SimulatedDisk) -> NodeEnvironment {
        var environment = NodeEnvironment()
        environment.wallMilliseconds = { 1_767_225_600_000 }
        environment.steadyMilliseconds = { 0 }
        environment.randomBytes = { [UInt8](repeating: 7, count: $0) }
        environment.makeLane = { _ in HeldLane() }
        environment.scoringThreads = 1
        environment.files = NodeDisk(disk: disk)
        environment.logOptions.files = disk
        environment.logOptions.checkpointPages = 24
        environment.historyOptions.files = disk
        environment.historyOptions.makeBackground = { HeldWork() }
        environment.historyOptions.tableRecords = 5_000
        return environment
    }

    private static func files(_ role: Role, _ keys: [SigningKey]) throws -> FederationFiles {
        let base = try SimulatedFederation(count: 2, links: [], seed: 1).files
        func key(_ line: String, _ key: SigningKey) -> String {
            "\"\(VerifierKey(name: Array(line.utf8), key: VerifyingKey(key.publicKey)!))\""
        }
        let peers = role == .confirmed ? "" : "\"city-1\""
        let text = """
            {"federation": "simulation.example", "version": 2, "rulebook": "rulebook.json",
             "population": {"seed": "simulation", "size": \(SimulatedFederation.population.size)}, "nodes": [
               {"name": "city-0", "title": "city", "roles": ["city"],
                "keys": [\(key(old.description, keys[0])), \(key(own.description, keys[1]))],
                "tls_key": "\(base64(keys[3].publicKey))", "address": "127.0.0.1:7000", "peers": [\(peers)], "quota": 100000},
               {"name": "city-1", "title": "nation", "roles": ["authority"],
                "keys": [\(key("simulation.example/city-1/1", keys[2]))],
                "tls_key": "\(base64(keys[4].publicKey))", "address": "127.0.0.1:7001", "peers": [], "quota": 100000}]}
            """
        return FederationFiles(
            topology: try Topology(Array(text.utf8)), rulebook: base.rulebook, rulebookBytes: base.rulebookBytes)
    }

    /// Carries out what is decided and is not carried out, as the node does when it hears of it.
    func settle(_ node: Node) throws {
        let known = node.log.state(Self.old)?.decision?.number ?? 0
        for decision in decisions where decision.decision.number >= known {
            if try node.writer.exclusively({ try node.settle(decision, commonSize: nil) }) { node.writer.publish() }
            node.writer.drain()
        }
    }
}
