internal import Federation
internal import SyncProtocol
internal import TransparencyLog

// Asking for ranges, and taking them in.
extension Replica {
    /// Bytes asked for or waiting, over all peers.
    private var windowBytes: Int {
        var bytes = 0
        for pull in openPulls.values { bytes += pull.estimatedBytes }
        for log in logs where !log.waiting.isEmpty { bytes += log.waitingBytes }
        return bytes
    }

    /// Asks peers for what is missing, as far as the window and the peers' shares allow.
    mutating func schedule(_ now: UInt64) {
        guard !isPaused else { return }
        var window = Limits.pullWindowBytes - windowBytes
        for log in logs.indices where log != ownLog && !logs[log].isFrozen {
            while window > 0, let bytes = pullOnce(log, now) { window -= bytes }
        }
    }

    /// One more request for a log; nil where nothing is missing or nobody is free.
    private mutating func pullOnce(_ log: Int, _ now: UInt64) -> Int? {
        let goal = min(largestAnnounced(log), logs[log].quota)
        if largestAnnounced(log) > logs[log].quota {
            report(.overQuota(origin: logs[log].origin.description, size: largestAnnounced(log), quota: logs[log].quota))
        }
        let start: UInt64
        let limit: UInt64
        if let hole = logs[log].holes.first {
            start = hole.lowerBound
            limit = hole.upperBound
        } else {
            start = logs[log].next
            limit = goal
        }
        guard start < limit, let slot = freeSession(log, start, now), let holding = sessions[slot].holdings[log] else { return nil }
        let wanted = UInt64(max(1, Limits.rangeBytes / logs[log].averageBytes))
        var end = min(limit, holding.checkpoint.size, start + max(wanted, Tiling.width))
        // Ranges end where bundles do, so that the other side sends rows as they lie in its store.
        if end < min(limit, holding.checkpoint.size) { end = max(end / Tiling.width * Tiling.width, start + 1) }
        guard end > start else { return nil }
        ask(log, start..<end, slot, target: holding.checkpoint.size, now)
        return Int(end - start) * logs[log].averageBytes
    }

    private mutating func ask(_ log: Int, _ range: Range<UInt64>, _ slot: Int, target: UInt64, _ now: UInt64) {
        if let hole = logs[log].holes.first, hole.lowerBound == range.lowerBound {
            logs[log].holes.removeFirst()
            logs[log].reopen(range.upperBound..<max(range.upperBound, hole.upperBound))
        } else {
            logs[log].next = range.upperBound
        }
        let request = newRequest()
        openPulls[request] = OpenPull(
            log: log, range: range, session: sessions[slot].identifier,
            estimatedBytes: range.count * logs[log].averageBytes, askedAt: now)
        sessions[slot].pulls.insert(request)
        let pull = Pull(
            request: request, origin: logs[log].origin.line, first: range.lowerBound, end: range.upperBound, target: target)
        act(.send(sessions[slot].identifier, .pull(pull)))
    }

    /// The session to ask: one that has announced enough and has a share left; the origin's own first, then the least busy.
    /// While the origin's own link pushes, others are asked only for what has been missing for a while.
    private func freeSession(_ log: Int, _ start: UInt64, _ now: UInt64) -> Int? {
        var best: (slot: Int, isOwn: Bool, pulls: Int)?
        var originIsLinked = false
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            let isOwn = sessions[slot].peer == logs[log].node
            originIsLinked = originIsLinked || isOwn
            guard let holding = sessions[slot].holdings[log], holding.checkpoint.size > start,
                sessions[slot].pulls.count < Limits.pullsPerPeer
            else { continue }
            let pulls = sessions[slot].pulls.count
            if let best, (best.pulls, best.isOwn ? 0 : 1) <= (pulls, isOwn ? 0 : 1) { continue }
            best = (slot, isOwn, pulls)
        }
        guard let best else { return nil }
        let isPatient = originIsLinked && !best.isOwn && now < (logs[log].behindSince ?? now) + 200
        return isPatient ? nil : best.slot
    }

    mutating func receivedRange(_ message: RangeMessage, _ identifier: SessionID, _ now: UInt64) {
        guard let slot = sessions.slot(identifier) else { return }
        let isPush = message.request == 0
        if isPush {
            sessions[slot].owedCredit += message.byteCount + message.note.count
        } else if sessions[slot].pulls.remove(message.request) == nil {
            return  // It came after its deadline, when others had been asked.
        }
        let pull = isPush ? nil : openPulls.removeValue(forKey: message.request)
        guard let (log, checkpoint) = admit(message.note, from: sessions[slot].peer),
            checkpoint.origin == message.origin, message.end <= checkpoint.size, log != ownLog,
            pull == nil || (pull?.log == log && pull?.range.lowerBound == message.first && message.end <= pull!.range.upperBound)
        else {
            if let pull { logs[pull.log].reopen(pull.range) }
            refuse(identifier, Refusal(.protocolViolation, "a range is not what was asked for; check the other node's release"))
            return
        }
        if isPush {
            sessions[slot].holdings[log] = PeerHolding(
                checkpoint: checkpoint, complete: max(sessions[slot].holdings[log]?.complete ?? 0, checkpoint.size))
        }
        if let pull { logs[log].reopen(message.end..<pull.range.upperBound) }
        guard message.count > 0, !logs[log].isFrozen else { return }
        logs[log].averageBytes = max(48, (logs[log].averageBytes * 3 + message.byteCount / Int(message.count)) / 4)
        hold(message, checkpoint, log, identifier)
    }

    /// Keeps a range until what precedes it is there, then hands it on.
    private mutating func hold(_ message: RangeMessage, _ checkpoint: SignedCheckpoint, _ log: Int, _ identifier: SessionID) {
        guard message.end > logs[log].handed, message.end <= logs[log].quota, message.first >= logs[log].handed else { return }
        if message.first > logs[log].handed, logs[log].waitingBytes > Limits.pullWindowBytes { return }
        logs[log].waiting[message.first] = Integration(
            origin: logs[log].origin, first: message.first, pieces: message.pieces, checkpoint: checkpoint,
            proof: message.proof, session: identifier)
        while let integration = logs[log].waiting.removeValue(forKey: logs[log].handed) {
            logs[log].handed = integration.end
            logs[log].next = max(logs[log].next, integration.end)
            logs[log].trimHoles()
            act(.integrate(integration))
        }
        // What overlaps with what was handed over meanwhile is of no use.
        let handed = logs[log].handed
        logs[log].waiting = logs[log].waiting.filter { $0.key >= handed }
    }

    mutating func requestFailed(_ request: UInt32, _ identifier: SessionID, _ now: UInt64) {
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].repairs.remove(request) != nil { act(.repairAnswer(request: request, nil)) }
        sessions[slot].fills[request] = nil
        guard sessions[slot].pulls.remove(request) != nil, let pull = openPulls.removeValue(forKey: request) else { return }
        logs[pull.log].reopen(pull.range)
        // It announced what it cannot give: it is believed again when it announces again.
        sessions[slot].holdings[pull.log] = nil
    }

    /// Gives a peer what it asked for; the store is read by the owner.
    mutating func serve(_ pull: Pull, _ slot: Int) {
        guard let log = logOfOrigin[pull.origin], let checkpoint = logs[log].checkpoint, pull.target <= checkpoint.size else {
            act(.send(sessions[slot].identifier, .unavailable(request: pull.request)))
            return
        }
        if log == ownLog, pull.end == checkpoint.size { sessions[slot].pushedTo = checkpoint.size }
        act(.serve(sessions[slot].identifier, pull))
    }
}
