/// How fast the residents' days go by.
struct FeedPace: Sendable {
    enum Mode: Equatable, Sendable {
        /// Evenly over a span of time; the last tenth of the days slowly, so that events keep coming until what has to
        /// happen meanwhile is over.
        case spread(overMilliseconds: UInt64)
        /// As fast as the nodes record.
        case rush
        /// One day a second.
        case everyday
    }

    /// Days of the main run; later ones come only in the mode `everyday`.
    let days: Int
    private(set) var mode: Mode
    private var startedAt: UInt64
    private var startedWith: Int

    init(days: Int, mode: Mode, now: UInt64) {
        self.days = days
        self.mode = mode
        startedAt = now
        startedWith = 0
    }

    mutating func change(_ mode: Mode, lived: Int, now: UInt64) {
        self.mode = mode
        startedAt = now
        startedWith = lived
    }

    /// How many days may have been lived by now.
    func allowed(now: UInt64) -> Int {
        let elapsed = now - min(now, startedAt)
        switch mode {
        case .rush: return days
        case .everyday: return startedWith + Int(elapsed / 1_000)
        case .spread(let span):
            let even = span - span / 4
            let early = days * 9 / 10
            if elapsed < even { return Int(UInt64(early) * elapsed / max(1, even)) }
            return min(days - 1, early + Int(UInt64(days - early) * (elapsed - even) / max(1, 4 * span)))
        }
    }
}
