internal import Federation
internal import SyncProtocol
internal import TransparencyLog

/// What a peer announced of one log.
struct PeerHolding {
    var checkpoint: SignedCheckpoint
    var complete: UInt64
    /// Whether it was compared with what is stored, or need not be.
    var isCompared = false
    /// Whether it does not fit what is stored, and the search for the reason is still to come.
    var isSuspect = false
}

/// One link to a peer, from hello to its end.
struct PeerSession: ~Copyable {
    let identifier: SessionID
    /// Index of the peer in the topology.
    let peer: Int
    var machine: SessionStateMachine
    /// Whether it was open at some time.
    var wasOpened = false
    /// Whether the peer has told all that it held when the session was opened.
    var hasAnnounced = false
    /// By the number of the log in the replica.
    var holdings: [Int: PeerHolding] = [:]
    /// Requests under way.
    var pulls: Set<UInt32> = []
    var pulledBytes = 0
    /// Requests whose deadline passed; an answer that comes after all is still taken. Oldest first.
    var overdue: [(request: UInt32, pull: OpenPull)] = []
    /// When the peer last answered a request.
    var answeredAt: UInt64 = 0
    /// Requests of single entries for missing bodies: number of the log, and when it was asked.
    var fills: [UInt32: (log: Int, askedAt: UInt64)] = [:]
    /// Requests by this node's resync.
    var repairs: Set<UInt32> = []
    /// Requests by this node's searches for forks: number of the search.
    var searches: [UInt32: UInt64] = [:]
    /// The peer's requests that the owner is answering.
    var serving = 0
    /// Bytes that may still be pushed to the peer.
    var pushCredit = 0
    /// Bytes that the peer may still push.
    var pushAllowance = Int(Limits.pushCreditBytes)
    /// Bytes of pushes dealt with, for which credit is owed.
    var owedCredit = 0
    /// Size of the own log that the peer has, or is about to have by what was served and pushed; nil while it has to
    /// catch up by asking.
    var pushedTo: UInt64?
    /// Logs whose news the peer has not heard.
    var unannounced: LogSet
    /// Announcements are not sent before.
    var announceAt: UInt64 = 0
    var questions: TokenBucket
    var flaws: TokenBucket
    var heardAt: UInt64
    var isPinged = false

    init(identifier: SessionID, peer: Int, machine: consuming SessionStateMachine, logs: Int, now: UInt64) {
        self.identifier = identifier
        self.peer = peer
        self.machine = machine
        unannounced = LogSet(capacity: logs)
        questions = TokenBucket(
            burst: ReplicaLimits.questionBurst, perSecond: ReplicaLimits.questionsPerSecond, now: now)
        flaws = TokenBucket(burst: ReplicaLimits.flawBurst, perSecond: ReplicaLimits.flawsPerSecond, now: now)
        heardAt = now
    }

    /// Whether one more range may be asked of the peer.
    var hasRoom: Bool {
        pulls.count + overdue.count < ReplicaLimits.requestsPerPeer && pulledBytes < ReplicaLimits.bytesPerPeer
    }
}
