internal import TransparencyLog

/// Every limit that concerns what leaves a process, in one place.
package enum Limits {
    /// Bytes of an entry, and of a body.
    package static let entryBytes = 8_192
    /// Bytes of one packed bundle of the largest entries.
    package static let packedBundleBytes = 2 + Int(Tiling.width) * (2 + 10 + entryBytes)
    /// Bytes of a frame behind its length: a largest bundle with its proof fits.
    package static let frameBytes = 4 << 20
    /// Bytes of entries in one answer to a pull, beyond which no further bundle is added.
    package static let rangeBytes = 512 << 10
    /// Bytes that a node asks for and has not integrated yet, over all peers.
    package static let pullWindowBytes = 16 << 20
    /// Ranges asked of one peer at once.
    package static let pullsPerPeer = 4
    /// Bytes of pushed entries that a peer may send before the first credit.
    package static let pushCreditBytes: UInt32 = 1 << 20
    /// Entries asked for singly in one message.
    package static let entriesPerPull = 4_096
    /// Tiles asked for in one message.
    package static let tilesPerPull = 256
    /// Origins that a topology can list, all epochs together.
    package static let origins = 4_096
    /// Nodes of a topology.
    package static let nodes = 4_096
    /// Bytes of a topology file and of a rulebook file.
    package static let configurationBytes = 8 << 20
    /// Bytes of the text of a cut.
    package static let cutBytes = 3 << 20
    /// Milliseconds that an announced time may lie ahead of the own wall clock and still move the hybrid clock.
    package static let clockDriftMilliseconds: UInt64 = 300_000
    /// Milliseconds of silence after which a session is closed; half of it after which the other side is asked.
    package static let silenceMilliseconds: UInt64 = 30_000
    /// Milliseconds after which a range may be asked of another peer.
    package static let pullDeadlineMilliseconds: UInt64 = 15_000
}
