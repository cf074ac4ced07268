/// Notices work that is pending and makes no progress, without reading a clock: it is asked at equal intervals.
struct StallWatch {
    /// A stall is noticed after this many intervals without progress.
    static let intervals = 4

    private var lastProgress: UInt64 = 0
    private var idleIntervals = 0

    /// - Parameters:
    ///   - progress: a count that grows with each piece of work done.
    ///   - isPending: there is work whose progress is the peer's to make.
    /// - Returns: whether there has been none for `intervals` calls.
    mutating func isStalled(progress: UInt64, isPending: Bool) -> Bool {
        if isPending && progress == lastProgress {
            idleIntervals += 1
        } else {
            idleIntervals = 0
        }
        lastProgress = progress
        return idleIntervals > Self.intervals
    }
}
