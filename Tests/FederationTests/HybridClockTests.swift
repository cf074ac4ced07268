import Federation
import Simulation
import Testing

struct HybridClockTests {
    private let now: UInt64 = 1_600_000_000_000

    @Test func timesOnlyGrowWhateverTheWallClockDoes() {
        var clock = HybridClock()
        var random = SeededRandom(seed: 5)
        var last: UInt64 = 0
        for _ in 0..<5_000 {
            let wall = now + random.next() % 1_000
            if random.next() % 3 == 0 {
                clock.observe((now + random.next() % 400_000) << 16 | random.next() & 0xffff, wallMilliseconds: wall)
            }
            let time = clock.tick(wallMilliseconds: wall)
            #expect(time > last)
            #expect(clock.last == time)
            last = time
        }
    }

    @Test func itFollowsAWallClockThatIsAhead() {
        var clock = HybridClock()
        #expect(clock.tick(wallMilliseconds: now) == now << 16)
        #expect(clock.tick(wallMilliseconds: now) == now << 16 | 1)
        #expect(clock.tick(wallMilliseconds: now - 50) == now << 16 | 2)
        #expect(clock.tick(wallMilliseconds: now + 1) == (now + 1) << 16)
        #expect(HybridClock.milliseconds(clock.last) == now + 1)
    }

    @Test func aFullCounterCarriesIntoTheMilliseconds() {
        var clock = HybridClock(last: now << 16 | 0xffff)
        #expect(clock.tick(wallMilliseconds: now) == (now + 1) << 16)
        #expect(clock.tick(wallMilliseconds: now) == (now + 1) << 16 | 1)
        // Seventy thousand events within one millisecond.
        var busy = HybridClock()
        var last: UInt64 = 0
        for _ in 0..<70_000 {
            let time = busy.tick(wallMilliseconds: now)
            if time <= last { Issue.record("the time went back from \(last) to \(time)") }
            last = time
        }
        #expect(HybridClock.milliseconds(last) == now + 1)
    }

    @Test func aTimeFiveMinutesAheadIsTakenOverAndALaterOneIsNot() {
        var clock = HybridClock()
        let edge = (now + 300_000) << 16 | 0xffff
        clock.observe(edge + 1, wallMilliseconds: now)
        #expect(clock.last == 0)
        clock.observe(edge, wallMilliseconds: now)
        #expect(clock.last == edge)
        #expect(clock.tick(wallMilliseconds: now) == edge + 1)
        clock.observe(5 << 16, wallMilliseconds: now)
        #expect(clock.last == edge + 1)
    }

    @Test func noTimeAndNoWallClockCrashesIt() {
        for time: UInt64 in [0, 1, .max - 1, .max] {
            for wall: UInt64 in [0, 1, now, 1 << 48 - 1, 1 << 48, .max] {
                var clock = HybridClock()
                clock.observe(time, wallMilliseconds: wall)
                #expect(clock.last == 0 || clock.last == time)
            }
        }
        var far = HybridClock()
        let last: UInt64 = 0xffff_ffff_ffff_0000
        #expect(far.tick(wallMilliseconds: .max) == last)
        #expect(far.tick(wallMilliseconds: 1 << 48) == last + 1)
    }
}
