internal import Federation
internal import SyncProtocol
internal import TransparencyLog

// Asking for ranges.
extension Replica {
    private enum Outcome {
        case asked
        /// Everything is here or on its way.
        case nothingLacking
        /// Nobody can be asked at the moment, or the log has its share of the window.
        case blocked
    }

    /// Asks peers for what is missing, as far as the window and the peers' shares allow: one range of each log in turn, so
    /// that a long log does not hold up the others.
    mutating func schedule(_ now: UInt64) {
        guard !isPaused else { return }
        while windowBytes < Limits.pullWindowBytes, let log = lacking.next(from: turn) ?? lacking.next(from: 0) {
            switch pullOnce(log, now) {
            case .asked: break
            case .nothingLacking: lacking.remove(log)
            case .blocked:
                lacking.remove(log)
                blocked.insert(log)
            }
            turn = log + 1
        }
    }

    /// What nobody could be asked for is tried again.
    mutating func retryBlocked() {
        lacking.formUnion(blocked)
        blocked.removeAll()
    }

    /// The same for what a peer holds that can be asked again.
    mutating func retryBlocked(of slot: Int) {
        guard !blocked.isEmpty, sessions[slot].hasRoom else { return }
        for log in blocked.members where sessions[slot].holdings[log] != nil {
            blocked.remove(log)
            lacking.insert(log)
        }
    }

    private mutating func pullOnce(_ log: Int, _ now: UInt64) -> Outcome {
        guard mayTake(log), let gap = logs[log].claims.firstGap(from: logs[log].handed, to: logs[log].target) else {
            return .nothingLacking
        }
        guard now >= logs[log].restUntil, logs[log].windowBytes < ReplicaLimits.bytesPerLog,
            let slot = freeSession(log, gap.lowerBound, now), let holding = sessions[slot].holdings[log]
        else { return .blocked }
        let limit = min(gap.upperBound, holding.checkpoint.size)
        let wanted = max(UInt64(Limits.rangeBytes / logs[log].averageBytes), Tiling.width)
        var end = min(limit, gap.lowerBound + wanted)
        // Ranges end where bundles do, so that the other side sends rows as they lie in its store.
        if end < limit, end / Tiling.width * Tiling.width > gap.lowerBound { end = end / Tiling.width * Tiling.width }
        ask(log, gap.lowerBound..<end, slot, target: holding.checkpoint.size)
        return .asked
    }

    private mutating func ask(_ log: Int, _ range: Range<UInt64>, _ slot: Int, target: UInt64) {
        let request = newRequest()
        let pull = OpenPull(
            log: log, range: range, session: sessions[slot].identifier,
            estimatedBytes: Int(range.upperBound - range.lowerBound) * logs[log].averageBytes, askedAt: now)
        openPulls[request] = pull
        logs[log].claims.insert(range)
        logs[log].windowBytes += pull.estimatedBytes
        windowBytes += pull.estimatedBytes
        sessions[slot].pulls.insert(request)
        sessions[slot].pulledBytes += pull.estimatedBytes
        let message = Pull(
            request: request, origin: logs[log].origin.line, first: range.lowerBound, end: range.upperBound, target: target)
        act(.send(sessions[slot].identifier, .pull(message)))
    }

    /// Takes a request from those under way, answered or not; what it asked for may be asked of another.
    @discardableResult
    mutating func closePull(_ request: UInt32) -> OpenPull? {
        guard let pull = openPulls.removeValue(forKey: request) else { return nil }
        logs[pull.log].claims.remove(pull.range)
        logs[pull.log].windowBytes -= pull.estimatedBytes
        windowBytes -= pull.estimatedBytes
        if let slot = sessions.slot(pull.session) {
            sessions[slot].pulls.remove(request)
            sessions[slot].pulledBytes -= pull.estimatedBytes
        }
        lackMayHaveChanged(pull.log)
        return pull
    }

    /// The session to ask: one that has announced the index and has a share left; the least busy, then the origin's own.
    private mutating func freeSession(_ log: Int, _ start: UInt64, _ now: UInt64) -> Int? {
        var best: (slot: Int, isOwn: Bool, bytes: Int)?
        var isPushExpected = false
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            let isOwn = sessions[slot].peer == logs[log].node
            guard let holding = sessions[slot].holdings[log], holding.checkpoint.size > start else {
                isPushExpected = isPushExpected || (isOwn && logs[log].decision == nil)
                continue
            }
            guard logs[log].mayProve(holding.checkpoint) else { continue }
            guard sessions[slot].hasRoom, !strikes.isResting(peer: sessions[slot].peer, log: log, now: now) else { continue }
            let bytes = sessions[slot].pulledBytes
            if let best, (best.bytes, best.isOwn ? 0 : 1) <= (bytes, isOwn ? 0 : 1) { continue }
            best = (slot, isOwn, bytes)
        }
        guard let best else { return nil }
        // Others know of an index that the origin has not told of yet: its push must be on its way.
        return isPushExpected && !best.isOwn && isPatient(log, start, now) ? nil : best.slot
    }

    private mutating func isPatient(_ log: Int, _ start: UInt64, _ now: UInt64) -> Bool {
        if let patience = logs[log].patience, patience.start == start {
            return now < patience.since + ReplicaLimits.patienceMilliseconds
        }
        logs[log].patience = (start, now)
        return true
    }

    /// A peer cannot give what it was asked for.
    mutating func requestFailed(_ request: UInt32, _ identifier: SessionID) {
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].repairs.remove(request) != nil { act(.repairAnswer(request: request, nil)) }
        sessions[slot].fills[request] = nil
        if let search = sessions[slot].searches.removeValue(forKey: request) { endSearch(search, .unanswered) }
        sessions[slot].overdue.removeAll { $0.request == request }
        guard sessions[slot].pulls.contains(request), let pull = closePull(request) else { return }
        strikes.rest(peer: sessions[slot].peer, log: pull.log, now: now)
        retryBlocked(of: slot)
    }

    /// Ranges whose deadline passed may be asked of another. A slow peer that goes on answering is given time for each.
    mutating func expirePulls() {
        for request in openPulls.keys.sorted() {
            guard let pull = openPulls[request], let slot = sessions.slot(pull.session) else { continue }
            let since = max(pull.askedAt, sessions[slot].answeredAt)
            guard now >= since + Limits.pullDeadlineMilliseconds else { continue }
            closePull(request)
            strikes.rest(peer: sessions[slot].peer, log: pull.log, now: now)
            sessions[slot].overdue.append((request, pull))
        }
        for slot in 0..<sessions.count {
            guard let oldest = sessions[slot].overdue.first?.pull.askedAt, now >= oldest + ReplicaLimits.overdueMilliseconds
            else { continue }
            sessions[slot].overdue.removeFirst()
            retryBlocked(of: slot)
        }
    }
}

// Giving ranges.
extension Replica {
    /// Gives a peer what it asked for; the store is read by the owner.
    mutating func serve(_ pull: Pull, _ slot: Int) {
        guard let log = logOfOrigin[pull.origin], let checkpoint = logs[log].checkpoint, pull.target <= checkpoint.size else {
            act(.send(sessions[slot].identifier, .unavailable(request: pull.request)))
            return
        }
        guard admitsRequest(pull.request, slot) else { return }
        if log == ownLog, pull.end == checkpoint.size { sessions[slot].pushedTo = checkpoint.size }
        act(.serve(sessions[slot].identifier, pull))
    }

    /// Whether one more request of a peer is answered; it is told where it is not.
    mutating func admitsRequest(_ request: UInt32, _ slot: Int) -> Bool {
        guard sessions[slot].serving < ReplicaLimits.servedAtOnce else {
            report(.flooding(peer: name(sessions[slot].peer)))
            act(.send(sessions[slot].identifier, .unavailable(request: request)))
            return false
        }
        sessions[slot].serving += 1
        return true
    }

    /// The owner has answered a `serve`, `serveEntries` or `serveTiles`, or could not: to be called once for each of them.
    package mutating func served(_ identifier: SessionID) {
        guard let slot = sessions.slot(identifier), sessions[slot].serving > 0 else { return }
        sessions[slot].serving -= 1
    }
}
