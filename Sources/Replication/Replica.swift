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
    private let hello: Hello
    package private(set) var actions: [ReplicaAction] = []

    var logs: [LogTrack] = []
    var logOfOrigin: [[UInt8]: Int] = [:]
    var ownLog: Int?
    /// Sessions in order of their numbers, so that nothing depends on hashing.
    var sessions: SessionTable = SessionTable()
    var openPulls: [UInt32: OpenPull] = [:]
    var lastRequest: UInt32 = 0
    var forks: [Int: ForkProof] = [:]
    var routes = QuestionRoutes()
    var reported = ReportedOnce()
    var isPaused = false

    /// - Parameters:
    ///   - held: what the store holds of every log, listed in the topology or not.
    package init(topology: Topology, ownNode: Int, hello: Hello, held: [HeldLog], forks: [(OriginName, ForkProof)] = []) {
        self.topology = topology
        self.ownNode = ownNode
        self.hello = hello
        let heldByOrigin = Dictionary(held.map { ($0.origin.line, $0) }, uniquingKeysWith: { first, _ in first })
        for (index, node) in topology.nodes.enumerated() {
            for key in node.keys {
                guard let origin = OriginName(key.name) else { continue }
                logOfOrigin[origin.line] = logs.count
                if index == ownNode, origin.epoch == hello.epoch { ownLog = logs.count }
                logs.append(
                    LogTrack(
                        held: heldByOrigin[origin.line] ?? HeldLog(origin: origin), keys: [key], node: index,
                        quota: node.quota))
            }
        }
        for (origin, proof) in forks {
            guard let log = logOfOrigin[origin.line] else { continue }
            self.forks[log] = proof
            logs[log].isFrozen = true
        }
    }

    /// Hands over what is to be done.
    package mutating func takeActions() -> [ReplicaAction] {
        defer { actions = [] }
        return actions
    }

    mutating func act(_ action: ReplicaAction) { actions.append(action) }

    mutating func report(_ report: ReplicaReport) {
        if reported.isNew(report) { act(.report(report)) }
    }

    func name(_ node: Int) -> String { topology.nodes[node].name }

    mutating func newRequest() -> UInt32 {
        lastRequest = lastRequest == UInt32.max ? 1 : lastRequest + 1
        return lastRequest
    }
}

// Sessions.
extension Replica {
    /// A link to a peer stands: its key is the topology's key of `peer`.
    package mutating func linkOpened(_ identifier: SessionID, peer: Int, now: UInt64, wallMilliseconds: UInt64) {
        var hello = hello
        hello.wallMilliseconds = wallMilliseconds
        let machine = SessionStateMachine(own: hello, linkPeer: peer)
        sessions.insert(PeerSession(identifier: identifier, peer: peer, machine: machine, now: now))
        act(.send(identifier, .hello(hello)))
    }

    package mutating func linkClosed(_ identifier: SessionID, reason: String, now: UInt64) {
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].machine.isOpen {
            act(.report(.sessionEnded(peer: name(sessions[slot].peer), reason: reason)))
        }
        let pulls = sessions[slot].pulls.sorted()
        let repairs = sessions[slot].repairs.sorted()
        sessions.remove(identifier)
        for request in pulls {
            guard let pull = openPulls.removeValue(forKey: request) else { continue }
            logs[pull.log].reopen(pull.range)
        }
        for request in repairs { act(.repairAnswer(request: request, nil)) }
        routes.forget(identifier)
        schedule(now)
    }

    package mutating func received(_ message: Message, from identifier: SessionID, now: UInt64) {
        guard let slot = sessions.slot(identifier) else { return }
        sessions[slot].heardAt = now
        sessions[slot].isPinged = false
        switch sessions[slot].machine.received(message, topology: topology) {
        case .ignore: return
        case .open(let peer, let hello): open(slot, peer: peer, hello: hello)
        case .deliver(let message): deliver(message, slot, now)
        case .refuse(let refusal): refuse(identifier, refusal)
        case .refused(let refusal):
            report(.refusedByPeer(peer: name(sessions[slot].peer), reason: refusal.message))
            act(.close(identifier))
        }
    }

    /// A frame that does not decode.
    package mutating func receivedUndecodable(_ reason: String, from identifier: SessionID) {
        refuse(identifier, Refusal(.malformed, "a frame does not decode: \(reason); check that both sides run the same release"))
    }

    mutating func refuse(_ identifier: SessionID, _ refusal: Refusal) {
        guard let slot = sessions.slot(identifier) else { return }
        report(.refusedPeer(peer: name(sessions[slot].peer), reason: refusal.message))
        sessions[slot].machine.close()
        act(.send(identifier, .refusal(refusal)))
        act(.close(identifier))
    }

    private mutating func open(_ slot: Int, peer: Int, hello: Hello) {
        let identifier = sessions[slot].identifier
        closeOlderSessions(with: peer, than: identifier)
        guard let slot = sessions.slot(identifier) else { return }
        reported.forget(peer: name(peer))
        act(.report(.sessionOpened(peer: name(peer))))
        act(.observeTime(milliseconds: hello.wallMilliseconds))
        if hello.topologyHash != self.hello.topologyHash { report(.differentTopology(peer: name(peer))) }
        if hello.rulebookHash != self.hello.rulebookHash { report(.differentRulebook(peer: name(peer))) }
        act(.send(identifier, .credit(Limits.pushCreditBytes)))
        for log in forks.keys.sorted() { if let proof = forks[log] { act(.send(identifier, .fork(proof))) } }
        announce(Array(logs.indices), to: slot)
    }

    /// Both sides may dial at once: the newer link stays.
    private mutating func closeOlderSessions(with peer: Int, than identifier: SessionID) {
        for other in sessions.identifiers where other < identifier {
            guard let slot = sessions.slot(other), sessions[slot].peer == peer, sessions[slot].machine.isOpen else { continue }
            refuse(other, Refusal(.replaced, "a newer link to the same node replaces this one"))
        }
    }

    private mutating func deliver(_ message: Message, _ slot: Int, _ now: UInt64) {
        let identifier = sessions[slot].identifier
        switch message {
        case .announce(let announcements): for one in announcements { heard(one, identifier, now) }
        case .pull(let pull): serve(pull, slot)
        case .range(let range): receivedRange(range, identifier, now)
        case .credit(let bytes): sessions[slot].pushCredit = min(sessions[slot].pushCredit + Int(bytes), 1 << 26)
        case .unavailable(let request): requestFailed(request, identifier, now)
        case .pullEntries(let pull): act(.serveEntries(identifier, pull))
        case .entries(let entries): receivedEntries(entries, identifier, now)
        case .pullTiles(let pull): act(.serveTiles(identifier, pull))
        case .tiles(let tiles):
            if sessions[slot].repairs.remove(tiles.request) != nil {
                act(.repairAnswer(request: tiles.request, .tiles(tiles)))
            }
        case .fork(let proof): heardFork(proof, identifier)
        case .question(let question): heardQuestion(question, identifier)
        case .reply(let reply): heardReply(reply, identifier)
        case .ping: act(.send(identifier, .pong))
        case .pong, .hello, .refusal, .unknown: break
        }
        schedule(now)
    }
}
