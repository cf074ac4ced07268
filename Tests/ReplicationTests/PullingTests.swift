import Federation
import Replication
import SyncProtocol
import Testing
import TransparencyLog

struct PullingTests {
    /// Nodes 0 to 3 hold a log of node 3's, and node 4 nothing.
    private func provided(_ count: Int, seed: UInt64, holders: ClosedRange<Int> = 0...3) -> World {
        let federation = TestFederation.mesh(5)
        let world = World(federation, seed: seed)
        let log = federation.history(of: 3, adding: count, seed: seed)
        for node in holders { world.replaceStore(node) { $0[log.origin] = log } }
        return world
    }

    @Test func severalPeersServeOneLogAndNoRangeIsFetchedTwice() {
        let world = provided(30_000, seed: 1)
        #expect(world.run(until: { $0.hasConverged }, limit: 20_000))
        #expect(world.repeatedPulls(4).isEmpty)
        #expect(Set(world.nodes[4].pulls.map(\.peer)).count > 1)
    }

    @Test func whatASlowPeerDoesNotGiveInTimeIsAskedOfAnother() {
        let world = provided(12_000, seed: 2, holders: 2...3)
        let slow = world.nodes[2]
        slow.disguise = { message, _ in if case .range = message { [] } else { [message] } }
        #expect(world.run(until: { $0.nodes[4].log(3).size == 12_000 }, limit: 60_000))
        #expect(world.nodes[4].pulls.contains { $0.peer == 2 })
        #expect(world.now >= 1_000_000 + Limits.pullDeadlineMilliseconds)
    }

    private func announced(_ bench: Bench, _ log: MemoryLog, by peer: Int) -> SessionID {
        bench.open(peer, holding: [bench.announcement(log)])
    }

    @Test func anAnswerThatComesTooLateIsStillTaken() {
        let bench = Bench()
        let log = bench.federation.history(of: 2, adding: 50, seed: 3)
        let session = announced(bench, log, by: 1)
        let pull = bench.pulls(session)[0]
        bench.wait(Limits.pullDeadlineMilliseconds + 100)
        bench.hear(log.answer(pull), session)
        bench.integrate()
        #expect(bench.node.log(2).size == 50)
    }

    @Test func whoAnswersSlowlyButSteadilyKeepsItsRequests() {
        let bench = Bench()
        let log = bench.federation.history(of: 2, adding: 20_000, seed: 4)
        let session = announced(bench, log, by: 1)
        let asked = bench.pulls(session)
        #expect(asked.count > 1)
        for pull in asked {
            bench.wait(Limits.pullDeadlineMilliseconds - 1_000)
            // What was asked for is not asked for again.
            #expect(!bench.pulls(session).contains { again in asked.contains { $0.first == again.first } })
            bench.hear(log.answer(pull), session)
        }
    }

    @Test func whatIsAskedForAndWaitsIsBounded() {
        let bench = Bench(.star(40))
        let logs = (1..<40).map { bench.federation.history(of: $0, adding: 6_000, seed: UInt64($0)) }
        var bytes = 0
        for peer in 1..<40 {
            let session = bench.open(peer, holding: logs.map(bench.announcement))
            for pull in bench.pulls(session) { bytes += Int(pull.end - pull.first) * 110 }
        }
        #expect(bytes >= Limits.pullWindowBytes)
        #expect(bytes <= Limits.pullWindowBytes + Limits.rangeBytes)
    }

    @Test func onePeerIsNotAskedForMoreThanItsShare() {
        let bench = Bench(.star(40))
        let long = bench.federation.history(of: 2, adding: 60_000, seed: 1)
        let session = announced(bench, long, by: 1)
        let bytes = bench.pulls(session).reduce(0) { $0 + Int($1.end - $1.first) * 110 }
        #expect(
            bytes >= Limits.rangeBytes * (Limits.pullsPerPeer - 1) && bytes <= Limits.rangeBytes * (Limits.pullsPerPeer + 1))
    }

    @Test func manySmallLogsAreAskedForAtOnce() {
        let bench = Bench(.star(80))
        let logs = (1..<80).map { bench.federation.history(of: $0, adding: 1, seed: UInt64($0)) }
        let session = bench.open(5, holding: logs.map(bench.announcement))
        let pulls = bench.pulls(session)
        #expect(pulls.count > 8 && pulls.count < 64)
        for pull in pulls { bench.hear(logs.first { $0.origin.line == pull.origin }!.answer(pull), session) }
        let next = bench.pulls(session)
        #expect(next.count == pulls.count)
        #expect(Set((pulls + next).map(\.origin)).count == pulls.count + next.count)
    }

    @Test func aLogThatDoesNotGetOnLeavesRoomForTheOthers() {
        let bench = Bench(.star(5))
        let stalled = bench.federation.history(of: 1, adding: 100_000, seed: 1)
        let other = bench.federation.history(of: 2, adding: 500, seed: 2)
        // Every peer holds the long log, and none of them ever answers.
        let sessions = (1..<5).map { announced(bench, stalled, by: $0) }
        _ = bench.take()
        bench.hear(.announce([bench.announcement(other)]), sessions[3])
        bench.wait(300)
        #expect(bench.pulls(sessions[3]).contains { $0.origin == other.origin.line })
    }

    @Test func whatTheOriginIsAboutToPushIsNotAskedOfOthers() {
        let bench = Bench()
        let start = bench.federation.history(of: 1, adding: 10, seed: 1)
        let next = bench.federation.history(of: 1, after: start, adding: 1, seed: 2)
        let origin = announced(bench, start, by: 1)
        let other = announced(bench, start, by: 2)
        for pull in bench.pulls(origin) { bench.hear(start.answer(pull), origin) }
        bench.integrate()
        #expect(bench.node.log(1).size == 10)

        bench.hear(.announce([bench.announcement(next)]), other)
        bench.wait(100)
        #expect(bench.pulls(other).isEmpty, "the origin's push must be on its way")
        bench.wait(200)
        #expect(bench.pulls(other).isEmpty == false, "it did not come")
    }

    @Test func aPartOfWhatWasAskedForIsTakenAndTheRestAskedForAgain() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 600, seed: 1)
        let session = announced(bench, log, by: 1)
        var pull = bench.pulls(session)[0]
        #expect(pull.first == 0 && pull.end == 600)
        pull.end = 256
        bench.hear(log.answer(pull), session)
        let next = bench.pulls(session)
        #expect(next.count == 1 && next[0].first == 256 && next[0].end == 600)
    }

    @Test func rangesThatOverlapWhatIsHereAreCut() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 600, seed: 1)
        let slow = announced(bench, log, by: 2)
        let pull = bench.pulls(slow)[0]
        bench.wait(Limits.pullDeadlineMilliseconds + 100)
        // Another peer has a shorter log, and gives that in the meantime.
        let short = MemoryLog.prefix(of: log, 300, bench.federation, node: 1)
        let other = announced(bench, short, by: 1)
        for pull in bench.pulls(other) { bench.hear(short.answer(pull), other) }
        bench.integrate()
        #expect(bench.node.log(1).size == 300)
        bench.hear(log.answer(pull), slow)
        bench.integrate()
        #expect(bench.node.log(1).size == 600 && bench.node.log(1).checkpoint == log.checkpoint)
    }

    @Test(arguments: [IntegrationFailure.store, .outOfOrder])
    func aStoreThatDoesNotTakeARangeIsNotOfferedItAgainAtOnce(_ failure: IntegrationFailure) {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 50, seed: 1)
        let session = announced(bench, log, by: 1)
        var asked = bench.pulls(session).count
        for _ in 0..<100 {
            bench.hear(
                log.answer(Pull(request: UInt32(asked), origin: log.origin.line, first: 0, end: 50, target: 50)), session)
            for case .integrate(let integration) in bench.actions {
                bench.change { $0.integrationFailed(integration, failure, now: bench.now) }
            }
            bench.wait(100)
            asked += bench.pulls(session).count
        }
        #expect(asked >= 8 && asked <= 11)
        #expect(bench.refusal(session) == nil)
    }

    @Test func aFailureThatFollowsFromAnotherIsSettledWithIt() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 512, seed: 1)
        let session = announced(bench, log, by: 1)
        let pull = bench.pulls(session)[0]
        bench.hear(log.answer(Pull(request: pull.request, origin: pull.origin, first: 0, end: 256, target: 512)), session)
        for case .send(_, .pull(let rest)) in bench.actions { bench.hear(log.answer(rest), session) }
        var failing: [Integration] = []
        for case .integrate(let integration) in bench.take() { failing.append(integration) }
        #expect(failing.map(\.first) == [0, 256])
        bench.change { $0.integrationFailed(failing[0], .store, now: bench.now) }
        bench.wait(1_100)
        let again = bench.pulls(session)
        #expect(again.count == 1 && again[0].first == 0 && again[0].end == 512)
        bench.hear(log.answer(again[0]), session)
        bench.change { $0.integrationFailed(failing[1], .outOfOrder, now: bench.now) }
        bench.wait(100)
        #expect(bench.integrate() == 1)
        #expect(bench.node.log(1).size == 512 && bench.pulls(session).isEmpty)
    }

    @Test func anEndedSessionLeavesNothingBehind() {
        let bench = Bench()
        let log = bench.federation.history(of: 3, adding: 20_000, seed: 1)
        let first = announced(bench, log, by: 1)
        let asked = bench.pulls(first)
        let second = announced(bench, log, by: 2)
        _ = bench.take()
        bench.change { $0.linkClosed(first, reason: "gone", now: bench.now) }
        let again = bench.pulls(second)
        #expect(again.contains { $0.first == asked[0].first })
    }

    @Test func onlySoManyRequestsOfAPeerAreAnsweredAtOnce() {
        let bench = Bench { store in
            store.logs[1] = TestFederation.star(4).history(of: 1, adding: 10, seed: 1)
        }
        let session = bench.open(2)
        _ = bench.take()
        for request in 1...100 {
            let pull = Pull(request: UInt32(request), origin: bench.federation.origin(1).line, first: 0, end: 1, target: 10)
            bench.hear(.pull(pull), session)
        }
        let serves = bench.actions.filter { if case .serve = $0 { true } else { false } }
        #expect(serves.count == 64)
        #expect(bench.sent(session).filter { if case .unavailable = $0 { true } else { false } }.count == 36)
        bench.change { $0.served(session) }
        bench.hear(.pullTiles(TilePull(request: 200, origin: bench.federation.origin(1).line, size: 10, tiles: [])), session)
        #expect(bench.take().contains { if case .serveTiles = $0 { true } else { false } })
    }

    @Test func whatIsNotHeldIsUnavailable() {
        let bench = Bench()
        let session = bench.open(2)
        _ = bench.take()
        bench.hear(.pull(Pull(request: 7, origin: bench.federation.origin(1).line, first: 0, end: 1, target: 10)), session)
        bench.hear(.pull(Pull(request: 8, origin: Array("nowhere/at-all/1".utf8), first: 0, end: 1, target: 1)), session)
        #expect(bench.sent(session) == [.unavailable(request: 7), .unavailable(request: 8)])
    }

    @Test func theStandingTellsHowFarBehindANodeIs() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 50, seed: 1)
        let session = announced(bench, log, by: 1)
        let pull = bench.pulls(session)[0]
        bench.wait(700)
        let before = bench.node.replica.standing(now: bench.now)[1]
        #expect(before.stored == 0 && before.newest == 50 && before.lagMilliseconds == 700 && before.peers[0].size == 50)
        bench.hear(log.answer(pull), session)
        bench.integrate()
        let after = bench.node.replica.standing(now: bench.now)[1]
        #expect(after.stored == 50 && after.published == 50 && after.lagMilliseconds == 0)
    }
}

extension MemoryLog {
    /// The log as it was when it had fewer entries, with the checkpoint that its origin signed then.
    static func prefix(of log: MemoryLog, _ size: UInt64, _ federation: TestFederation, node: Int) -> MemoryLog {
        var short = log
        short.truncate(to: size)
        short.checkpoint = federation.sign(node, size: size, root: short.tree.root)
        return short
    }
}
