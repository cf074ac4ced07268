/// A hybrid logical clock (Kulkarni et al., "Logical Physical Clocks", 2014): 48 bits of Unix milliseconds and 16 bits of
/// counter, so that what a node records is ordered behind all that it has seen, and stays close to the wall clock.
package struct HybridClock: Equatable, Sendable {
    /// The last time given out or observed.
    package private(set) var last: UInt64

    package init(last: UInt64 = 0) { self.last = last }

    /// Unix milliseconds of a hybrid time.
    package static func milliseconds(_ time: UInt64) -> UInt64 { time >> 16 }

    /// The next time, greater than all before: the wall clock's where it is ahead, otherwise the one right behind the last,
    /// whose counter, when full, carries into the milliseconds.
    package mutating func tick(wallMilliseconds: UInt64) -> UInt64 {
        let wall = min(wallMilliseconds, 0xffff_ffff_ffff) << 16
        last = wall > last ? wall : last + 1
        return last
    }

    /// Takes over a time seen elsewhere, unless it lies more than five minutes ahead of the wall clock.
    package mutating func observe(_ time: UInt64, wallMilliseconds: UInt64) {
        let milliseconds = Self.milliseconds(time)
        guard milliseconds <= wallMilliseconds || milliseconds - wallMilliseconds <= Limits.clockDriftMilliseconds
        else { return }
        last = max(last, time)
    }
}
