package import Federation
package import SyncProtocol
package import TransparencyLog

/// The replica of a node: it keeps sessions with peers, pulls what they have and this node lacks, pushes what this node
/// records, passes questions on, and notices forks. A value without I/O: every function takes what happened and the time,
/// and leaves in `actions` what is to be done.
package struct Replica: ~Copyable {
    package let topology: Topology
    package let ownNode: Int
    /// What this node says at the start of a session, but for the time.
    let hello: Hello
    package private(set) var actions: [ReplicaAction] = []
    /// The latest time that was handed in.
    var now: UInt64 = 0

    var logs: [LogTrack] = []
    var logOfOrigin: [[UInt8]: Int] = [:]
    var ownLog: Int?
    var sessions: SessionTable = SessionTable()
    var openPulls: [UInt32: OpenPull] = [:]
    var lastRequest: UInt32 = 0
    var lastIntegration: UInt64 = 0
    /// Bytes asked for, waiting or being integrated, over all peers.
    var windowBytes = 0
    /// Logs of which something may be asked for.
    var lacking: LogSet
    /// Logs of which something is lacking that nobody could be asked for.
    var blocked: LogSet
    /// Logs of which bodies are missing.
    var incomplete: LogSet
    /// The log whose turn it is.
    var turn = 0
    var strikes = Strikes()
    var forks: [Int: ForkProof] = [:]
    var searches: [UInt64: RunningSearch] = [:]
    var lastSearch: UInt64 = 0
    var routes = QuestionRoutes()
    var answering = AnswersUnderWay()
    let nodeNames: Set<[UInt8]>
    var reported = ReportedOnce()
    var past: OwnPast
    var isPaused = false

    /// - Parameters:
    ///   - held: what the store holds of every log, listed in the topology or not.
    ///   - forks: the proofs that the store holds.
    ///   - decisions: those that the store holds; one that is not by an authority of this topology is passed over.
    ///   - confirmation: whether peers have to be heard before the own log is published.
    package init(
        topology: Topology, ownNode: Int, hello: Hello, held: [HeldLog], forks: [(OriginName, ForkProof)] = [],
        decisions: [DecidedFork] = [], confirmation: Confirmation = .done
    ) {
        self.topology = topology
        self.ownNode = ownNode
        self.hello = hello
        nodeNames = Set(topology.nodes.map { Array($0.name.utf8) })
        let linked = topology.nodes.indices.filter { $0 != ownNode && topology.areLinked(ownNode, $0) }
        past = OwnPast(confirmation, linkedPeers: linked)
        let heldByOrigin = Dictionary(held.map { ($0.origin.line, $0) }, uniquingKeysWith: { first, _ in first })
        var tracks: [LogTrack] = []
        for (index, node) in topology.nodes.enumerated() {
            for key in node.keys {
                guard let origin = OriginName(key.name) else { continue }
                let isOwn = index == ownNode && origin.epoch == hello.epoch
                logOfOrigin[origin.line] = tracks.count
                if isOwn { ownLog = tracks.count }
                tracks.append(
                    LogTrack(
                        held: heldByOrigin[origin.line] ?? HeldLog(origin: origin), keys: [key], node: index,
                        quota: node.quota, isOwn: isOwn))
            }
        }
        lacking = LogSet(capacity: tracks.count)
        blocked = LogSet(capacity: tracks.count)
        incomplete = LogSet(capacity: tracks.count)
        for (log, track) in tracks.enumerated() where !track.missing.isEmpty { incomplete.insert(log) }
        logs = tracks
        for (origin, proof) in forks {
            guard let log = logOfOrigin[origin.line] else { continue }
            self.forks[log] = proof
            logs[log].isFrozen = true
        }
        for decided in decisions { takeUp(decided) }
        beginConfirmation()
    }

    /// Hands over what is to be done.
    package mutating func takeActions() -> [ReplicaAction] {
        defer { actions = [] }
        return actions
    }

    mutating func act(_ action: ReplicaAction) { actions.append(action) }

    mutating func report(_ report: ReplicaReport) {
        if reported.isNew(report, now: now) { act(.report(report)) }
    }

    func name(_ node: Int) -> String { topology.nodes[node].name }

    mutating func newRequest() -> UInt32 {
        lastRequest = lastRequest == UInt32.max ? 1 : lastRequest + 1
        return lastRequest
    }
}
