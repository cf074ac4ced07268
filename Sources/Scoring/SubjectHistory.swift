// Scoring: rulebook, rulebook policy, fold, explanation, standings, cut. May import Encoding, Cryptography,
// TransparencyLog and Federation; no Foundation, no clock, no random numbers.

/// What the fold keeps of one entry about one subject: everything a score depends on and nothing else.
///
/// Origins and factor codes are numbered by whoever holds the history (a store's own tables); numbers are never compared
/// between stores and never leave the process.
package struct HistoryRecord: Equatable, Sendable {
    /// Number of the origin whose log holds the entry.
    package var origin: UInt32
    /// Index of the entry in that log.
    package var index: UInt64
    /// observation 1, retraction 2, appeal 3, ruling 4, enrolment 5, withdrawal 6.
    package var kind: UInt8
    /// Ruling only: upheld 1, overturned 2; otherwise 0.
    package var verdict: UInt8
    /// Effective day: days since 1970-01-01, UTC.
    package var day: UInt32
    /// Observation only: number of the factor code.
    package var factor: UInt32
    /// Observation only: at least 1.
    package var quantity: Int32
    /// Observation only: first eight bytes of the leaf hash, big-endian; the whole hash is asked for on a tie.
    package var leafPrefix: UInt64
    /// Observation only: where the reference lies in `SubjectHistory.bytes`.
    package var referenceOffset: UInt32
    package var referenceCount: UInt32
    /// Retraction, appeal and ruling: the position named. An origin that the holder does not know has a number too.
    package var targetOrigin: UInt32
    package var targetIndex: UInt64

    package init(
        origin: UInt32, index: UInt64, kind: UInt8, verdict: UInt8 = 0, day: UInt32, factor: UInt32 = 0,
        quantity: Int32 = 0, leafPrefix: UInt64 = 0, referenceOffset: UInt32 = 0, referenceCount: UInt32 = 0,
        targetOrigin: UInt32 = 0, targetIndex: UInt64 = 0
    ) {
        self.origin = origin
        self.index = index
        self.kind = kind
        self.verdict = verdict
        self.day = day
        self.factor = factor
        self.quantity = quantity
        self.leafPrefix = leafPrefix
        self.referenceOffset = referenceOffset
        self.referenceCount = referenceCount
        self.targetOrigin = targetOrigin
        self.targetIndex = targetIndex
    }
}

/// All that the logs say about one subject, in any order. Made to be reused: `removeAll` keeps the capacity.
package struct SubjectHistory: Sendable {
    package var records: [HistoryRecord] = []
    /// The references of the observations, one after another.
    package var bytes: [UInt8] = []

    package init() {}

    package mutating func removeAll() {
        records.removeAll(keepingCapacity: true)
        bytes.removeAll(keepingCapacity: true)
    }
}
