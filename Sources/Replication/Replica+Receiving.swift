internal import Federation
internal import SyncProtocol
internal import TransparencyLog

// Taking ranges in.
extension Replica {
    mutating func receivedRange(_ message: RangeMessage, _ identifier: SessionID) {
        guard let slot = sessions.slot(identifier) else { return }
        if message.request == 0 {
            receivedPush(message, slot)
            return
        }
        guard let pull = answeredPull(message.request, slot) else { return }
        sessions[slot].answeredAt = now
        guard let (log, checkpoint) = admit(message.note, slot), log == pull.log, checkpoint.origin == message.origin,
            message.first == pull.range.lowerBound, message.end <= pull.range.upperBound, message.end <= checkpoint.size
        else {
            refuse(identifier, Refusal(.protocolViolation, "a range is not what was asked for; check the other node's release"))
            return
        }
        if message.count == 0 { strikes.rest(peer: sessions[slot].peer, log: log, now: now) }
        learnSize(message, log)
        hold(message, checkpoint, log, slot, pushedBytes: 0)
        retryBlocked(of: slot)
    }

    /// The request that an answer belongs to; one whose deadline passed counts too, since a range proves itself.
    private mutating func answeredPull(_ request: UInt32, _ slot: Int) -> OpenPull? {
        if sessions[slot].pulls.contains(request) { return closePull(request) }
        guard let index = sessions[slot].overdue.firstIndex(where: { $0.request == request }) else { return nil }
        return sessions[slot].overdue.remove(at: index).pull
    }

    private mutating func receivedPush(_ message: RangeMessage, _ slot: Int) {
        let identifier = sessions[slot].identifier
        let bytes = message.byteCount + message.note.count
        sessions[slot].pushAllowance -= bytes
        guard sessions[slot].pushAllowance >= 0 else {
            refuse(
                identifier,
                Refusal(.protocolViolation, "more was pushed than there was credit for; check the other node's release"))
            return
        }
        if logOfOrigin[message.origin] == nil {
            // A log of another version of the topology: it is not taken, and others still are.
            reportUnlisted(message.origin[...], slot)
            oweCredit(bytes, identifier)
            return
        }
        guard let (log, checkpoint) = admit(message.note, slot), checkpoint.origin == message.origin,
            message.end <= checkpoint.size, log != ownLog
        else {
            refuse(
                identifier,
                Refusal(
                    .protocolViolation, "a pushed range is none of a log that can be pushed; check the other node's release"))
            return
        }
        let isOrigin = sessions[slot].peer == logs[log].node
        let complete = isOrigin ? checkpoint.size : sessions[slot].holdings[log]?.complete ?? 0
        if checkpoint.size >= sessions[slot].holdings[log]?.checkpoint.size ?? 0 {
            note(checkpoint, complete: complete, log, slot)
        }
        learnSize(message, log)
        hold(message, checkpoint, log, slot, pushedBytes: bytes)
    }

    private mutating func learnSize(_ message: RangeMessage, _ log: Int) {
        guard message.count > 0 else { return }
        let average = message.byteCount / Int(message.count)
        logs[log].averageBytes = max(48, (logs[log].averageBytes * 3 + average) / 4)
    }

    /// Keeps a range until what precedes it is there, then hands it on.
    private mutating func hold(
        _ message: RangeMessage, _ checkpoint: SignedCheckpoint, _ log: Int, _ slot: Int, pushedBytes: Int
    ) {
        let identifier = sessions[slot].identifier
        lastIntegration += 1
        let arrived = Integration(
            origin: logs[log].origin, first: message.first, pieces: message.pieces, checkpoint: checkpoint,
            proof: message.proof, session: identifier, peer: sessions[slot].peer, number: lastIntegration,
            pushedBytes: pushedBytes)
        let isWelcome =
            mayTake(log) && logs[log].mayProve(checkpoint) && message.end <= logs[log].quota
            && (message.first <= logs[log].handed || logs[log].windowBytes < Limits.pullWindowBytes)
        guard isWelcome, let range = arrived.dropping(upTo: logs[log].handed), !isWaiting(range, log) else {
            oweCredit(pushedBytes, identifier)
            return
        }
        let index = logs[log].waiting.firstIndex { $0.first > range.first } ?? logs[log].waiting.count
        logs[log].waiting.insert(range, at: index)
        logs[log].claims.insert(range.first..<range.end)
        logs[log].windowBytes += range.byteCount
        windowBytes += range.byteCount
        handOver(log)
        lackMayHaveChanged(log)
    }

    /// Whether another copy of the same entries waits already.
    private func isWaiting(_ range: Integration, _ log: Int) -> Bool {
        logs[log].waiting.contains { $0.first <= range.first && range.end <= $0.end }
    }

    /// Hands on what follows on what was handed on.
    mutating func handOver(_ log: Int) {
        var count = 0
        for range in logs[log].waiting {
            guard range.first <= logs[log].handed else { break }
            count += 1
            leaveWaiting(range, log)
            guard let rest = range.dropping(upTo: logs[log].handed) else {
                oweCredit(range.pushedBytes, range.session)
                continue
            }
            logs[log].handed = rest.end
            logs[log].integrating.append(
                PendingIntegration(
                    number: rest.number, end: rest.end, byteCount: rest.byteCount, session: rest.session,
                    peer: rest.peer, pushedBytes: rest.pushedBytes))
            logs[log].windowBytes += rest.byteCount
            windowBytes += rest.byteCount
            act(.integrate(rest))
        }
        logs[log].waiting.removeFirst(count)
    }

    private mutating func leaveWaiting(_ range: Integration, _ log: Int) {
        logs[log].claims.remove(range.first..<range.end)
        logs[log].windowBytes -= range.byteCount
        windowBytes -= range.byteCount
    }

    /// Gives up ranges that wait.
    mutating func dropWaiting(_ log: Int, where isDropped: (Integration) -> Bool) {
        for range in logs[log].waiting where isDropped(range) {
            leaveWaiting(range, log)
            oweCredit(range.pushedBytes, range.session)
        }
        logs[log].waiting.removeAll(where: isDropped)
        lackMayHaveChanged(log)
    }

    mutating func oweCredit(_ bytes: Int, _ identifier: SessionID) {
        guard bytes > 0, let slot = sessions.slot(identifier) else { return }
        sessions[slot].owedCredit += bytes
    }

    /// What was pushed and dealt with may be pushed again; not while the store takes nothing.
    mutating func giveCredit() {
        guard !isPaused else { return }
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].owedCredit > 0 {
            sessions[slot].pushAllowance += sessions[slot].owedCredit
            act(.send(sessions[slot].identifier, .credit(UInt32(clamping: sessions[slot].owedCredit))))
            sessions[slot].owedCredit = 0
        }
    }
}
