internal import Cryptography
internal import Federation
internal import TransparencyLog

/// Entries that were hashed and proven and are to be stored.
struct ProvenRange: Sendable {
    let origin: OriginName
    let first: UInt64
    let pieces: [PackedEntries]
    let hashes: [Digest]
    /// Roots of the pieces that are whole bundles, where they are known.
    var bundleRoots: [Digest] = []
    let checkpoint: SignedCheckpoint
    let proof: [Digest]
    /// What the history takes of them once they are stored, where that is known.
    var folded: FoldedEntries?

    var end: UInt64 { first + UInt64(hashes.count) }
}
