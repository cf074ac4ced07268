package import Cryptography
package import Federation
internal import GRDB

/// One thing in a stored log that is not as it was written.
package struct Damage: Equatable, Sendable, CustomStringConvertible {
    package enum EntryReason: Equatable, Sendable {
        /// Entry or body is not the one whose hash is stored.
        case hashMismatch
        /// Its bytes cannot be made out, or the file does not give them back.
        case unreadable
    }

    package enum CheckpointReason: Equatable, Sendable {
        case malformed
        /// No known key of the origin has signed it.
        case signature
        /// It covers more than is stored.
        case beyondStored
        /// The stored entries have another root.
        case differentRoot
        /// The consistency proof does not lead from the stored entries to it.
        case provingDoesNotHold
    }

    package enum Kind: Equatable, Sendable {
        case entry(index: UInt64, EntryReason)
        /// The lengths of the entries of a bundle, or of the tail, are damaged; what can be made out was, whatever they say.
        case framing(number: UInt64)
        /// The stored leaf hashes of a bundle; its entries are good.
        case tile(number: UInt64)
        /// The stored root of a bundle; entries and leaf hashes are good.
        case bundleRoot(number: UInt64)
        /// Neither entries nor leaf hashes of a bundle are there.
        case bundleMissing(number: UInt64)
        /// Entries, leaf hashes and root disagree, and nothing here tells which are good.
        case bundleUndecided(number: UInt64)
        /// The stored leaf hash of an entry of the tail; the entry is good.
        case tailHash(index: UInt64)
        /// Entries of the tail that are gone.
        case tailMissing(from: UInt64, to: UInt64)
        case checkpoint(reason: CheckpointReason)
        /// Whole as it looks, the log is not the one that the checkpoint signs.
        case rootMismatch
        /// Entries of another's log from an index on that nothing stored proves to be its origin's.
        case unproven(from: UInt64)
        /// An entry without its body is not marked so, or the other way round.
        case missingMark(index: UInt64)
        /// There are more bundles than the recorded size says.
        case size
        /// The marks of missing, erased and forked are not to be read.
        case marks
    }

    package let origin: OriginName
    package let kind: Kind

    package init(origin: OriginName, kind: Kind) {
        self.origin = origin
        self.kind = kind
    }

    /// Damages listed one by one for each log; a mirror names them all.
    package static let maximumListed = 4_096

    /// Whether an error says that the stored bytes are bad or cannot be read, rather than that reading was not possible.
    static func isDamage(_ error: any Error) -> Bool {
        if let failure = error as? StoreFailure { return failure.code == .corrupt }
        guard let error = error as? DatabaseError else { return error is RowDecodingError }
        return switch error.resultCode {
        case .SQLITE_CORRUPT, .SQLITE_IOERR, .SQLITE_TOOBIG, .SQLITE_FORMAT: true
        default: false
        }
    }

    package var description: String {
        switch kind {
        case .entry(let index, .hashMismatch): "\(origin):\(index): the entry or its body is not the one that was stored"
        case .entry(let index, .unreadable): "\(origin):\(index): the entry cannot be read"
        case .framing(let number): "\(origin) bundle \(number): the lengths of entries are damaged"
        case .tile(let number): "\(origin) bundle \(number): the leaf hashes are damaged, the entries are good"
        case .bundleRoot(let number): "\(origin) bundle \(number): the root is damaged, the entries are good"
        case .bundleMissing(let number): "\(origin) bundle \(number): it is not there"
        case .bundleUndecided(let number): "\(origin) bundle \(number): entries, leaf hashes and root disagree"
        case .tailHash(let index): "\(origin):\(index): the leaf hash is damaged, the entry is good"
        case .tailMissing(let from, let to): "\(origin): the entries \(from)..<\(to) are not there"
        case .checkpoint(let reason): "\(origin): \(Self.text(reason))"
        case .rootMismatch: "\(origin): the stored entries are not those that the checkpoint signs"
        case .unproven(let from): "\(origin): nothing proves the entries from \(from) on to be those of its origin"
        case .missingMark(let index): "\(origin):\(index): the mark for a missing body is wrong"
        case .size: "\(origin): the recorded size does not fit the stored bundles"
        case .marks: "\(origin): the marks of missing, erased and forked cannot be read"
        }
    }

    private static func text(_ reason: CheckpointReason) -> String {
        switch reason {
        case .malformed: "the checkpoint does not decode"
        case .signature: "no known key has signed the checkpoint"
        case .beyondStored: "the checkpoint covers more than is stored"
        case .differentRoot: "the checkpoint states another root than the stored entries have"
        case .provingDoesNotHold: "the proof for the entries after the checkpoint does not hold"
        }
    }
}

/// What is known of a log after it was verified: all that a resync needs in order to ask for what is damaged, and only that.
package struct LogMirror: Equatable, Sendable {
    package let origin: OriginName
    /// Entries that are or were stored.
    package let size: UInt64
    /// For each full bundle the best-known root of its leaves: what two of entries, leaf hashes and stored root agree on, or
    /// the only one that there is; nil where they all differ.
    package var bundles: [Digest?] = []
    /// For the undecided ones: root over the entries, over the leaf hashes, and as stored, as far as there.
    package var candidates: [UInt64: [Digest]] = [:]
    /// For each entry after the last full bundle its best-known leaf hash.
    package var tail: [Digest?] = []
    /// Entries to be fetched.
    package var damaged = IndexBits()
    /// Bundles that ``LogTransaction/repairBundle(_:_:)`` makes whole from what is stored.
    package var repairable: [UInt64] = []
    /// Whether ``LogTransaction/repairTail(_:)`` makes the tail whole from what is stored.
    package var isTailRepairable = false
    /// Where the entries begin that nothing stored proves; nil where all are proven, or need not be.
    package var unprovenFrom: UInt64?
    /// Pages of the file are damaged: SQLite commits no repair that meets them, so ``LogStore/copyReadable(to:)`` comes first.
    package var isFileDamaged = false

    init(origin: OriginName, size: UInt64) {
        self.origin = origin
        self.size = size
    }

    /// Whether every bundle and every entry of the tail has a best-known hash.
    package var isDecided: Bool { !bundles.contains(nil) && !tail.contains(nil) }
}
