internal import Federation
internal import SyncProtocol
internal import TransparencyLog

// Announcements: what peers hold, and what this node tells them.
extension Replica {
    /// A peer's word on what it holds. The first ones of a session end with an empty message.
    mutating func heardAnnouncements(_ announcements: [Announcement], _ identifier: SessionID) {
        for announcement in announcements { heard(announcement, identifier) }
        guard announcements.isEmpty, let slot = sessions.slot(identifier), !sessions[slot].hasAnnounced else { return }
        sessions[slot].hasAnnounced = true
        // Nothing is what a peer without an announcement of a log holds, and while nothing is published it has all of it.
        if let log = ownLog, logs[log].stored == 0, sessions[slot].holdings[log] == nil { sessions[slot].pushedTo = 0 }
        past.answered(peer: sessions[slot].peer, now: now)
        confirmIfSettled()
    }

    private mutating func heard(_ announcement: Announcement, _ identifier: SessionID) {
        guard let slot = sessions.slot(identifier), let (log, checkpoint) = admit(announcement.note, slot) else { return }
        let known = sessions[slot].holdings[log]
        note(checkpoint, complete: announcement.complete, log, slot)
        if known?.checkpoint != checkpoint { strikes.announced(peer: sessions[slot].peer, log: log) }
        if known?.checkpoint != checkpoint { compareWithDecided(log) }
        guard log == ownLog else { return }
        // A peer that has everything gets what comes next without asking; one that has announced less than it once had
        // has lost it, and asks again.
        if checkpoint.size == logs[log].stored, announcement.complete >= checkpoint.size {
            sessions[slot].pushedTo = checkpoint.size
        } else if let known, known.checkpoint.size > checkpoint.size {
            sessions[slot].pushedTo = nil
        }
    }

    /// The log and checkpoint of a note whose signature holds; nil, and a report, otherwise.
    mutating func admit(_ note: [UInt8], _ slot: Int) -> (log: Int, SignedCheckpoint)? {
        let peer = name(sessions[slot].peer)
        let line = note.prefix { $0 != 0x0a }
        guard let log = logOfOrigin[Array(line)] else {
            reportUnlisted(line, slot)
            return nil
        }
        // The same bytes were verified before.
        if let known = logs[log].memory.verified(note) {
            if log == ownLog { heardOwnPast(known) }
            return (log, known)
        }
        guard sessions[slot].flaws.take(now: now) else {
            report(.flooding(peer: peer))
            return nil
        }
        do throws(NoteFailure) {
            let checkpoint = try SignedCheckpoint(note: note, keys: logs[log].keys)
            sessions[slot].flaws.giveBack()
            // However it comes: with an announcement, or with a range as what proves it.
            if log == ownLog { heardOwnPast(checkpoint) }
            if checkpoint.size > logs[log].newest?.size ?? 0 { logs[log].newest = checkpoint }
            if let other = logs[log].memory.contradicting(checkpoint) {
                establishFork(log, ForkProof(firstNote: other.note, secondNote: checkpoint.note), except: nil)
            }
            logs[log].memory.remember(checkpoint, fits: false)
            return (log, checkpoint)
        } catch {
            report(.invalidCheckpoint(peer: peer, reason: printable(error.description)))
            return nil
        }
    }

    mutating func reportUnlisted(_ line: ArraySlice<UInt8>, _ slot: Int) {
        let text = printable(String(decoding: line.prefix(OriginName.maximumBytes), as: UTF8.self))
        report(.unlistedOrigin(line: text, peer: name(sessions[slot].peer)))
    }

    /// Takes down what a peer holds of a log.
    mutating func note(_ checkpoint: SignedCheckpoint, complete: UInt64, _ log: Int, _ slot: Int) {
        let complete = min(complete, checkpoint.size)
        if sessions[slot].holdings[log]?.checkpoint == checkpoint {
            sessions[slot].holdings[log]?.complete = complete
            return
        }
        let before = sessions[slot].holdings[log]?.checkpoint.size ?? 0
        forgetHolding(log, slot)
        sessions[slot].holdings[log] = PeerHolding(checkpoint: checkpoint, complete: complete)
        logs[log].uncompared += 1
        compareHolding(log, slot)
        if checkpoint.size >= logs[log].goal {
            logs[log].goal = checkpoint.size
        } else if before == logs[log].goal {
            findGoal(log)
        }
        lackMayHaveChanged(log)
    }

    mutating func forgetHolding(_ log: Int, _ slot: Int) {
        guard let known = sessions[slot].holdings.removeValue(forKey: log) else { return }
        if !known.isCompared { logs[log].uncompared -= 1 }
    }

    /// Compares what a peer announced with what is stored, as soon as as much is: of others' logs all that is stored is proven,
    /// by a checkpoint that may be larger; of the own log only what a checkpoint covers was ever said.
    private mutating func compareHolding(_ log: Int, _ slot: Int) {
        guard let holding = sessions[slot].holdings[log], !holding.isCompared else { return }
        let checkpoint = holding.checkpoint
        if let fitting = logs[log].memory.fitting(size: checkpoint.size) {
            if fitting.root != checkpoint.root {
                establishFork(log, ForkProof(firstNote: fitting.note, secondNote: checkpoint.note), except: nil)
            }
        } else if checkpoint.size > (log == ownLog ? logs[log].checkpoint?.size ?? 0 : logs[log].stored) {
            return
        } else if checkpoint.size > 0, forks[log] == nil {
            if log == ownLog { past.compares(in: sessions[slot].identifier) }
            act(.compare(sessions[slot].identifier, checkpoint))
        }
        sessions[slot].holdings[log]?.isCompared = true
        logs[log].uncompared -= 1
    }

    /// More of a log is stored: the checkpoint that covers it is known to fit, and announcements that had to wait are compared.
    mutating func coverageChanged(_ log: Int) {
        if let covered = logs[log].checkpoint { logs[log].memory.remember(covered, fits: true) }
        guard logs[log].uncompared > 0 else { return }
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen { compareHolding(log, slot) }
    }

    /// The largest size that an open session has announced, after one that may have been it is gone.
    mutating func findGoal(_ log: Int) {
        var size: UInt64 = 0
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            size = max(size, sessions[slot].holdings[log]?.checkpoint.size ?? 0)
        }
        logs[log].goal = size
        lackMayHaveChanged(log)
    }

    /// To be called where the goal of a log, what is stored of it or what is asked for has changed.
    mutating func lackMayHaveChanged(_ log: Int) {
        if logs[log].wanted > logs[log].stored, mayTake(log) {
            if logs[log].behindSince == nil { logs[log].behindSince = now }
        } else {
            logs[log].behindSince = nil
        }
        if logs[log].wanted > logs[log].quota {
            report(.overQuota(origin: logs[log].origin.description, size: logs[log].wanted, quota: logs[log].quota))
        }
        if logs[log].target > logs[log].handed, mayTake(log) { lacking.insert(log) }
    }

    /// Whether entries of a log are taken from peers.
    func mayTake(_ log: Int) -> Bool {
        if logs[log].isFrozen { return logs[log].settlement == .following }
        return log != ownLog || !past.isConfirmed
    }
}

// What this node tells.
extension Replica {
    /// Tells a peer what this node holds of some logs; gives the bytes of it.
    @discardableResult
    mutating func announce(_ logs: [Int], to slot: Int) -> Int {
        var announcements: [Announcement] = []
        var bytes = 0
        var sum = 0
        for log in logs {
            guard let checkpoint = shown(log, to: slot) else { continue }
            announcements.append(Announcement(note: checkpoint.note, complete: min(self.logs[log].complete, checkpoint.size)))
            bytes += checkpoint.note.count + 10
            if bytes > Limits.rangeBytes {
                act(.send(sessions[slot].identifier, .announce(announcements)))
                announcements = []
                sum += bytes
                bytes = 0
            }
        }
        if !announcements.isEmpty { act(.send(sessions[slot].identifier, .announce(announcements))) }
        return sum + bytes
    }

    /// What a peer is told of a log: what is stored, or, of its own log, the newest that it was ever seen to sign. A city that
    /// was restored must hear of entries that are still on their way into this store.
    private func shown(_ log: Int, to slot: Int) -> SignedCheckpoint? {
        guard logs[log].node == sessions[slot].peer, let newest = logs[log].newest,
            newest.size > logs[log].checkpoint?.size ?? 0
        else { return logs[log].checkpoint }
        return newest
    }

    /// Marks a log whose news is to be told at the next tick, so that many commits make one message.
    mutating func markForAnnouncement(_ log: Int) {
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen { sessions[slot].unannounced.insert(log) }
    }

    /// Tells each peer the news; where there is much of it, in larger portions that come less often.
    mutating func announceNews() {
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && now >= sessions[slot].announceAt {
            guard !sessions[slot].unannounced.isEmpty else { continue }
            let news = sessions[slot].unannounced.members
            sessions[slot].unannounced.removeAll()
            let pause = announce(news, to: slot) / ReplicaLimits.announcedBytesPerMillisecond
            sessions[slot].announceAt = now + UInt64(min(pause, ReplicaLimits.longestAnnouncementPause))
        }
    }
}
