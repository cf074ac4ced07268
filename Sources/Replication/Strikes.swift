/// How often a peer did not give what it had announced of a log, and until when it is not asked for it again.
struct Strikes {
    private struct Key: Hashable {
        let peer: Int
        let log: Int
    }

    private struct Strike {
        var count: UInt64
        var until: UInt64
        var isDistrust: Bool
    }

    private var strikes: [Key: Strike] = [:]

    /// The peer could not give a range, or not in time.
    mutating func rest(peer: Int, log: Int, now: UInt64) {
        add(peer, log, now, first: ReplicaLimits.firstRestMilliseconds, longest: ReplicaLimits.longestRestMilliseconds, false)
    }

    /// The peer gave what proves nothing.
    mutating func distrust(peer: Int, log: Int, now: UInt64) {
        add(
            peer, log, now, first: ReplicaLimits.firstDistrustMilliseconds,
            longest: ReplicaLimits.longestDistrustMilliseconds, true)
    }

    private mutating func add(_ peer: Int, _ log: Int, _ now: UInt64, first: UInt64, longest: UInt64, _ isDistrust: Bool) {
        let key = Key(peer: peer, log: log)
        let known = strikes[key]
        let count = min(known?.count ?? 0, 16)
        let until = now + min(first << count, longest)
        strikes[key] = Strike(
            count: count + 1, until: max(until, known?.until ?? 0), isDistrust: isDistrust || known?.isDistrust ?? false)
    }

    /// Nobody's ranges count against anybody: it was the own store that they did not fit.
    mutating func clear(log: Int) { strikes = strikes.filter { $0.key.log != log } }

    /// What the peer gave was good.
    mutating func clear(peer: Int, log: Int) { strikes[Key(peer: peer, log: log)] = nil }

    /// The peer announced something new: it may have become able to give it. What proved nothing is not forgiven.
    mutating func announced(peer: Int, log: Int) {
        let key = Key(peer: peer, log: log)
        if let strike = strikes[key], !strike.isDistrust { strikes[key]?.until = 0 }
    }

    func isResting(peer: Int, log: Int, now: UInt64) -> Bool {
        guard let strike = strikes[Key(peer: peer, log: log)] else { return false }
        return now < strike.until
    }
}
