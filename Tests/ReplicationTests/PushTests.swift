import Federation
import Replication
import Simulation
import SyncProtocol
import Testing
import TransparencyLog

struct PushTests {
    @Test func aNewEventLeavesAtOnceWithoutBeingAskedFor() {
        let world = World(.star(3), seed: 1)
        world.run(500)
        for _ in 0..<20 {
            world.record(1)
            world.run(200)
        }
        #expect(world.nodes[0].log(1).size == 20 && world.nodes[0].pushes == 20)
        #expect(world.nodes[0].pulls.isEmpty)
        // The other city has it from the centre, which does not push what is not its own.
        #expect(world.nodes[2].log(1).size == 20 && world.nodes[2].pushes == 0)
    }

    @Test func aPeerThatCaughtUpByAskingGetsTheNextByPush() {
        let world = World(.star(2), seed: 2)
        world.record(1, 700)
        #expect(world.run(until: { $0.hasConverged }))
        let asked = world.nodes[0].pulls.count
        #expect(asked > 0)
        world.record(1)
        world.run(200)
        #expect(world.hasConverged && world.nodes[0].pulls.count == asked && world.nodes[0].pushes == 1)
    }

    private func publish(_ bench: Bench, _ count: Int) {
        var random = SeededRandom(seed: 9)
        bench.node.record(count, &random, now: bench.now)
        bench.change { _ in }
    }

    private func ranges(_ messages: [Message]) -> [RangeMessage] {
        messages.compactMap { if case .range(let range) = $0 { range } else { nil } }
    }

    @Test func nothingIsPushedBeyondThePeersCredit() {
        let bench = Bench()
        let session = bench.open(1)
        publish(bench, 1)
        #expect(ranges(bench.sent(session)).isEmpty, "no credit was given yet")
        bench.wait(100)
        #expect(bench.sent(session).contains { if case .announce(let news) = $0 { news.count == 1 } else { false } })

        let announcement = bench.announcement(bench.node.own)
        bench.hear(.announce([announcement]), session)
        bench.hear(.credit(1_000), session)
        publish(bench, 1)
        let first = ranges(bench.sent(session))
        #expect(first.count == 1 && first[0].request == 0 && first[0].first == 1 && first[0].proof.isEmpty)
        let cost = first[0].byteCount + first[0].note.count
        var pushed = cost
        while pushed <= 1_000 - cost {
            publish(bench, 1)
            pushed += cost
            #expect(ranges(bench.sent(session)).count == 1)
        }
        publish(bench, 1)
        #expect(ranges(bench.sent(session)).isEmpty)
        bench.wait(100)
        #expect(bench.sent(session).contains { if case .announce(let news) = $0 { news.count == 1 } else { false } })
    }

    @Test func whoPushesBeyondTheCreditIsRefused() throws {
        let bench = Bench()
        let session = bench.open(1)
        var log = bench.federation.history(of: 1, adding: 3_000, seed: 3)
        _ = bench.take()
        var pushed = 0
        var first: UInt64 = 0
        while bench.refusal(session) == nil {
            try #require(pushed < 3 << 20)
            let pieces = log.pieces(first..<log.size, maximumBytes: .max)
            pushed += pieces.reduce(0) { $0 + $1.bytes.count }
            bench.hear(
                .range(
                    RangeMessage(
                        request: 0, origin: log.origin.line, first: first, pieces: pieces, note: log.checkpoint!.note, proof: []
                    )),
                session)
            first = log.size
            log = bench.federation.history(of: 1, after: log, adding: 3_000, seed: 4 + first)
        }
        #expect(pushed > Int(Limits.pushCreditBytes))
        #expect(bench.refusal(session)?.code == Refusal.Code.protocolViolation.rawValue)
    }

    private func push(_ bench: Bench, _ log: MemoryLog, from first: UInt64, _ session: SessionID) -> Int {
        let range = RangeMessage(
            request: 0, origin: log.origin.line, first: first, pieces: log.pieces(first..<log.size), note: log.checkpoint!.note,
            proof: [])
        bench.hear(.range(range), session)
        return range.byteCount + range.note.count
    }

    private func credits(_ messages: [Message]) -> Int {
        messages.reduce(0) { if case .credit(let bytes) = $1 { $0 + Int(bytes) } else { $0 } }
    }

    @Test func creditComesBackOnceWhatWasPushedIsStored() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        let log = bench.federation.history(of: 1, adding: 10, seed: 5)
        let bytes = push(bench, log, from: 0, session)
        let integrations = bench.actions
        bench.wait(100)
        #expect(credits(bench.sent(session)) == 0)
        for case .integrate(let integration) in integrations { _ = bench.node.store[log.origin].integrate(integration) }
        bench.change { $0.integrated(bench.node.log(1).held, now: bench.now) }
        bench.wait(100)
        #expect(credits(bench.sent(session)) == bytes)
    }

    @Test func aStoreThatTakesNothingGivesNoCredit() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        let log = bench.federation.history(of: 1, adding: 10, seed: 6)
        let bytes = push(bench, log, from: 0, session)
        for case .integrate(let integration) in bench.take() {
            bench.change { $0.integrationFailed(integration, .store, now: bench.now) }
            bench.change { $0.setPaused(true, now: bench.now) }
        }
        bench.wait(3_000)
        let meanwhile = bench.sent(session)
        #expect(credits(meanwhile) == 0)
        #expect(!meanwhile.contains { if case .pull = $0 { true } else { false } })
        bench.change { $0.setPaused(false, now: bench.now) }
        bench.wait(100)
        let after = bench.sent(session)
        #expect(credits(after) == bytes)
        #expect(after.contains { if case .pull(let pull) = $0 { pull.first == 0 && pull.end == 10 } else { false } })
    }

    @Test func aPushWithAGapBeforeItIsKeptAndOnlyTheGapIsAskedFor() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        let start = bench.federation.history(of: 1, adding: 100, seed: 7)
        let log = bench.federation.history(of: 1, after: start, adding: 20, seed: 8)
        _ = push(bench, log, from: 100, session)
        let pulls = bench.pulls(session)
        #expect(pulls.count == 1 && pulls[0].first == 0 && pulls[0].end == 100)
        bench.hear(log.answer(pulls[0]), session)
        bench.integrate()
        #expect(bench.node.log(1).size == 120 && bench.node.log(1).checkpoint == log.checkpoint)
    }

    @Test func aLogThatIsNotListedHereIsNotTakenAndTheSessionGoesOn() {
        let wider = TestFederation(TestFederation.names(5), links: (1..<5).map { ($0, 0) })
        let bench = Bench(.star(4))
        let session = bench.open(1)
        _ = bench.take()
        let log = wider.history(of: 4, adding: 5, seed: 1)
        _ = push(bench, log, from: 0, session)
        #expect(bench.refusal(session) == nil)
        #expect(bench.reports.contains { if case .unlistedOrigin = $0 { true } else { false } })
        bench.wait(100)
        #expect(credits(bench.sent(session)) > 0)
    }
}
