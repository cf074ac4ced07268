internal import Federation
internal import SyncProtocol
internal import TransparencyLog

/// What a peer announced of one log.
struct PeerHolding {
    var checkpoint: SignedCheckpoint
    var complete: UInt64
}

/// One link to a peer, from hello to its end.
struct PeerSession: ~Copyable {
    let identifier: SessionID
    /// Index of the peer in the topology.
    let peer: Int
    var machine: SessionStateMachine
    /// By the number of the log in the replica.
    var holdings: [Int: PeerHolding] = [:]
    /// Requests under way.
    var pulls: Set<UInt32> = []
    /// Requests of single entries for missing bodies: number of the log.
    var fills: [UInt32: Int] = [:]
    /// Requests by this node's resync.
    var repairs: Set<UInt32> = []
    /// Bytes that may still be pushed to the peer.
    var pushCredit: Int = 0
    /// Size of the own log that the peer has, or is about to have by what was served and pushed; nil while it has to
    /// catch up by asking.
    var pushedTo: UInt64?
    /// Bytes of pushes taken in, for which credit is owed.
    var owedCredit = 0
    /// Logs whose news the peer has not heard, in order of their numbers.
    var unannounced: Set<Int> = []
    var heardAt: UInt64
    var isPinged = false

    init(identifier: SessionID, peer: Int, machine: consuming SessionStateMachine, now: UInt64) {
        self.identifier = identifier
        self.peer = peer
        self.machine = machine
        heardAt = now
    }
}
