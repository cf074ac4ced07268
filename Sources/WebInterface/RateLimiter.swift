internal import NodeRuntime
internal import Synchronization

/// Lets each address ask so and so often: a bucket of tokens each, filled at a steady rate.
final class RateLimiter: Sendable {
    private struct Bucket {
        /// In thousandths, so that none is lost between two requests of one millisecond.
        var tokens: Int
        var filledAt: UInt64
    }

    private let perSecond: Int
    private let burst: Int
    private let buckets = Mutex<[String: Bucket]>([:])

    init(perSecond: Int, burst: Int) {
        self.perSecond = perSecond
        self.burst = burst
    }

    /// Nil where a request may be answered now; else in how many seconds it may be tried again.
    func refusal(for address: String, nowMilliseconds now: UInt64 = steadyMilliseconds()) -> Int? {
        buckets.withLock { buckets in
            if buckets[address] == nil, buckets.count >= WebLimits.addresses { forgetOldest(&buckets, now) }
            var bucket = buckets[address] ?? Bucket(tokens: burst * 1_000, filledAt: now)
            let elapsed = Int(clamping: min(now - min(now, bucket.filledAt), 3_600_000))
            bucket.tokens = min(burst * 1_000, bucket.tokens + elapsed * perSecond)
            bucket.filledAt = now
            defer { buckets[address] = bucket }
            guard bucket.tokens >= 1_000 else { return 1 }
            bucket.tokens -= 1_000
            return nil
        }
    }

    /// Who has been silent long enough for a full bucket is not told from one who never asked; if none is, the most silent
    /// half goes.
    private func forgetOldest(_ buckets: inout [String: Bucket], _ now: UInt64) {
        let full = UInt64(burst * 1_000 / perSecond)
        buckets = buckets.filter { now - min(now, $0.value.filledAt) < full }
        guard buckets.count >= WebLimits.addresses else { return }
        let middle = buckets.values.map(\.filledAt).sorted()[buckets.count / 2]
        buckets = buckets.filter { $0.value.filledAt > middle }
    }
}
