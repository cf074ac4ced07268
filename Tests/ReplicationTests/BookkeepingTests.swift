import Simulation
import Testing

@testable import Replication

struct BookkeepingTests {
    @Test func theFirstGapIsWhatNoClaimCovers() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<400 {
            var claims = RangeClaims()
            var inserted: [Range<UInt64>] = []
            for _ in 0..<Int.random(in: 0...12, using: &random) {
                let start = UInt64.random(in: 0..<60, using: &random)
                let range = start..<(start + UInt64.random(in: 1...12, using: &random))
                claims.insert(range)
                inserted.append(range)
                if random.chance(30), let gone = inserted.randomElement(using: &random) {
                    claims.remove(gone)
                    inserted.remove(at: inserted.firstIndex(of: gone)!)
                }
            }
            let start = UInt64.random(in: 0..<40, using: &random)
            let end = start + UInt64.random(in: 0..<40, using: &random)
            let free = (start..<end).filter { index in !inserted.contains { $0.contains(index) } }
            let gap = claims.firstGap(from: start, to: end)
            #expect(gap?.lowerBound == free.first)
            if let gap {
                #expect(gap.allSatisfy(free.contains))
                #expect(gap.upperBound == end || !free.contains(gap.upperBound))
            }
        }
    }

    @Test func aSetOfLogsGivesItsMembersInOrder() {
        var random = SeededRandom(seed: 2)
        var set = LogSet(capacity: 300)
        var plain: Set<Int> = []
        for _ in 0..<2_000 {
            let log = Int.random(in: 0..<300, using: &random)
            if random.chance(50) {
                set.insert(log)
                plain.insert(log)
            } else {
                set.remove(log)
                plain.remove(log)
            }
            let from = Int.random(in: 0...300, using: &random)
            #expect(set.next(from: from) == plain.filter { $0 >= from }.min())
        }
        #expect(set.members == plain.sorted() && set.count == plain.count)
        var other = LogSet(capacity: 300)
        other.insert(299)
        other.formUnion(set)
        #expect(other.members == plain.union([299]).sorted())
        other.removeAll()
        #expect(other.isEmpty && other.next(from: 0) == nil)
    }

    @Test func aBucketGivesItsBurstAndThenItsRate() {
        var bucket = TokenBucket(burst: 10, perSecond: 5, now: 1_000)
        func taken(_ count: UInt64 = 1, times: Int = 1, at now: UInt64) -> Int {
            (0..<times).reduce(0) { sum, _ in sum + (bucket.take(count, now: now) ? 1 : 0) }
        }
        #expect(taken(times: 20, at: 1_000) == 10)
        #expect(taken(times: 20, at: 2_000) == 5)
        #expect(taken(at: 2_100) == 0)
        #expect(taken(at: 2_300) == 1)
        #expect(taken(times: 50, at: .max) == 10)
        #expect(taken(11, at: .max) == 0)
        bucket.giveBack(3)
        #expect(taken(3, at: 0) == 1)
        #expect(taken(at: 0) == 0)
    }

    @Test func whoFailsIsAskedLaterAndLater() {
        var strikes = Strikes()
        strikes.rest(peer: 1, log: 2, now: 1_000)
        #expect(strikes.isResting(peer: 1, log: 2, now: 1_999) && !strikes.isResting(peer: 1, log: 2, now: 2_000))
        #expect(!strikes.isResting(peer: 2, log: 2, now: 1_500) && !strikes.isResting(peer: 1, log: 3, now: 1_500))
        strikes.rest(peer: 1, log: 2, now: 2_000)
        #expect(strikes.isResting(peer: 1, log: 2, now: 3_999))
        strikes.announced(peer: 1, log: 2)
        #expect(!strikes.isResting(peer: 1, log: 2, now: 2_001))
        strikes.distrust(peer: 1, log: 2, now: 5_000)
        strikes.announced(peer: 1, log: 2)
        #expect(strikes.isResting(peer: 1, log: 2, now: 14_999))
        strikes.clear(peer: 1, log: 2)
        #expect(!strikes.isResting(peer: 1, log: 2, now: 5_001))
        for _ in 0..<100 { strikes.rest(peer: 1, log: 2, now: 10_000) }
        #expect(strikes.isResting(peer: 1, log: 2, now: 69_999) && !strikes.isResting(peer: 1, log: 2, now: 70_000))
    }

    @Test func theSameReportIsMadeAgainAfterAWhile() {
        var reported = ReportedOnce()
        func isNew(_ report: ReplicaReport, at now: UInt64) -> Bool { reported.isNew(report, now: now) }
        let report = ReplicaReport.overQuota(origin: "a/b/1", size: 5, quota: 3)
        #expect(isNew(report, at: 0))
        #expect(!isNew(.overQuota(origin: "a/b/1", size: 6, quota: 3), at: 599_999))
        #expect(isNew(report, at: 600_000))
        let refused = ReplicaReport.refusedPeer(peer: "x", reason: "no")
        #expect(isNew(refused, at: 0))
        reported.forget(peer: "x", now: 1_000)
        #expect(!isNew(refused, at: 1_000))
        reported.forget(peer: "x", now: 60_000)
        #expect(isNew(refused, at: 60_000))
    }
}
