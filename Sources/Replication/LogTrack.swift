internal import Federation
internal import SyncProtocol
internal import TransparencyLog

/// Where a replica stands with one log: what is stored, what is on its way, what is still to be asked for.
struct LogTrack {
    let origin: OriginName
    let keys: [VerifierKey]
    /// Index of the node in the topology.
    let node: Int
    let quota: UInt64
    /// Entries that are durable and proven.
    var stored: UInt64
    var complete: UInt64
    var checkpoint: SignedCheckpoint?
    var missing: [UInt64]
    var isFrozen: Bool
    /// Where an authority let the frozen log end.
    var decision: VerifiedForkDecision?
    /// How far the stored entries have been brought to that end.
    var settlement = Settlement.undecided
    /// When to try again what could not be done yet.
    var settleAt: UInt64 = 0
    /// Up to where the stored entries were found to be the decided ones, while the store is asked to cut the rest.
    var commonSize: UInt64?
    /// Handed to integration in order; never below `stored`.
    var handed: UInt64
    /// What was handed over and is not stored yet, oldest first.
    var integrating: [PendingIntegration] = []
    /// Asked for, or waiting.
    var claims = RangeClaims()
    /// Arrived before what precedes them, by their first indices.
    var waiting: [Integration] = []
    /// Bytes of this log asked for, waiting or being integrated.
    var windowBytes = 0
    /// Largest checkpoint whose signature was verified.
    var newest: SignedCheckpoint?
    var memory = CheckpointMemory()
    /// Largest size that an open session has announced.
    var goal: UInt64 = 0
    /// Announcements not larger than what is stored that were not compared with it yet.
    var uncompared = 0
    /// When a larger log than the stored one was first heard of; nil while nothing is missing.
    var behindSince: UInt64?
    /// Since when an index that only others than the origin have announced has been missing.
    var patience: (start: UInt64, since: UInt64)?
    /// Nothing is asked for before.
    var restUntil: UInt64 = 0
    /// Bytes of an entry with its body, on average, as seen so far; for choosing how much to ask for.
    var averageBytes = 110
    var bodiesAskedAt: UInt64 = 0
    /// The session last asked for missing bodies: the next one is another.
    var bodiesAskedOf = SessionID(0)

    init(held: HeldLog, keys: [VerifierKey], node: Int, quota: UInt64, isOwn: Bool) {
        origin = held.origin
        self.keys = keys
        self.node = node
        self.quota = isOwn ? UInt64.max : quota
        stored = held.stored
        complete = held.complete
        checkpoint = held.checkpoint
        missing = held.missing
        isFrozen = held.isFrozen
        handed = stored
        newest = held.promised ?? held.checkpoint
        if let checkpoint { memory.remember(checkpoint, fits: true) }
        // The stored entries were proven under it.
        if let promised = held.promised { memory.remember(promised, fits: true) }
    }

    /// The size that the log is known to have: as announced, or as decided.
    var wanted: UInt64 { decision?.size ?? goal }
    /// Up to where it is worth asking.
    var target: UInt64 { min(wanted, quota) }

    /// Whether a checkpoint of this log is one that entries may still be taken under.
    func mayProve(_ checkpoint: SignedCheckpoint) -> Bool { decision?.decision.isStated(by: checkpoint) ?? true }
}

/// A range that was asked for.
struct OpenPull {
    let log: Int
    let range: Range<UInt64>
    let session: SessionID
    let estimatedBytes: Int
    let askedAt: UInt64
}

/// A range that was handed to integration.
struct PendingIntegration {
    let number: UInt64
    let end: UInt64
    let byteCount: Int
    let session: SessionID
    /// Index of the peer in the topology.
    let peer: Int
    let pushedBytes: Int
}
