package import Cryptography
package import Federation
internal import SyncProtocol
package import TransparencyLog

// What the store did.
extension Replica {
    /// The own log grew by entries that are durable and whose checkpoint is signed and durable.
    package mutating func published(
        _ checkpoint: SignedCheckpoint, first: UInt64, pieces: [PackedEntries], now: UInt64
    ) {
        self.now = now
        guard let log = ownLog else { return }
        logs[log].stored = checkpoint.size
        logs[log].handed = checkpoint.size
        logs[log].complete = logs[log].missing.first.map { min($0, checkpoint.size) } ?? checkpoint.size
        logs[log].checkpoint = checkpoint
        logs[log].newest = checkpoint
        coverageChanged(log)
        let bytes = pieces.reduce(0) { $0 + $1.bytes.count } + checkpoint.note.count
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            if sessions[slot].pushedTo == first, sessions[slot].pushCredit >= bytes, bytes <= Limits.rangeBytes, !pieces.isEmpty
            {
                sessions[slot].pushCredit -= bytes
                sessions[slot].pushedTo = checkpoint.size
                let range = RangeMessage(
                    request: 0, origin: checkpoint.origin, first: first, pieces: pieces, note: checkpoint.note, proof: [])
                act(.send(sessions[slot].identifier, .range(range)))
            } else {
                sessions[slot].pushedTo = nil
                sessions[slot].unannounced.insert(log)
            }
        }
    }

    /// Entries were proven and are durable.
    package mutating func integrated(_ held: HeldLog, now: UInt64) {
        self.now = now
        guard let log = logOfOrigin[held.origin.line] else { return }
        let told = announced(log)
        take(held, log)
        settleIntegrated(log)
        logs[log].handed = max(logs[log].handed, logs[log].stored)
        handOver(log)
        coverageChanged(log)
        if announced(log) != told { markForAnnouncement(log) }
        if log == ownLog { confirmIfSettled() }
        lackMayHaveChanged(log)
        schedule(now)
    }

    private mutating func take(_ held: HeldLog, _ log: Int) {
        // Bodies that arrive make room for asking for the next ones at once.
        if held.missing.first != logs[log].missing.first { logs[log].bodiesAskedAt = 0 }
        logs[log].stored = held.stored
        logs[log].complete = held.complete
        logs[log].missing = held.missing
        if held.missing.isEmpty { incomplete.remove(log) } else { incomplete.insert(log) }
        logs[log].checkpoint = held.checkpoint
        settlementMayHaveChanged(log)
        for checkpoint in [held.checkpoint, held.promised].compactMap(\.self)
        where checkpoint.size > logs[log].newest?.size ?? 0 { logs[log].newest = checkpoint }
    }

    private func announced(_ log: Int) -> Announcement? {
        logs[log].checkpoint.map { Announcement(note: $0.note, complete: min(logs[log].complete, $0.size)) }
    }

    /// What was handed over and is stored makes room in the window, and pushes earn new credit.
    private mutating func settleIntegrated(_ log: Int) {
        let stored = logs[log].stored
        var count = 0
        for pending in logs[log].integrating {
            guard pending.end <= stored else { break }
            count += 1
            release(pending, log)
            strikes.clear(peer: pending.peer, log: log)
        }
        logs[log].integrating.removeFirst(count)
    }

    mutating func release(_ pending: PendingIntegration, _ log: Int) {
        logs[log].windowBytes -= pending.byteCount
        windowBytes -= pending.byteCount
        oweCredit(pending.pushedBytes, pending.session)
    }

    /// Entries were not stored.
    package mutating func integrationFailed(_ integration: Integration, _ failure: IntegrationFailure, now: UInt64) {
        self.now = now
        // What followed on a range that failed fails too; that was settled with it.
        guard let log = logOfOrigin[integration.origin.line],
            let pending = logs[log].integrating.first(where: { $0.number == integration.number })
        else { return }
        restart(log)
        switch failure {
        case .store, .outOfOrder: logs[log].restUntil = now + ReplicaLimits.storeRestMilliseconds
        case .unproven:
            // This peer's range does not follow on what is stored, or its history is another one: nothing more of this log
            // is asked of it for a while, and whether there are two histories is found out.
            strikes.distrust(peer: pending.peer, log: log, now: now)
            dropWaiting(log) { $0.session == integration.session }
            report(
                .unprovenRange(
                    origin: integration.origin.description, peer: name(pending.peer), first: integration.first))
            suspect(integration.checkpoint, log, integration.session)
            if logs[log].settlement == .following { logs[log].settlement = .unsure }
        }
        lackMayHaveChanged(log)
        schedule(now)
    }

    /// Goes on behind what is stored: what was handed over is asked for again.
    private mutating func restart(_ log: Int) {
        for pending in logs[log].integrating { release(pending, log) }
        logs[log].integrating = []
        logs[log].handed = logs[log].stored
        lacking.insert(log)
    }

    /// After a resync replaced or dropped what was stored: goes on from there.
    package mutating func reset(_ held: HeldLog, now: UInt64) {
        self.now = now
        guard let log = logOfOrigin[held.origin.line] else { return }
        dropWaiting(log) { _ in true }
        take(held, log)
        restart(log)
        strikes.clear(log: log)
        logs[log].memory.forgetFits()
        settledAfresh(log)
        coverageChanged(log)
        markForAnnouncement(log)
        if log == ownLog {
            // What was published and is lost has to come back before anything else is.
            if let newest = logs[log].newest { heardOwnPast(newest) }
            confirmIfSettled()
        }
        lackMayHaveChanged(log)
        schedule(now)
    }

    /// The outcome of `compare`: the stored root at the checkpoint's size.
    package mutating func compared(_ checkpoint: SignedCheckpoint, ownRoot: Digest, session: SessionID) {
        guard let log = logOfOrigin[checkpoint.origin] else { return }
        if ownRoot == checkpoint.root {
            logs[log].memory.remember(checkpoint, fits: true)
        } else if let own = logs[log].checkpoint, own.size == checkpoint.size {
            establishFork(log, ForkProof(firstNote: own.note, secondNote: checkpoint.note), except: nil)
        } else if let slot = sessions.slot(session), !strikes.isResting(peer: sessions[slot].peer, log: log, now: now) {
            suspect(checkpoint, log, session)
        }
        if log == ownLog {
            past.compared(in: session)
            confirmIfSettled()
        }
    }

    /// The store takes nothing (or takes again): pulls rest meanwhile, and pushes earn no credit.
    package mutating func setPaused(_ paused: Bool, now: UInt64) {
        self.now = now
        isPaused = paused
        if !paused { schedule(now) }
    }
}
