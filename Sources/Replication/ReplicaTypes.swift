// Replication: the replica: frontier, range scheduling, admission, questions, forks, resync. May import Encoding to
// SyncProtocol; no Foundation, no I/O, no clock, no random numbers: time, identity and results come in as arguments,
// what is to be done goes out as actions.

package import Cryptography
package import Federation
package import SyncProtocol
package import TransparencyLog

/// A session's number, unique within the process.
package struct SessionID: Hashable, Comparable, Sendable {
    package let number: UInt64
    package init(_ number: UInt64) { self.number = number }
    package static func < (left: SessionID, right: SessionID) -> Bool { left.number < right.number }
}

/// What the store holds of one log.
package struct HeldLog: Equatable, Sendable {
    package var origin: OriginName
    /// Entries that are durable and proven: of the own log those that are signed for.
    package var stored: UInt64
    /// Up to where no body is missing that no erasure excuses.
    package var complete: UInt64
    /// Largest checkpoint of the origin that the stored entries cover.
    package var checkpoint: SignedCheckpoint?
    /// A later checkpoint, under which the last of the stored entries were proven; nil where those are all that it covers.
    package var promised: SignedCheckpoint?
    /// First indices whose bodies are missing without excuse.
    package var missing: [UInt64]
    package var isFrozen: Bool

    package init(
        origin: OriginName, stored: UInt64 = 0, complete: UInt64 = 0, checkpoint: SignedCheckpoint? = nil,
        promised: SignedCheckpoint? = nil, missing: [UInt64] = [], isFrozen: Bool = false
    ) {
        self.origin = origin
        self.stored = stored
        self.complete = complete
        self.checkpoint = checkpoint
        self.promised = promised
        self.missing = missing
        self.isFrozen = isFrozen
    }
}

/// Entries to be hashed, proven and stored, in this order for each origin.
package struct Integration: Sendable {
    package let origin: OriginName
    package let first: UInt64
    package let pieces: [PackedEntries]
    package let checkpoint: SignedCheckpoint
    package let proof: [Digest]
    package let session: SessionID
    /// Index in the topology of the peer that it came from.
    package let peer: Int
    /// Counts what this replica handed over, so that an outcome that comes late is told from that of a second attempt.
    package let number: UInt64
    /// Bytes that count against the credit for pushes; 0 where the range was asked for.
    let pushedBytes: Int

    package var end: UInt64 { first + pieces.reduce(0) { $0 + UInt64($1.count) } }
    package var byteCount: Int { pieces.reduce(0) { $0 + $1.bytes.count } }
}

extension Integration {
    /// The part from `index` on; nil where nothing is left.
    func dropping(upTo index: UInt64) -> Integration? {
        guard index > first else { return self }
        guard index < end else { return nil }
        var rest: [PackedEntries] = []
        var position = first
        for piece in pieces {
            let next = position + UInt64(piece.count)
            if next > index {
                rest.append(position >= index ? piece : piece.slice(Int(index - position)..<piece.count))
            }
            position = next
        }
        return Integration(
            origin: origin, first: index, pieces: rest, checkpoint: checkpoint, proof: proof, session: session,
            peer: peer, number: number, pushedBytes: pushedBytes)
    }
}

/// Why entries were not stored.
package enum IntegrationFailure: Equatable, Sendable {
    /// The hashes do not lead to the checkpoint's root.
    case unproven
    /// Something before them failed, so they no longer follow on what is stored.
    case outOfOrder
    /// The store takes nothing at the moment.
    case store
}

/// What the owner of a replica has to do, in order.
package enum ReplicaAction: Sendable {
    case send(SessionID, Message)
    /// Close after what was sent; the refusal has been sent already where there is one.
    case close(SessionID)
    case serve(SessionID, Pull)
    case serveEntries(SessionID, EntryPull)
    case serveTiles(SessionID, TilePull)
    case integrate(Integration)
    /// Single entries that arrived for missing bodies; to be checked against the stored leaf hashes.
    case fill(OriginName, [EntriesMessage.Item])
    /// Compare the root at a checkpoint's size with the stored one, and report through `compared`.
    case compare(SessionID, SignedCheckpoint)
    case storeFork(OriginName, ForkProof)
    /// Keep a decision, and cut the log to the decided size where it holds the decided entries, otherwise to `commonSize`
    /// where that is given: the entries before it are known to be the decided ones. The own log is left as it is. To be
    /// answered by `reset` with what is held afterwards.
    case settle(VerifiedForkDecision, commonSize: UInt64?)
    /// Read tiles of the log's first `size` entries as for a peer, to be handed in through `ownTiles` with the number of
    /// the search. Tiles that cannot be read are empty.
    case readTiles(search: UInt64, OriginName, size: UInt64, [TilePull.Coordinate])
    /// Prove that an entry stands in a signed tree, through `ownInclusion` with the number of the search.
    case proveInclusion(search: UInt64, OriginName, index: UInt64)
    /// Enough peers have shown what they hold of the own log, and all of it is stored: it may be published from now on.
    /// Given once, unless `unconfirmed` follows, and to a replica that was made with `Confirmation.needed`.
    case confirmed
    /// A peer has shown that more of the own log was published than is stored: nothing is published until it is `confirmed`.
    case unconfirmed
    /// Another's question, to be answered through `replied`.
    case answer(Question)
    /// An answer to a question of this node's own.
    case deliver(Reply)
    /// An answer to a request of this node's own resync; nil where the request failed.
    case repairAnswer(request: UInt32, Message?)
    case observeTime(milliseconds: UInt64)
    case report(ReplicaReport)
}

/// What an operator may want to read, once and not in a storm.
package enum ReplicaReport: Equatable, Sendable {
    case sessionOpened(peer: String)
    case sessionEnded(peer: String, reason: String)
    case refusedPeer(peer: String, reason: String)
    case refusedByPeer(peer: String, reason: String)
    case differentTopology(peer: String)
    case differentRulebook(peer: String)
    case unlistedOrigin(line: String, peer: String)
    case invalidCheckpoint(peer: String, reason: String)
    case unprovenRange(origin: String, peer: String, first: UInt64)
    case overQuota(origin: String, size: UInt64, quota: UInt64)
    case forked(origin: String)
    /// An authority has decided with what size a forked log ends.
    case decided(origin: String, size: UInt64, authority: String)
    case disagreeing(origin: String, peer: String, size: UInt64)
    /// The own log was published up to this size, which is more than the store holds: an old state was restored. Nothing
    /// is published until the rest has been fetched.
    case ownPastIsLonger(size: UInt64)
    /// A peer asks or tells more than is looked at.
    case flooding(peer: String)
}

/// Whether the own log may be published: a node whose store is older than what it once published would fork its log.
package enum Confirmation: Equatable, Sendable {
    case done
    /// Not before a majority of the linked peers (`all`: every one of them) has shown what it holds of the own log, and the
    /// store holds all that was shown, and at least `atLeast` entries: the size in the file of the last published checkpoint.
    case needed(all: Bool, atLeast: UInt64 = 0)
}

/// An entry of the own store, proven in a tree that its origin signed.
package struct OwnInclusion: Sendable {
    package let checkpoint: SignedCheckpoint
    package let inclusion: ForkProof.Inclusion

    package init(checkpoint: SignedCheckpoint, inclusion: ForkProof.Inclusion) {
        self.checkpoint = checkpoint
        self.inclusion = inclusion
    }
}
