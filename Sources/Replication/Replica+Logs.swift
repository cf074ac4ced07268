package import Cryptography
package import Federation
internal import SyncProtocol
package import TransparencyLog

// Announcements: what peers hold, and what this node tells them.
extension Replica {
    /// A peer's word on what it holds of one log.
    mutating func heard(_ announcement: Announcement, _ identifier: SessionID, _ now: UInt64) {
        guard let slot = sessions.slot(identifier) else { return }
        guard let (log, checkpoint) = admit(announcement.note, from: sessions[slot].peer) else { return }
        let known = sessions[slot].holdings[log]
        sessions[slot].holdings[log] = PeerHolding(checkpoint: checkpoint, complete: min(announcement.complete, checkpoint.size))
        if known?.checkpoint != checkpoint { compareIfHeld(checkpoint, log, identifier) }
        noticeLag(log, now)
        guard log == ownLog, let published = logs[log].checkpoint else { return }
        // A peer that has everything gets what comes next without asking; one that has announced less than it once had
        // has lost it, and asks again.
        if checkpoint.size == published.size {
            sessions[slot].pushedTo = checkpoint.size
        } else if let known, known.checkpoint.size > checkpoint.size {
            sessions[slot].pushedTo = nil
        }
    }

    /// The log and checkpoint of a note whose signature holds; nil, and a report, otherwise.
    mutating func admit(_ note: [UInt8], from peer: Int) -> (log: Int, SignedCheckpoint)? {
        if let text = try? SignedNote(note).text, let line = text.split(separator: 0x0a, maxSplits: 1).first {
            guard let log = logOfOrigin[Array(line)] else {
                report(.unlistedOrigin(line: String(decoding: line.prefix(255), as: UTF8.self), peer: name(peer)))
                return nil
            }
            // The same bytes were verified before.
            if let newest = logs[log].newest, newest.note == note { return (log, newest) }
            if let covered = logs[log].checkpoint, covered.note == note { return (log, covered) }
            do throws(NoteFailure) {
                let checkpoint = try SignedCheckpoint(note: note, keys: logs[log].keys)
                if checkpoint.size > logs[log].newest?.size ?? 0 { logs[log].newest = checkpoint }
                return (log, checkpoint)
            } catch {
                report(.invalidCheckpoint(peer: name(peer), reason: error.description))
                return nil
            }
        }
        report(.invalidCheckpoint(peer: name(peer), reason: "it is no signed note"))
        return nil
    }

    private mutating func compareIfHeld(_ checkpoint: SignedCheckpoint, _ log: Int, _ identifier: SessionID) {
        guard checkpoint.size > 0, checkpoint.size <= logs[log].stored, checkpoint.note != logs[log].checkpoint?.note
        else { return }
        act(.compare(identifier, checkpoint))
    }

    private mutating func noticeLag(_ log: Int, _ now: UInt64) {
        let goal = largestAnnounced(log)
        if goal > logs[log].stored {
            if logs[log].behindSince == nil { logs[log].behindSince = now }
        } else {
            logs[log].behindSince = nil
        }
    }

    func largestAnnounced(_ log: Int) -> UInt64 {
        var size: UInt64 = 0
        for slot in 0..<sessions.count { size = max(size, sessions[slot].holdings[log]?.checkpoint.size ?? 0) }
        return size
    }

    /// Tells a peer what this node holds of some logs.
    mutating func announce(_ logs: [Int], to slot: Int) {
        var announcements: [Announcement] = []
        var bytes = 0
        for log in logs {
            guard let checkpoint = self.logs[log].checkpoint else { continue }
            announcements.append(Announcement(note: checkpoint.note, complete: min(self.logs[log].complete, checkpoint.size)))
            bytes += checkpoint.note.count + 10
            if bytes > Limits.rangeBytes {
                act(.send(sessions[slot].identifier, .announce(announcements)))
                announcements = []
                bytes = 0
            }
        }
        if !announcements.isEmpty { act(.send(sessions[slot].identifier, .announce(announcements))) }
    }

    /// Marks a log whose news is to be told at the next tick, so that many commits make one message.
    mutating func markForAnnouncement(_ log: Int, except peer: SessionID? = nil) {
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].identifier != peer {
            sessions[slot].unannounced.insert(log)
        }
    }
}

// What the store did.
extension Replica {
    /// The own log grew by entries that are durable and whose checkpoint is signed and durable.
    package mutating func published(
        _ checkpoint: SignedCheckpoint, first: UInt64, pieces: [PackedEntries], now: UInt64
    ) {
        guard let log = ownLog else { return }
        logs[log].stored = checkpoint.size
        logs[log].complete = checkpoint.size
        logs[log].checkpoint = checkpoint
        logs[log].newest = checkpoint
        logs[log].restart()
        let bytes = pieces.reduce(0) { $0 + $1.bytes.count } + checkpoint.note.count
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            if sessions[slot].pushedTo == first, sessions[slot].pushCredit >= bytes, bytes <= Limits.rangeBytes, !pieces.isEmpty {
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
        guard let log = logOfOrigin[held.origin.line] else { return }
        let hadCheckpoint = logs[log].checkpoint
        logs[log].stored = held.stored
        logs[log].handed = max(logs[log].handed, held.stored)
        logs[log].next = max(logs[log].next, held.stored)
        logs[log].complete = held.complete
        logs[log].missing = held.missing
        logs[log].checkpoint = held.checkpoint
        logs[log].failures = 0
        logs[log].trimHoles()
        if hadCheckpoint != held.checkpoint { markForAnnouncement(log) }
        noticeLag(log, now)
        schedule(now)
    }

    /// Entries were not stored.
    package mutating func integrationFailed(_ integration: Integration, _ failure: IntegrationFailure, now: UInt64) {
        guard let log = logOfOrigin[integration.origin.line] else { return }
        for request in openPulls.keys.sorted() where openPulls[request]?.log == log {
            if let session = openPulls.removeValue(forKey: request)?.session, let slot = sessions.slot(session) {
                sessions[slot].pulls.remove(request)
            }
        }
        logs[log].restart()
        if failure == .unproven {
            logs[log].failures += 1
            if let slot = sessions.slot(integration.session) {
                report(
                    .unprovenRange(
                        origin: integration.origin.description, peer: name(sessions[slot].peer), first: integration.first))
                // What this peer announced cannot be proven by it: nothing more of this log is asked of it for now.
                sessions[slot].holdings[log] = nil
            }
        }
        schedule(now)
    }

    /// The outcome of `compare`: the stored root at the checkpoint's size, and the checkpoint that covers it.
    package mutating func compared(_ checkpoint: SignedCheckpoint, ownRoot: Digest, session: SessionID) {
        guard ownRoot != checkpoint.root, let log = logOfOrigin[checkpoint.origin], let own = logs[log].checkpoint else { return }
        if own.size == checkpoint.size {
            establishFork(log, ForkProof(firstNote: own.note, secondNote: checkpoint.note), except: nil)
        } else if let slot = sessions.slot(session) {
            report(
                .disagreeing(
                    origin: logs[log].origin.description, peer: name(sessions[slot].peer), size: checkpoint.size))
        }
    }

    /// The store takes nothing (or takes again): pulls rest meanwhile.
    package mutating func setPaused(_ paused: Bool, now: UInt64) {
        isPaused = paused
        if !paused { schedule(now) }
    }
}
