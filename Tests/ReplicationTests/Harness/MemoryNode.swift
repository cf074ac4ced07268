import Cryptography
import Federation
import Replication
import Simulation
import SyncProtocol
import TransparencyLog

/// What a node keeps over a restart.
struct MemoryStore {
    var logs: [MemoryLog]
    var forks: [(OriginName, ForkProof)] = []
    var decisions: [OriginName: DecidedFork] = [:]

    init(_ federation: TestFederation) {
        logs = federation.origins.map { MemoryLog(origin: $0) }
    }

    subscript(origin: OriginName) -> MemoryLog {
        _read { yield logs[logs.firstIndex { $0.origin == origin }!] }
        _modify { yield &logs[logs.firstIndex { $0.origin == origin }!] }
    }
}

/// A node without disk and network: a store in memory, and the replica over it.
final class MemoryNode {
    let index: Int
    let federation: TestFederation
    var store: MemoryStore
    var replica: Replica
    var isUp = true
    /// Whether the store takes anything.
    var storeFails = false
    /// Drafts recorded while nothing may be published.
    var drafts = 0

    var reports: [ReplicaReport] = []
    var replies: [Reply] = []
    var asked: [Question] = []
    var confirmations = 0
    /// Ranges that were asked of peers: when, of which log, of whom.
    var pulls: [(at: UInt64, pull: Pull, peer: Int)] = []
    /// Ranges that arrived without having been asked for.
    var pushes = 0
    var integratedBytes = 0

    /// What a message becomes before it leaves for a peer; honest nodes send it as it is.
    var disguise: (Message, Int) -> [Message] = { message, _ in [message] }

    init(_ index: Int, _ federation: TestFederation, store: MemoryStore, confirmation: Confirmation) {
        self.index = index
        self.federation = federation
        self.store = store
        replica = Self.replica(index, federation, store, confirmation)
    }

    private static func replica(
        _ index: Int, _ federation: TestFederation, _ store: MemoryStore, _ confirmation: Confirmation
    ) -> Replica {
        Replica(
            topology: federation.topology, ownNode: index, hello: federation.hello(index), held: store.logs.map(\.held),
            forks: store.forks, decisions: store.decisions.sorted { $0.key < $1.key }.map(\.value),
            confirmation: confirmation)
    }

    /// Begins again from what is stored.
    func restart(confirmation: Confirmation) {
        replica = Self.replica(index, federation, store, confirmation)
        isUp = true
    }

    var isConfirmed: Bool { replica.isConfirmed }

    var origin: OriginName { federation.origin(index) }

    var own: MemoryLog {
        _read { yield store[origin] }
        _modify { yield &store[origin] }
    }

    func log(_ node: Int) -> MemoryLog { store[federation.origin(node)] }

    /// Appends events to the own log and signs; nothing while the own past is not confirmed.
    func record(_ count: Int, _ random: inout SeededRandom, now: UInt64) {
        guard replica.isConfirmed else {
            drafts += count
            return
        }
        let first = own.size
        for _ in 0..<count {
            let body = Body(
                salt: random.bytes(16), day: 18_000, subject: SubjectID(high: 1, low: random.next()),
                content: .observation(factor: Array("kindness".utf8), quantity: 1, reference: []))
            let bytes = body.encoded
            let entry = Entry(kind: .observation, recordedAt: random.next(), commitment: sha256(bytes))
            own.append(entry: entry.encoded, body: bytes)
        }
        let checkpoint = federation.sign(index, size: own.size, root: own.tree.root)
        own.checkpoint = checkpoint
        replica.published(checkpoint, first: first, pieces: own.pieces(first..<own.size, maximumBytes: .max), now: now)
    }

    /// Size and root of every log, for comparing nodes.
    var state: [Digest] { store.logs.flatMap { [$0.tree.root] } }

    var isComplete: Bool { store.logs.allSatisfy { $0.missing.isEmpty } }
}
