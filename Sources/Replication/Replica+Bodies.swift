internal import Federation
package import SyncProtocol
internal import TransparencyLog

// Missing bodies: they are asked for again and again, of one peer after another; the origin, or whoever has them, may
// come back.
extension Replica {
    mutating func fetchMissingBodies() {
        guard !isPaused, !incomplete.isEmpty else { return }
        for log in incomplete.members {
            guard now >= logs[log].bodiesAskedAt + ReplicaLimits.bodiesMilliseconds, let first = logs[log].missing.first,
                let slot = sessionWithBodies(log, beyond: first)
            else { continue }
            logs[log].bodiesAskedAt = now
            logs[log].bodiesAskedOf = sessions[slot].identifier
            let request = newRequest()
            sessions[slot].fills[request] = (log, now)
            let indices = Array(logs[log].missing.prefix(Limits.entriesPerPull))
            act(
                .send(
                    sessions[slot].identifier,
                    .pullEntries(EntryPull(request: request, origin: logs[log].origin.line, indices: indices))))
        }
    }

    /// The next session, after the one asked last, whose peer says that it lacks no body up to behind an index.
    private func sessionWithBodies(_ log: Int, beyond index: UInt64) -> Int? {
        var first: Int?
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].fills.count < 4 {
            guard let holding = sessions[slot].holdings[log], holding.complete > index else { continue }
            if sessions[slot].identifier > logs[log].bodiesAskedOf { return slot }
            if first == nil { first = slot }
        }
        return first
    }

    mutating func expireFills() {
        for slot in 0..<sessions.count where !sessions[slot].fills.isEmpty {
            let now = now
            sessions[slot].fills = sessions[slot].fills.filter { now < $0.value.askedAt + Limits.pullDeadlineMilliseconds }
        }
    }

    mutating func receivedEntries(_ message: EntriesMessage, _ identifier: SessionID) {
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].repairs.remove(message.request) != nil {
            act(.repairAnswer(request: message.request, .entries(message)))
        } else if let (log, _) = sessions[slot].fills.removeValue(forKey: message.request) {
            // Each once, whatever the peer repeats.
            var wanted = Set(logs[log].missing)
            let items = message.items.filter { !$0.body.isEmpty && wanted.remove($0.index) != nil }
            if !items.isEmpty { act(.fill(logs[log].origin, items)) }
        }
    }
}

package enum RepairRequest: Sendable {
    case entries(origin: [UInt8], indices: [UInt64])
    case tiles(origin: [UInt8], size: UInt64, tiles: [TilePull.Coordinate])
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

    mutating func receivedTiles(_ message: TilesMessage, _ identifier: SessionID) {
        guard let slot = sessions.slot(identifier) else { return }
        if sessions[slot].repairs.remove(message.request) != nil {
            act(.repairAnswer(request: message.request, .tiles(message)))
        } else if let search = sessions[slot].searches.removeValue(forKey: message.request) {
            searchReceived(search, message.tiles)
        }
    }
}
