package import Cryptography
package import Federation
package import TransparencyLog

/// What is known of one stored log without reading the disk: a value that is replaced as a whole when a write commits.
package struct LogState: Sendable {
    /// The origin's number in this store.
    package let number: Int64
    package let origin: OriginName
    /// All stored entries.
    package internal(set) var range = CompactRange()
    /// Roots of the full bundles and the tiles above them.
    package internal(set) var levels = LogLevels()
    /// The entries after the last full bundle, and their leaf hashes.
    package internal(set) var tail = PackedEntries.empty
    package internal(set) var tailHashes: [Digest] = []
    /// The largest verified checkpoint whose size is stored.
    package internal(set) var checkpoint: SignedCheckpoint?
    /// What proves stored entries beyond that checkpoint.
    package internal(set) var proving: LogProving?
    /// Entries that commit to a body which is not here.
    package internal(set) var missing = IndexBits()
    /// Entries whose body is still here and may no longer be shown: it is to be dropped.
    package internal(set) var erased = IndexBits()
    /// The least size of this log that still contains every erasure recorded in it whose target's bytes are dropped.
    package internal(set) var leastSize: UInt64 = 0
    package internal(set) var isForked = false
    /// Where an authority let the forked log end; nil where none has decided.
    package internal(set) var decision: ForkDecision?
    /// Entries that were once stored: more than `size` where the end of the log is damaged.
    package internal(set) var recordedSize: UInt64 = 0
    /// What loading found wrong: until it is repaired, nothing is appended or signed.
    package internal(set) var flaws: [Damage] = []

    init(number: Int64, origin: OriginName) {
        self.number = number
        self.origin = origin
    }

    package var size: UInt64 { range.size }
    package var root: Digest { range.root }
    package var isSound: Bool { flaws.isEmpty }
    /// Index of the first entry after the last full bundle.
    package var tailStart: UInt64 { levels.bundles * Tiling.width }
}

/// The proof that entries beyond the largest covered checkpoint belong to what their origin signed: a later checkpoint, and
/// the consistency of the tree of the first `stored` entries with it.
package struct LogProving: Equatable, Sendable {
    package let stored: UInt64
    package let checkpoint: SignedCheckpoint
    package let proof: [Digest]

    package init(stored: UInt64, checkpoint: SignedCheckpoint, proof: [Digest]) {
        self.stored = stored
        self.checkpoint = checkpoint
        self.proof = proof
    }

    /// Whether the proof leads from a root of the first `stored` entries to the checkpoint.
    package func holds(for root: Digest) -> Bool {
        Proofs.isConsistent(
            first: stored, firstRoot: root, second: checkpoint.size, secondRoot: checkpoint.root, path: proof)
    }
}
