/// Limits how often something happens: so many at once, and so many a second in the long run.
struct TokenBucket {
    private let burst: UInt64
    private let perSecond: UInt64
    /// Thousandths of what is left.
    private var left: UInt64
    private var filledAt: UInt64

    init(burst: UInt64, perSecond: UInt64, now: UInt64) {
        self.burst = burst
        self.perSecond = perSecond
        left = burst * 1_000
        filledAt = now
    }

    /// Takes `count` if there are as many.
    mutating func take(_ count: UInt64 = 1, now: UInt64) -> Bool {
        if now > filledAt {
            // More than fills the whole bucket need not be counted, and must not overflow.
            let elapsed = min(now - filledAt, burst * 1_000)
            left = min(burst * 1_000, left + elapsed * perSecond)
            filledAt = now
        }
        guard count <= burst, left >= count * 1_000 else { return false }
        left -= count * 1_000
        return true
    }

    mutating func giveBack(_ count: UInt64 = 1) { left = min(burst * 1_000, left + count * 1_000) }
}
