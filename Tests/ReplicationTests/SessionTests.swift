import Federation
import Replication
import SyncProtocol
import Testing
import TransparencyLog

struct SessionTests {
    @Test func theFirstWordsOfASessionTellEverythingAndEnd() {
        let federation = TestFederation.star(4)
        let bench = Bench(federation) { store in
            for node in 0..<3 {
                let log = federation.history(of: node, adding: 3, seed: UInt64(node))
                store[log.origin] = log
            }
        }
        let session = bench.link(1)
        #expect(bench.sent(session).map(\.type) == [1])
        bench.hear(.hello(federation.hello(1)), session)
        let messages = bench.sent(session)
        guard messages.count == 3, case .credit(Limits.pushCreditBytes) = messages[0],
            case .announce(let all) = messages[1], case .announce(let end) = messages[2]
        else {
            Issue.record("credit, announcements and their end are expected, not \(messages)")
            return
        }
        #expect(all.count == 3 && end.isEmpty)
    }

    @Test func aNodeThatHoldsNothingSaysSo() {
        let bench = Bench()
        let session = bench.open(1)
        #expect(bench.sent(session).contains(.announce([])))
    }

    @Test func aRefusedPeerIsReportedOnce() {
        let bench = Bench()
        var hello = bench.federation.hello(1)
        hello.federation = Array("elsewhere.example".utf8)
        for _ in 0..<200 {
            let session = bench.link(1)
            bench.hear(.hello(hello), session)
            #expect(bench.refusal(session)?.code == Refusal.Code.federation.rawValue)
            bench.change { $0.linkClosed(session, reason: "refused", now: bench.now) }
            bench.now += 500
        }
        #expect(bench.reports.filter { if case .refusedPeer = $0 { true } else { false } }.count == 1)
        #expect(bench.reports.count == 1)
    }

    @Test func aPeerThatRefusesIsReportedOnce() {
        let bench = Bench()
        for _ in 0..<200 {
            let session = bench.link(1)
            bench.hear(.refusal(Refusal(.version, "speak \u{1b}[31mlouder\n")), session)
            bench.change { $0.linkClosed(session, reason: "refused", now: bench.now) }
        }
        #expect(bench.reports == [.refusedByPeer(peer: "city-1", reason: "speak ?[31mlouder?")])
    }

    private func isClosed(_ bench: Bench, _ session: SessionID) -> Bool {
        bench.actions.contains { if case .close(session) = $0 { true } else { false } }
    }

    @Test func theNodeWhoseNameComesFirstKeepsTheNewerLink() {
        // "centre" comes before "city-1".
        let first = Bench(node: 0)
        let old = first.open(1)
        let new = first.open(1)
        #expect(first.refusal(old)?.code == Refusal.Code.replaced.rawValue)
        #expect(isClosed(first, old) && !isClosed(first, new))
        #expect(!first.reports.contains { if case .refusedPeer = $0 { true } else { false } })

        let second = Bench(node: 1)
        let one = second.open(0)
        let two = second.open(0)
        #expect(!isClosed(second, one) && !isClosed(second, two))
        let three = second.open(0)
        #expect(isClosed(second, one) && !isClosed(second, two) && !isClosed(second, three))
    }

    @Test func bothSidesOfTwoLinksAgreeOnOne() {
        let world = World(TestFederation(["a", "b"], links: [(0, 1), (1, 0)]), seed: 1)
        world.run(400)
        #expect(world.nodes.allSatisfy { $0.replica.openSessions().count == 1 })
        world.record(0, 5)
        world.record(1, 5)
        #expect(world.run(until: { $0.hasConverged }, limit: 3_000))
    }

    @Test func silenceIsFirstQuestionedThenEndedOnce() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        bench.wait(Limits.silenceMilliseconds / 2 + 40)
        #expect(bench.sent(session) == [.ping])
        bench.hear(.pong, session)
        bench.wait(Limits.silenceMilliseconds - 40)
        #expect(bench.sent(session) == [.ping])
        bench.wait(5_000)
        #expect(bench.actions.filter { if case .close = $0 { true } else { false } }.count == 1)
        #expect(bench.refusal(session)?.code == Refusal.Code.silence.rawValue)
    }

    @Test func aPeerThatSaysNothingFromTheStartIsNotWaitedForForEver() {
        let bench = Bench()
        let session = bench.link(1)
        bench.wait(Limits.silenceMilliseconds + 40)
        #expect(isClosed(bench, session))
    }

    @Test func nothingIsDoneForASessionThatHasEnded() {
        let bench = Bench()
        let session = bench.open(1)
        bench.hear(.refusal(Refusal(.shuttingDown, "bye")), session)
        _ = bench.take()
        bench.hear(.ping, session)
        bench.hear(.question(Question(identifier: 1, asker: [97], content: .frontier)), session)
        bench.wait(60_000)
        #expect(bench.take().isEmpty)
    }

    @Test func anotherTopologyIsShownAndDoesNotStopLogs() {
        let bench = Bench()
        let session = bench.link(1)
        var hello = bench.federation.hello(1)
        hello.topologyHash = hello.rulebookHash
        hello.rulebookHash = bench.federation.topology.hash
        bench.hear(.hello(hello), session)
        #expect(bench.reports.contains(.differentTopology(peer: "city-1")))
        #expect(bench.reports.contains(.differentRulebook(peer: "city-1")))
        let log = bench.federation.history(of: 1, adding: 5, seed: 1)
        bench.hear(.announce([bench.announcement(log)]), session)
        #expect(bench.pulls(session).count == 1)
    }

    @Test func aNodeThatShutsDownSaysSo() {
        let bench = Bench()
        let session = bench.open(1)
        bench.change { $0.shutDown() }
        #expect(bench.refusal(session)?.code == Refusal.Code.shuttingDown.rawValue)
        #expect(isClosed(bench, session))
    }

    @Test func manyAnnouncementsAreToldInPortionsOfBoundedRate() {
        let federation = TestFederation.star(300)
        let bench = Bench(federation, node: 0)
        let session = bench.open(1)
        _ = bench.take()
        var bytes = 0
        for round in 0..<50 {
            for node in 2..<300 {
                let log = federation.history(of: node, adding: round + 1, seed: 1)
                var held = log.held
                held.missing = []
                bench.change { $0.integrated(held, now: bench.now) }
            }
            bench.wait(20)
            for message in bench.sent(session) { bytes += message.payloadByteCount }
            if round > 2 { break }
        }
        #expect(bytes > 0 && bytes < 2 * 300 * 300)
    }
}
