internal import Federation
internal import SyncProtocol

// Time.
extension Replica {
    /// To be called every few dozen milliseconds.
    package mutating func tick(now: UInt64) {
        self.now = now
        watch()
        expirePulls()
        expireFills()
        expireSearches()
        confirmIfSettled()
        goOnSettling()
        answering.expire(now: now)
        announceNews()
        giveCredit()
        fetchMissingBodies()
        retryBlocked()
        schedule(now)
    }

    /// Silence: first a question, then the end.
    private mutating func watch() {
        for identifier in sessions.identifiers {
            guard let slot = sessions.slot(identifier), !sessions[slot].machine.isClosed else { continue }
            let silence = now - min(now, sessions[slot].heardAt)
            if silence >= Limits.silenceMilliseconds {
                refuse(identifier, Refusal(.silence, "nothing was heard for \(silence / 1_000) s"))
            } else if silence >= Limits.silenceMilliseconds / 2, !sessions[slot].isPinged, sessions[slot].machine.isOpen {
                sessions[slot].isPinged = true
                act(.send(identifier, .ping))
            }
        }
    }
}
