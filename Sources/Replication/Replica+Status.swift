package import Federation
internal import SyncProtocol
internal import TransparencyLog

/// Where a node stands with one log, against every peer.
package struct LogStanding: Sendable {
    package struct PeerSize: Sendable {
        package let peer: String
        package let size: UInt64
    }

    package let origin: OriginName
    package let stored: UInt64
    package let complete: UInt64
    package let published: UInt64
    /// Largest size that anyone has shown a checkpoint for.
    package let newest: UInt64
    /// Milliseconds since something larger than what is stored was first heard of; 0 where nothing is missing.
    package let lagMilliseconds: UInt64
    package let peers: [PeerSize]
    package let isFrozen: Bool
}

package struct SessionStanding: Sendable {
    package let identifier: SessionID
    package let peer: String
    package let pullsUnderWay: Int
}

extension Replica {
    package func standing(now: UInt64) -> [LogStanding] {
        logs.indices.map { log in
            var peers: [LogStanding.PeerSize] = []
            for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
                let size = sessions[slot].holdings[log]?.checkpoint.size ?? 0
                peers.append(.init(peer: name(sessions[slot].peer), size: size))
            }
            let track = logs[log]
            return LogStanding(
                origin: track.origin, stored: track.stored, complete: track.complete,
                published: track.checkpoint?.size ?? 0,
                newest: track.decision?.size ?? max(track.newest?.size ?? 0, track.goal),
                lagMilliseconds: track.behindSince.map { now - min(now, $0) } ?? 0, peers: peers, isFrozen: track.isFrozen)
        }
    }

    package func openSessions() -> [SessionStanding] {
        sessions.identifiers.compactMap { identifier in
            guard let slot = sessions.slot(identifier), sessions[slot].machine.isOpen else { return nil }
            return SessionStanding(
                identifier: identifier, peer: name(sessions[slot].peer), pullsUnderWay: sessions[slot].pulls.count)
        }
    }

    /// Sessions that have announced a log of at least `size` entries, the origin's own first.
    package func sessions(holding origin: [UInt8], size: UInt64) -> [SessionStanding] {
        guard let log = logOfOrigin[origin] else { return [] }
        var found: [(own: Bool, standing: SessionStanding)] = []
        for standing in openSessions() {
            guard let slot = sessions.slot(standing.identifier), let holding = sessions[slot].holdings[log],
                holding.checkpoint.size >= size, logs[log].mayProve(holding.checkpoint)
            else { continue }
            found.append((sessions[slot].peer == logs[log].node, standing))
        }
        return found.filter(\.own).map(\.standing) + found.filter { !$0.own }.map(\.standing)
    }
}
