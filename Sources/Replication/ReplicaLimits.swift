internal import Federation

/// Limits that a replica keeps to its peers and to itself. What concerns the format of messages stands in `Limits`.
enum ReplicaLimits {
    /// Requests for ranges under way with one peer, however small they are.
    static let requestsPerPeer = 32
    /// Milliseconds for which an answer to a request whose deadline passed is still taken.
    static let overdueMilliseconds: UInt64 = 300_000
    /// Bytes asked of one peer and not answered: so many full ranges.
    static let bytesPerPeer = Limits.pullsPerPeer * Limits.rangeBytes
    /// Bytes asked for, waiting or being stored of one log, so that one that does not get on leaves room for the others.
    static let bytesPerLog = Limits.pullWindowBytes / 2
    /// Bytes of credit for pushes that a peer can give; more counts as this.
    static let creditBytes = 64 << 20
    /// Requests of one peer that are answered at the same time; what it asks beyond that is unavailable.
    static let servedAtOnce = 64
    /// Others' questions that are being answered at the same time; what is asked beyond that is passed on only.
    static let answersAtOnce = 64
    /// Milliseconds after which a question counts as answered whether it was or not.
    static let answerMilliseconds: UInt64 = 120_000
    /// Questions of one peer: so many at once and a second; one for every `questionBytes` of them.
    static let questionBurst: UInt64 = 256
    static let questionsPerSecond: UInt64 = 64
    static let questionBytes = 64 << 10
    /// Notes and proofs of one peer that were checked and are not good: so many at once and a second. What it sends
    /// beyond that is not looked at.
    static let flawBurst: UInt64 = 256
    static let flawsPerSecond: UInt64 = 1
    /// Reports about one peer: so many at once and a minute.
    static let reportBurst: UInt64 = 16
    /// Milliseconds for which the same is not reported again.
    static let reportMilliseconds: UInt64 = 600_000
    /// Bytes of announcements to one peer in a millisecond, in the long run.
    static let announcedBytesPerMillisecond = 256
    /// Milliseconds that a peer waits for news at the longest because there was much of it before.
    static let longestAnnouncementPause = 1_000
    /// Milliseconds that others than the origin are not asked for what the origin is about to push.
    static let patienceMilliseconds: UInt64 = 200
    /// Milliseconds between two requests for the same missing bodies.
    static let bodiesMilliseconds: UInt64 = 2_000
    /// Milliseconds that a peer is not asked for a log after it did not give what it had announced; doubled each time.
    static let firstRestMilliseconds: UInt64 = 1_000
    static let longestRestMilliseconds: UInt64 = 60_000
    /// The same after a range that proved nothing.
    static let firstDistrustMilliseconds: UInt64 = 10_000
    static let longestDistrustMilliseconds: UInt64 = 600_000
    /// Milliseconds that nothing is asked of a log which the store did not take.
    static let storeRestMilliseconds: UInt64 = 1_000
    /// Searches for the entry at which two histories part, under way at the same time.
    static let searchesAtOnce = 16
    /// Milliseconds that a node with a majority's answers waits for the others before it publishes: longer than the longest
    /// pause between two attempts at a link.
    static let absentPeerMilliseconds: UInt64 = 8_000
    /// Milliseconds after which it is tried again to bring a forked log to its decided end.
    static let settleMilliseconds: UInt64 = 5_000
    /// Links with one peer at the same time, while it is not settled which one stays.
    static let sessionsPerPeer = 2
}
