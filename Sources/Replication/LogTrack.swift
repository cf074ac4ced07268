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
    var stored: UInt64
    var complete: UInt64
    var checkpoint: SignedCheckpoint?
    var missing: [UInt64]
    var isFrozen: Bool
    /// Handed to integration in order; never below `stored`.
    var handed: UInt64
    /// First index that nobody was asked for yet.
    var next: UInt64
    /// Ranges below `next` that have to be asked for again, lowest first.
    var holes: [Range<UInt64>] = []
    /// Arrived before what precedes them, by first index.
    var waiting: [UInt64: Integration] = [:]
    /// Largest checkpoint whose signature was verified.
    var newest: SignedCheckpoint?
    /// When a larger log than the stored one was first heard of; nil while nothing is missing.
    var behindSince: UInt64?
    /// Bytes of an entry with its body, on average, as seen so far; for choosing how much to ask for.
    var averageBytes = 110
    /// Attempts in a row that proved nothing.
    var failures = 0
    var missingAskedAt: UInt64 = 0

    init(held: HeldLog, keys: [VerifierKey], node: Int, quota: UInt64) {
        origin = held.origin
        self.keys = keys
        self.node = node
        self.quota = quota
        stored = held.stored
        complete = held.complete
        checkpoint = held.checkpoint
        missing = held.missing
        isFrozen = held.isFrozen
        handed = held.stored
        next = held.stored
        newest = held.checkpoint
    }

    /// Begins again behind what is stored.
    mutating func restart() {
        handed = stored
        next = stored
        holes = []
        waiting = [:]
    }

    /// Puts a range back among those to be asked for.
    mutating func reopen(_ range: Range<UInt64>) {
        let range = max(range.lowerBound, handed)..<max(range.upperBound, handed)
        guard !range.isEmpty else { return }
        holes.append(range)
        holes.sort { $0.lowerBound < $1.lowerBound }
    }

    /// Drops what was handed over meanwhile from the ranges to be asked for.
    mutating func trimHoles() {
        let handed = handed
        holes = holes.compactMap { hole in
            let rest = max(hole.lowerBound, handed)..<max(hole.upperBound, handed)
            return rest.isEmpty ? nil : rest
        }
    }

    var waitingBytes: Int { waiting.values.reduce(0) { $0 + $1.byteCount } }
}

/// A range that was asked for.
struct OpenPull {
    let log: Int
    let range: Range<UInt64>
    let session: SessionID
    let estimatedBytes: Int
    let askedAt: UInt64
}
