import Federation
import Replication
import SyncProtocol
import Testing
import TransparencyLog

struct OwnPastTests {
    private func isConfirmed(_ bench: Bench) -> Bool {
        bench.actions.contains { if case .confirmed = $0 { true } else { false } }
    }

    @Test func nothingIsPublishedBeforeAMajorityHasAnswered() {
        let bench = Bench(.star(5), confirmation: .needed(all: false))
        #expect(!bench.node.isConfirmed)
        _ = bench.open(1)
        _ = bench.open(2)
        #expect(!isConfirmed(bench))
        _ = bench.open(3)
        #expect(!isConfirmed(bench), "the last one is given a while")
        _ = bench.open(4)
        #expect(isConfirmed(bench) && bench.node.isConfirmed)
    }

    @Test func aPeerThatStaysAwayIsNotWaitedForWithoutEnd() {
        let bench = Bench(.star(5), confirmation: .needed(all: false))
        for peer in 1...3 { _ = bench.open(peer) }
        bench.wait(7_000)
        #expect(!isConfirmed(bench))
        bench.wait(2_000)
        #expect(isConfirmed(bench) && bench.node.isConfirmed)
        _ = bench.take()
        _ = bench.open(4)
        #expect(!isConfirmed(bench), "it is said once")
    }

    @Test func aSlowPeerThatSawMoreIsHeardBeforeAnythingIsPublished() {
        let federation = TestFederation.star(4)
        let past = federation.history(of: 0, adding: 700, seed: 1)
        let backup = MemoryLog.prefix(of: past, 300, federation, node: 0)
        let bench = Bench(federation, confirmation: .needed(all: false)) { $0[past.origin] = backup }
        _ = bench.open(1, holding: [bench.announcement(backup)])
        _ = bench.open(2, holding: [bench.announcement(backup)])
        bench.wait(5_000)
        _ = bench.open(3, holding: [bench.announcement(past)])
        bench.wait(20_000)
        #expect(!isConfirmed(bench))
        #expect(bench.reports.contains(.ownPastIsLonger(size: 700)))
    }

    @Test func aPeerThatShowsMoreAfterTheOthersHadAnsweredStopsWhatIsPublished() {
        let federation = TestFederation.star(4)
        let past = federation.history(of: 0, adding: 700, seed: 1)
        let backup = MemoryLog.prefix(of: past, 300, federation, node: 0)
        let bench = Bench(federation, confirmation: .needed(all: false)) { $0[past.origin] = backup }
        for peer in 1...2 { _ = bench.open(peer, holding: [bench.announcement(backup)]) }
        bench.wait(60_000)
        #expect(isConfirmed(bench) && bench.node.isConfirmed)
        _ = bench.take()
        _ = bench.open(3, holding: [bench.announcement(past)])
        #expect(!bench.node.isConfirmed)
        #expect(bench.actions.contains { if case .unconfirmed = $0 { true } else { false } })
        #expect(bench.node.replica.pastStanding.shown == 700)
    }

    @Test func aCityIsToldByARestartedPeerWhatItSignedWithTheLastThatCameThrough() {
        let federation = TestFederation.star(4)
        let past = federation.history(of: 1, adding: 700, seed: 1)
        // It came in parts, and not all of them, before this node was started anew.
        var part = MemoryLog.prefix(of: past, 300, federation, node: 1)
        part.checkpoint = nil
        part.promised = past.checkpoint
        let bench = Bench(federation) { $0[past.origin] = part }
        let session = bench.open(1)
        let shown = bench.sent(session).flatMap { message in
            if case .announce(let announcements) = message { announcements } else { [Announcement]() }
        }
        #expect(shown.contains { $0.note == past.checkpoint?.note }, "otherwise it would sign those entries anew")
        let other = bench.open(2)
        #expect(
            bench.sent(other).allSatisfy { message in
                if case .announce(let all) = message { all.allSatisfy { $0.note != past.checkpoint?.note } } else { true }
            }, "to others it shows what it can serve")
    }

    @Test func withoutTheFileEveryPeerIsWaitedFor() {
        let bench = Bench(.star(4), confirmation: .needed(all: true))
        _ = bench.open(1)
        _ = bench.open(2)
        #expect(!isConfirmed(bench))
        // Asking the same peer twice is asking one.
        _ = bench.open(2)
        #expect(!isConfirmed(bench))
        let last = bench.open(3, endsAnnouncing: false)
        #expect(!isConfirmed(bench), "its announcement is not at its end")
        bench.hear(.announce([]), last)
        #expect(isConfirmed(bench))
    }

    @Test func aNodeWithoutPeersHasNobodyToAsk() {
        let bench = Bench(TestFederation(["alone", "other"], links: []), confirmation: .needed(all: true))
        #expect(isConfirmed(bench))
    }

    @Test func aNodeThatNeedsNoConfirmationGivesNone() {
        let bench = Bench(.star(4))
        for peer in 1..<4 { _ = bench.open(peer) }
        #expect(!isConfirmed(bench) && bench.node.isConfirmed)
    }

    @Test func aLongerPastIsFetchedBeforeAnythingIsPublished() {
        let federation = TestFederation.star(3)
        let past = federation.history(of: 0, adding: 700, seed: 1)
        let backup = MemoryLog.prefix(of: past, 300, federation, node: 0)
        let bench = Bench(federation, confirmation: .needed(all: false)) { $0[past.origin] = backup }
        let first = bench.open(1, holding: [bench.announcement(past)])
        #expect(bench.reports.contains(.ownPastIsLonger(size: 700)))
        let pull = bench.pulls(first)[0]
        #expect(pull.first == 300 && pull.end == 700)
        _ = bench.open(2, holding: [bench.announcement(backup)])
        #expect(!isConfirmed(bench))
        bench.hear(past.answer(pull), first)
        #expect(!isConfirmed(bench))
        bench.integrate()
        #expect(bench.node.own.size == 700 && isConfirmed(bench))
    }

    @Test func theFileOfTheLastCheckpointCountsAsAnAnswer() {
        let federation = TestFederation.star(3)
        let past = federation.history(of: 0, adding: 700, seed: 1)
        let backup = MemoryLog.prefix(of: past, 300, federation, node: 0)
        let bench = Bench(federation, confirmation: .needed(all: false, atLeast: 700)) { $0[past.origin] = backup }
        #expect(bench.reports == [.ownPastIsLonger(size: 700)])
        _ = bench.open(1, holding: [bench.announcement(backup)])
        _ = bench.open(2, holding: [bench.announcement(backup)])
        #expect(!isConfirmed(bench))
    }

    @Test func aPastOfAnotherHistoryIsAForkAndNothingIsPublished() {
        let federation = TestFederation.star(3)
        let start = federation.history(of: 0, adding: 100, seed: 1)
        let past = federation.history(of: 0, after: start, adding: 100, seed: 2)
        let other = federation.history(of: 0, after: start, adding: 100, seed: 3)
        let bench = Bench(federation, confirmation: .needed(all: false)) { $0[past.origin] = other }
        let shorter = MemoryLog.prefix(of: past, 150, federation, node: 0)
        _ = bench.open(1, holding: [bench.announcement(shorter)])
        _ = bench.open(2)
        #expect(!isConfirmed(bench), "what was announced is not compared yet")
        bench.change { $0.compared(shorter.checkpoint!, ownRoot: other.root(at: 150), session: SessionID(1)) }
        #expect(bench.node.isConfirmed)
        let same = Bench(federation, confirmation: .needed(all: false)) { $0[past.origin] = other }
        _ = same.open(1, holding: [same.announcement(past)])
        _ = same.open(2)
        #expect(!isConfirmed(same))
        #expect(same.reports.contains(.forked(origin: past.origin.description)))
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func aRestoredBackupLosesNoEventAndForksNothing(seed: UInt64) {
        let world = World(.mesh(4), seed: seed)
        for _ in 0..<20 {
            world.record(1, 10)
            world.run(50)
        }
        let backup = world.nodes[1].store
        for _ in 0..<20 {
            world.record(1, 10)
            world.run(50)
        }
        #expect(world.run(until: { $0.hasConverged }))
        let before = world.nodes[0].log(1).tree
        world.replaceStore(1, confirmation: .needed(all: true)) { $0 = backup }
        world.record(1, 25)
        #expect(world.run(until: { $0.nodes[1].confirmations == 1 }, limit: 10_000))
        #expect(world.run(until: { $0.hasConverged && $0.nodes[0].log(1).size == 425 }, limit: 10_000))
        var kept = world.nodes[0].log(1)
        kept.truncate(to: 400)
        #expect(kept.tree == before)
        #expect(world.nodes.allSatisfy { $0.store.forks.isEmpty })
    }

    @Test func aCutOffNodeGoesOnRecordingAndPublishesWhenItsPeersAreBack() {
        let world = World(.star(4), seed: 5, confirmation: { _ in .needed(all: false) })
        world.cut(1, 0)
        world.record(1, 10)
        world.run(5_000)
        #expect(world.nodes[1].own.size == 0 && world.nodes[1].drafts == 10)
        world.heal(1, 0)
        #expect(world.run(until: { $0.nodes[0].log(1).size == 10 }, limit: 3_000))
        #expect(world.nodes.allSatisfy { $0.confirmations == 1 })
    }
}
