package import Cryptography
internal import Federation
internal import SyncProtocol
internal import TransparencyLog

// Forks: two histories that one origin signed.
extension Replica {
    /// A fork proof that a peer passed on.
    mutating func heardFork(_ proof: ForkProof, _ identifier: SessionID) {
        guard let log = logOfOrigin[Array(proof.firstNote.prefix { $0 != 0x0a })], forks[log] == nil,
            let slot = sessions.slot(identifier)
        else { return }
        guard sessions[slot].flaws.take(now: now) else {
            report(.flooding(peer: name(sessions[slot].peer)))
            return
        }
        guard (try? proof.verify(keys: logs[log].keys)) != nil else { return }
        sessions[slot].flaws.giveBack()
        establishFork(log, proof, except: identifier)
    }

    /// Keeps a proof if it holds, freezes its origin and tells everybody.
    mutating func establishFork(_ log: Int, _ proof: ForkProof, except source: SessionID?) {
        guard forks[log] == nil, (try? proof.verify(keys: logs[log].keys)) != nil else { return }
        forks[log] = proof
        logs[log].isFrozen = true
        dropWaiting(log) { _ in true }
        lackMayHaveChanged(log)
        act(.storeFork(logs[log].origin, proof))
        act(.report(.forked(origin: logs[log].origin.description)))
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].identifier != source {
            act(.send(sessions[slot].identifier, .fork(proof)))
        }
    }
}

/// A search for the entry at which a peer's history parts from the stored one.
struct RunningSearch {
    let log: Int
    let session: SessionID
    var search: ForkSearch
    /// The index that was found, with the peer's side of the proof.
    var found: (index: UInt64, theirs: ForkProof.Inclusion)?
    var lastStepAt: UInt64
}

/// How a search ended without a proof.
enum SearchEnd {
    /// The peer's history is the stored one, as far as that reaches.
    case same
    /// The peer does not show the tree that it announced.
    case unanswered
    /// The histories differ, and the own side of the proof cannot be given.
    case unprovable
}

// Searching.
extension Replica {
    /// A peer shows what does not fit what is stored. Not a proof yet: a checkpoint whose tree leads elsewhere is one, and
    /// the peer is asked to show it.
    mutating func suspect(_ checkpoint: SignedCheckpoint, _ log: Int, _ identifier: SessionID) {
        guard forks[log] == nil, logs[log].stored > 0, let slot = sessions.slot(identifier), sessions[slot].machine.isOpen
        else { return }
        if searches.count >= ReplicaLimits.searchesAtOnce || searches.values.contains(where: { $0.log == log }) {
            sessions[slot].holdings[log]?.isSuspect = true
            return
        }
        search(checkpoint, log, identifier)
    }

    /// Begins to compare the tree of a peer's checkpoint with the stored one.
    mutating func search(_ checkpoint: SignedCheckpoint, _ log: Int, _ identifier: SessionID) {
        lastSearch += 1
        var search = ForkSearch(theirs: checkpoint, ownSize: logs[log].stored)
        let step = search.start()
        searches[lastSearch] = RunningSearch(log: log, session: identifier, search: search, lastStepAt: now)
        follow(step, lastSearch)
    }

    private mutating func follow(_ step: ForkSearch.Step, _ number: UInt64) {
        guard let running = searches[number] else { return }
        switch step {
        case .ask(let tiles):
            guard let slot = sessions.slot(running.session) else { return endSearch(number, .unanswered) }
            let request = newRequest()
            sessions[slot].searches[request] = number
            let pull = TilePull(
                request: request, origin: logs[running.log].origin.line, size: running.search.theirs.size, tiles: tiles)
            act(.send(running.session, .pullTiles(pull)))
        case .read(let tiles):
            act(.readTiles(search: number, logs[running.log].origin, size: running.search.ownSize, tiles))
        case .found(let index) where logs[running.log].decision != nil: endComparison(number, partedAt: index)
        case .found(let index):
            guard let theirs = running.search.inclusion(index) else { return endSearch(number, .unanswered) }
            searches[number]?.found = (index, theirs)
            act(.proveInclusion(search: number, logs[running.log].origin, index: index))
        case .same: endSearch(number, .same)
        case .contradicted: endSearch(number, .unanswered)
        }
    }

    mutating func searchReceived(_ number: UInt64, _ tiles: [[Digest]]) {
        searches[number]?.lastStepAt = now
        guard let step = searches[number]?.search.received(tiles) else { return }
        follow(step, number)
    }

    /// The outcome of `readTiles`: the tiles in the order asked for, an empty one where there is none.
    package mutating func ownTiles(search number: UInt64, _ tiles: [[Digest]]) {
        searches[number]?.lastStepAt = now
        guard let step = searches[number]?.search.read(tiles) else { return }
        follow(step, number)
    }

    /// The outcome of `proveInclusion`; nil where the store cannot prove it.
    package mutating func ownInclusion(search number: UInt64, _ own: OwnInclusion?) {
        guard let running = searches[number], let (index, theirs) = running.found else { return }
        guard let own else { return endSearch(number, .unprovable) }
        let proof = ForkProof(
            firstNote: own.checkpoint.note, secondNote: running.search.theirs.note,
            divergence: .init(index: index, first: own.inclusion, second: theirs))
        guard (try? proof.verify(keys: logs[running.log].keys)) != nil else { return endSearch(number, .unprovable) }
        searches[number] = nil
        establishFork(running.log, proof, except: nil)
        searchNext(running.log)
    }

    mutating func endSearch(_ number: UInt64, _ end: SearchEnd) {
        guard let running = searches.removeValue(forKey: number) else { return }
        if let slot = sessions.slot(running.session) {
            sessions[slot].searches = sessions[slot].searches.filter { $0.value != number }
            let peer = sessions[slot].peer
            if end == .unanswered { strikes.rest(peer: peer, log: running.log, now: now) }
            if end == .same, logs[running.log].decision != nil { foundBeginning(running) }
            if end != .same, forks[running.log] == nil {
                report(
                    .disagreeing(
                        origin: logs[running.log].origin.description, peer: name(peer), size: running.search.theirs.size))
            }
        }
        searchNext(running.log)
    }

    /// A search has ended: what had to wait for it begins.
    private mutating func searchNext(_ log: Int) {
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            guard sessions[slot].holdings[log]?.isSuspect == true, let checkpoint = sessions[slot].holdings[log]?.checkpoint
            else { continue }
            sessions[slot].holdings[log]?.isSuspect = false
            return suspect(checkpoint, log, sessions[slot].identifier)
        }
    }

    mutating func expireSearches() {
        guard !searches.isEmpty else { return }
        for number in searches.keys.sorted() {
            guard let running = searches[number], now >= running.lastStepAt + Limits.pullDeadlineMilliseconds else { continue }
            endSearch(number, .unanswered)
        }
    }
}
