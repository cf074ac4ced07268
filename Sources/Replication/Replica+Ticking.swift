internal import Federation
package import SyncProtocol
internal import TransparencyLog

// Time.
extension Replica {
    /// To be called every few dozen milliseconds.
    package mutating func tick(now: UInt64) {
        watch(now)
        expire(now)
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            if !sessions[slot].unannounced.isEmpty {
                let news = sessions[slot].unannounced.sorted()
                sessions[slot].unannounced = []
                announce(news, to: slot)
            }
            if sessions[slot].owedCredit > 0 {
                act(.send(sessions[slot].identifier, .credit(UInt32(clamping: sessions[slot].owedCredit))))
                sessions[slot].owedCredit = 0
            }
        }
        fetchMissingBodies(now)
        schedule(now)
    }

    /// Silence: first a question, then the end.
    private mutating func watch(_ now: UInt64) {
        for identifier in sessions.identifiers {
            guard let slot = sessions.slot(identifier) else { continue }
            let silence = now - min(now, sessions[slot].heardAt)
            if silence >= Limits.silenceMilliseconds {
                refuse(identifier, Refusal(.silence, "nothing was heard for \(silence / 1_000) s"))
            } else if silence >= Limits.silenceMilliseconds / 2, !sessions[slot].isPinged, sessions[slot].machine.isOpen {
                sessions[slot].isPinged = true
                act(.send(identifier, .ping))
            }
        }
    }

    /// Ranges whose deadline passed may be asked of another.
    private mutating func expire(_ now: UInt64) {
        for request in openPulls.keys.sorted() {
            guard let pull = openPulls[request], now >= pull.askedAt + Limits.pullDeadlineMilliseconds else { continue }
            openPulls[request] = nil
            logs[pull.log].reopen(pull.range)
            if let slot = sessions.slot(pull.session) {
                sessions[slot].pulls.remove(request)
                sessions[slot].holdings[pull.log] = nil
            }
        }
    }

    /// Bodies that are missing without excuse are asked for again and again: the origin, or whoever has them, may come back.
    private mutating func fetchMissingBodies(_ now: UInt64) {
        for log in logs.indices where !logs[log].missing.isEmpty && now >= logs[log].missingAskedAt + 2_000 {
            guard let first = logs[log].missing.first else { continue }
            for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
                guard let holding = sessions[slot].holdings[log], holding.complete > first, sessions[slot].fills.isEmpty else { continue }
                logs[log].missingAskedAt = now
                let request = newRequest()
                sessions[slot].fills[request] = log
                let indices = Array(logs[log].missing.prefix(Limits.entriesPerPull))
                act(
                    .send(
                        sessions[slot].identifier,
                        .pullEntries(EntryPull(request: request, origin: logs[log].origin.line, indices: indices))))
                break
            }
        }
    }

    mutating func receivedEntries(_ message: EntriesMessage, _ identifier: SessionID, _ now: UInt64) {
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].repairs.remove(message.request) != nil {
            act(.repairAnswer(request: message.request, .entries(message)))
        } else if let log = sessions[slot].fills.removeValue(forKey: message.request) {
            let items = message.items.filter { !$0.body.isEmpty }
            if !items.isEmpty { act(.fill(logs[log].origin, items)) }
        }
    }
}

// Requests of the node's own resync.
extension Replica {
    /// Sends a request for single entries or tiles; the answer comes as `repairAnswer` with the returned number. Nil where
    /// the session is gone.
    package mutating func askForRepair(_ content: RepairRequest, of identifier: SessionID) -> UInt32? {
        guard let slot = sessions.slot(identifier), sessions[slot].machine.isOpen else { return nil }
        let request = newRequest()
        sessions[slot].repairs.insert(request)
        switch content {
        case .entries(let origin, let indices):
            act(.send(identifier, .pullEntries(EntryPull(request: request, origin: origin, indices: indices))))
        case .tiles(let origin, let size, let tiles):
            act(.send(identifier, .pullTiles(TilePull(request: request, origin: origin, size: size, tiles: tiles))))
        }
        return request
    }

    /// After a resync replaced or dropped what was stored: go on from there.
    package mutating func reset(_ held: HeldLog, now: UInt64) {
        guard let log = logOfOrigin[held.origin.line] else { return }
        for request in openPulls.keys.sorted() where openPulls[request]?.log == log {
            if let session = openPulls.removeValue(forKey: request)?.session, let slot = sessions.slot(session) {
                sessions[slot].pulls.remove(request)
            }
        }
        logs[log].stored = held.stored
        logs[log].complete = held.complete
        logs[log].checkpoint = held.checkpoint
        logs[log].missing = held.missing
        logs[log].restart()
        markForAnnouncement(log)
        schedule(now)
    }
}

package enum RepairRequest: Sendable {
    case entries(origin: [UInt8], indices: [UInt64])
    case tiles(origin: [UInt8], size: UInt64, tiles: [TilePull.Coordinate])
}
