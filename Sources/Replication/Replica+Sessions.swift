internal import Federation
package import SyncProtocol
internal import TransparencyLog

// Sessions: their beginning, their end, and what arrives in between.
extension Replica {
    /// A link to a peer stands: its key is the topology's key of `peer`.
    package mutating func linkOpened(_ identifier: SessionID, peer: Int, now: UInt64, wallMilliseconds: UInt64) {
        self.now = now
        var hello = hello
        hello.wallMilliseconds = wallMilliseconds
        let machine = SessionStateMachine(own: hello, linkPeer: peer)
        sessions.insert(PeerSession(identifier: identifier, peer: peer, machine: machine, logs: logs.count, now: now))
        act(.send(identifier, .hello(hello)))
    }

    package mutating func linkClosed(_ identifier: SessionID, reason: String, now: UInt64) {
        self.now = now
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].wasOpened {
            act(.report(.sessionEnded(peer: name(sessions[slot].peer), reason: printable(reason))))
        }
        for request in sessions[slot].pulls.sorted() { closePull(request) }
        for request in sessions[slot].repairs.sorted() { act(.repairAnswer(request: request, nil)) }
        let searches = sessions[slot].searches.values.sorted()
        let held = sessions[slot].holdings.keys.sorted()
        for log in held { forgetHolding(log, slot) }
        sessions.remove(identifier)
        for log in held { findGoal(log) }
        for search in searches { endSearch(search, .unanswered) }
        routes.forget(identifier)
        past.sessionEnded(identifier)
        retryBlocked()
        schedule(now)
    }

    package mutating func received(_ message: Message, from identifier: SessionID, now: UInt64) {
        self.now = now
        guard let slot = sessions.slot(identifier) else { return }
        sessions[slot].heardAt = now
        sessions[slot].isPinged = false
        switch sessions[slot].machine.received(message, topology: topology) {
        case .ignore: return
        case .open(let peer, let hello): open(identifier, peer: peer, hello: hello)
        case .deliver(let message): deliver(message, slot, now)
        case .refuse(let refusal): end(identifier, refusal)
        case .refused(let refusal):
            // That one of two links goes is no news.
            if refusal.code != Refusal.Code.replaced.rawValue {
                report(.refusedByPeer(peer: name(sessions[slot].peer), reason: printable(refusal.message)))
            }
            act(.close(identifier))
        }
    }

    /// A frame that does not decode.
    package mutating func receivedUndecodable(_ reason: String, from identifier: SessionID) {
        refuse(
            identifier, Refusal(.malformed, "a frame does not decode: \(reason); check that both sides run the same release"))
    }

    /// Ends every session with a word to the other side: the node shuts down.
    package mutating func shutDown() {
        for identifier in sessions.identifiers {
            guard let slot = sessions.slot(identifier), !sessions[slot].machine.isClosed else { continue }
            sessions[slot].machine.close()
            act(.send(identifier, .refusal(Refusal(.shuttingDown, "the node shuts down; it comes back by itself"))))
            act(.close(identifier))
        }
    }

    /// Ends a session that is not ended yet.
    mutating func refuse(_ identifier: SessionID, _ refusal: Refusal) {
        guard let slot = sessions.slot(identifier), !sessions[slot].machine.isClosed else { return }
        sessions[slot].machine.close()
        end(identifier, refusal)
    }

    private mutating func end(_ identifier: SessionID, _ refusal: Refusal) {
        guard let slot = sessions.slot(identifier) else { return }
        if refusal.code != Refusal.Code.replaced.rawValue {
            report(.refusedPeer(peer: name(sessions[slot].peer), reason: printable(refusal.message)))
        }
        act(.send(identifier, .refusal(refusal)))
        act(.close(identifier))
    }

    private mutating func open(_ identifier: SessionID, peer: Int, hello: Hello) {
        closeOtherSessions(with: peer, than: identifier)
        guard let slot = sessions.slot(identifier) else { return }
        sessions[slot].wasOpened = true
        reported.forget(peer: name(peer), now: now)
        act(.report(.sessionOpened(peer: name(peer))))
        act(.observeTime(milliseconds: hello.wallMilliseconds))
        if hello.topologyHash != self.hello.topologyHash { report(.differentTopology(peer: name(peer))) }
        if hello.rulebookHash != self.hello.rulebookHash { report(.differentRulebook(peer: name(peer))) }
        act(.send(identifier, .credit(Limits.pushCreditBytes)))
        for log in forks.keys.sorted() {
            // The proof by itself too, for releases that know no decisions.
            if let proof = forks[log] { act(.send(identifier, .fork(proof))) }
            if let decision = logs[log].decision { act(.send(identifier, .decision(decision.evidence))) }
        }
        announce(Array(logs.indices), to: slot)
        act(.send(identifier, .announce([])))
    }

    /// Both sides may dial at once, and a link may have died unnoticed. Two sides that chose for themselves could each
    /// close the other's choice, so one decides: the node whose name comes first keeps the newer link. The other side
    /// waits for that, with no more than two links at a time.
    private mutating func closeOtherSessions(with peer: Int, than identifier: SessionID) {
        let decides = topology.nodes[ownNode].name.utf8.lexicographicallyPrecedes(topology.nodes[peer].name.utf8)
        let others = sessions.identifiers.filter { other in
            guard other != identifier, let slot = sessions.slot(other) else { return false }
            return sessions[slot].peer == peer && sessions[slot].machine.isOpen
        }
        let excess = decides ? others.count : max(0, others.count + 1 - ReplicaLimits.sessionsPerPeer)
        for other in others.prefix(excess) {
            refuse(other, Refusal(.replaced, "a newer link to the same node replaces this one"))
        }
    }

    private mutating func deliver(_ message: Message, _ slot: Int, _ now: UInt64) {
        let identifier = sessions[slot].identifier
        switch message {
        case .announce(let announcements): heardAnnouncements(announcements, identifier)
        case .pull(let pull): serve(pull, slot)
        case .range(let range): receivedRange(range, identifier)
        case .credit(let bytes):
            sessions[slot].pushCredit = min(sessions[slot].pushCredit + Int(bytes), ReplicaLimits.creditBytes)
        case .unavailable(let request): requestFailed(request, identifier)
        case .pullEntries(let pull):
            if admitsRequest(pull.request, slot) { act(.serveEntries(identifier, pull)) }
        case .entries(let entries): receivedEntries(entries, identifier)
        case .pullTiles(let pull):
            if admitsRequest(pull.request, slot) { act(.serveTiles(identifier, pull)) }
        case .tiles(let tiles): receivedTiles(tiles, identifier)
        case .fork(let proof): heardFork(proof, identifier)
        case .decision(let decided): heardDecision(decided, identifier)
        case .question(let question): heardQuestion(question, identifier)
        case .reply(let reply): heardReply(reply, identifier)
        case .ping: act(.send(identifier, .pong))
        case .pong, .hello, .refusal, .unknown: break
        }
        schedule(now)
    }
}
