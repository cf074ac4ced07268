internal import TransparencyLog

/// What is known of the own log's past since the start: whether the store holds all of it, as far as peers can show.
///
/// A node that was restored from an old copy, or lost its last commits, would sign another history than the one that it
/// has published. So after every start it asks first; announcements at the beginning of a session are the answers. A
/// majority of them is enough, but the others are given a while: who saw the newest entries may be slow to come back.
struct OwnPast {
    private(set) var isConfirmed: Bool
    private let needed: Int
    /// Peers that have not answered yet.
    private var asked: Set<Int>
    private var answers = 0
    /// When enough had answered.
    private var enoughAt: UInt64?
    /// Largest size that the own log was shown to have had.
    private(set) var shown: UInt64
    /// Sessions whose announcement of the own log is being compared with the store.
    private var comparing: Set<SessionID> = []

    init(_ confirmation: Confirmation, linkedPeers: [Int]) {
        asked = Set(linkedPeers)
        switch confirmation {
        case .done:
            isConfirmed = true
            needed = 0
            shown = 0
        case .needed(let all, let atLeast):
            isConfirmed = false
            needed = all ? linkedPeers.count : linkedPeers.isEmpty ? 0 : linkedPeers.count / 2 + 1
            shown = atLeast
        }
    }

    /// A peer has told all that it holds; only those that the topology links with this node count, each once.
    mutating func answered(peer: Int, now: UInt64) {
        guard asked.remove(peer) != nil else { return }
        answers += 1
        if answers >= needed, enoughAt == nil { enoughAt = now }
    }

    mutating func wasShown(_ size: UInt64) { shown = max(shown, size) }

    mutating func compares(in session: SessionID) { comparing.insert(session) }
    mutating func compared(in session: SessionID) { comparing.remove(session) }
    mutating func sessionEnded(_ session: SessionID) { comparing.remove(session) }

    /// Whether enough peers have answered, the others have had their time, and a store of `stored` entries holds all that
    /// was shown.
    func isSettled(stored: UInt64, now: UInt64) -> Bool {
        guard answers >= needed, stored >= shown, comparing.isEmpty else { return false }
        return asked.isEmpty || now >= (enoughAt ?? now) + ReplicaLimits.absentPeerMilliseconds
    }

    func standing(stored: UInt64, name: (Int) -> String) -> PastStanding {
        PastStanding(
            isConfirmed: isConfirmed, answers: answers, needed: needed, unheard: asked.sorted().map(name), shown: shown,
            stored: stored)
    }

    mutating func confirm() { isConfirmed = true }
    mutating func withdraw() { isConfirmed = false }
}

/// What a node that does not publish yet waits for.
package struct PastStanding: Sendable {
    package let isConfirmed: Bool
    /// Peers that have shown what they hold of the own log, and how many have to.
    package let answers: Int
    package let needed: Int
    /// Peers that have not yet.
    package let unheard: [String]
    /// Largest size of the own log that was shown, and what of it is stored.
    package let shown: UInt64
    package let stored: UInt64
}

extension Replica {
    package var pastStanding: PastStanding {
        past.standing(stored: ownLog.map { logs[$0].stored } ?? 0) { name($0) }
    }

    /// Whether the own log may be published.
    package var isConfirmed: Bool { past.isConfirmed }

    /// With nobody to ask, nothing is waited for.
    mutating func beginConfirmation() {
        guard let log = ownLog, !past.isConfirmed else { return }
        // A restart in the middle of fetching it: what proves the fetched part tells how long it is.
        if let newest = logs[log].newest { past.wasShown(newest.size) }
        if past.shown > logs[log].stored { report(.ownPastIsLonger(size: past.shown)) }
        confirmIfSettled()
    }

    /// A peer shows a checkpoint of the own log that was verified. Where it is longer than what is stored although enough had
    /// answered, those had lost it too, or the one that saw the newest entries came late: nothing more is published before the
    /// rest is there. What was published since the start may be a fork by then; what was not cannot become one.
    mutating func heardOwnPast(_ checkpoint: SignedCheckpoint) {
        guard let log = ownLog, !logs[log].isFrozen, checkpoint.size > logs[log].stored else { return }
        past.wasShown(checkpoint.size)
        report(.ownPastIsLonger(size: checkpoint.size))
        guard past.isConfirmed else { return }
        past.withdraw()
        act(.unconfirmed)
        lackMayHaveChanged(log)
    }

    mutating func confirmIfSettled() {
        guard let log = ownLog, !past.isConfirmed, !logs[log].isFrozen, past.isSettled(stored: logs[log].stored, now: now)
        else { return }
        past.confirm()
        act(.confirmed)
    }
}
