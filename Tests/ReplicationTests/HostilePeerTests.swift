import Federation
import Replication
import SyncProtocol
import Testing
import TransparencyLog

struct HostilePeerTests {
    /// Nodes 2 and 3 hold a log of node 3's that node 0 lacks; node 2 misbehaves in what it sends.
    private func world(seed: UInt64, entries: Int = 3_000, _ disguise: @escaping (Message) -> [Message]) -> World {
        let federation = TestFederation(TestFederation.names(4), links: [(2, 0), (3, 0), (2, 1), (1, 0)])
        let world = World(federation, seed: seed)
        let log = federation.history(of: 3, adding: entries, seed: seed)
        world.nodes[2].disguise = { message, _ in disguise(message) }
        for node in 2...3 { world.replaceStore(node) { $0[log.origin] = log } }
        return world
    }

    @Test func aPeerThatAnnouncesMoreThanItGivesHoldsNobodyUp() {
        let world = world(seed: 1) { message in
            if case .range(let range) = message { [.unavailable(request: range.request)] } else { [message] }
        }
        #expect(world.run(until: { $0.nodes[0].log(3).size == 3_000 && $0.nodes[1].log(3).size == 3_000 }, limit: 10_000))
        world.run(20_000)
        #expect(world.nodes[0].pulls.count < 40)
        #expect(world.accusations.isEmpty)
    }

    @Test func aPeerThatNeverAnswersHoldsNobodyUpForLong() {
        let world = world(seed: 2) { message in
            switch message {
            case .range, .tiles, .entries, .unavailable: []
            default: [message]
            }
        }
        #expect(world.run(until: { $0.nodes[0].log(3).size == 3_000 && $0.nodes[1].log(3).size == 3_000 }, limit: 60_000))
        #expect(world.accusations.isEmpty)
    }

    @Test func rangesThatProveNothingAreDroppedAndFetchedElsewhere() {
        let world = world(seed: 3) { message in
            guard case .range(var range) = message, range.request != 0, !range.pieces.isEmpty else { return [message] }
            var builder = PackedEntriesBuilder()
            for (entry, body) in range.pieces[0].unpacked {
                var body = body
                if !body.isEmpty { body[0] ^= 1 }
                builder.append(entry: entry, body: body)
            }
            range.pieces[0] = builder.finish()
            return [.range(range)]
        }
        #expect(world.run(until: { $0.nodes[0].log(3).size == 3_000 }, limit: 60_000))
        world.run(30_000)
        #expect(world.nodes[0].store.forks.isEmpty && world.nodes[1].store.forks.isEmpty)
        let told = world.nodes[0].reports.filter { if case .unprovenRange = $0 { true } else { false } }
        #expect(told.count <= 1)
        #expect(world.nodes[0].pulls.filter { $0.peer == 2 }.count < 10, "it is not believed again and again")
    }

    @Test func whoGivesUnprovenRangesIsAskedLaterAndNotOftener() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 50, seed: 4)
        var forged = bench.federation.history(of: 1, adding: 50, seed: 5)
        forged.checkpoint = log.checkpoint
        let session = bench.open(2, holding: [bench.announcement(log)])
        var asked: [UInt64] = []
        for _ in 0..<3_000 {
            bench.wait(20)
            for pull in bench.pulls(session) {
                asked.append(bench.now)
                bench.hear(forged.answer(pull), session)
                bench.integrate()
            }
            // A new word of the peer does not make it better.
            bench.hear(.announce([bench.announcement(log)]), session)
        }
        #expect(asked.count == 3)
        #expect(asked[1] - asked[0] >= 10_000 && asked[2] - asked[1] >= 20_000)
        #expect(bench.node.log(1).size == 0)
    }

    @Test func anotherRangeThanTheOneAskedForEndsTheSession() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 600, seed: 4)
        let session = bench.open(1, holding: [bench.announcement(log)])
        let pull = bench.pulls(session)[0]
        bench.hear(log.answer(Pull(request: pull.request, origin: pull.origin, first: 256, end: 600, target: 600)), session)
        #expect(bench.refusal(session)?.code == Refusal.Code.protocolViolation.rawValue)
        #expect(!bench.actions.contains { if case .integrate = $0 { true } else { false } })
    }

    @Test func anAnswerThatWasNotAskedForIsPassedOver() {
        let bench = Bench()
        let log = bench.federation.history(of: 1, adding: 600, seed: 5)
        let session = bench.open(1)
        _ = bench.take()
        bench.hear(log.answer(Pull(request: 77, origin: log.origin.line, first: 0, end: 600, target: 600)), session)
        bench.hear(.tiles(TilesMessage(request: 78, tiles: [[]])), session)
        bench.hear(.entries(EntriesMessage(request: 79, items: [], isPartial: false)), session)
        bench.hear(.unavailable(request: 80), session)
        #expect(bench.take().isEmpty)
    }

    @Test func checkpointsWithBadSignaturesAreReportedOnceAndNotLookedAtForEver() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        let forged = TestFederation(TestFederation.names(4).map { $0 == "centre" ? "centre" : $0 }, links: [(1, 0)])
        var note = forged.sign(2, size: 5, root: forged.history(of: 2, adding: 5, seed: 1).tree.root).note
        note[note.count - 5] ^= 1
        for _ in 0..<2_000 { bench.hear(.announce([Announcement(note: note, complete: 5)]), session) }
        #expect(bench.reports.filter { if case .invalidCheckpoint = $0 { true } else { false } }.count == 1)
        #expect(bench.reports.contains(.flooding(peer: "city-1")))
        #expect(bench.refusal(session) == nil)
        // What was verified before the flood, and what others say, is not touched by it.
        let log = bench.federation.history(of: 3, adding: 5, seed: 2)
        let other = bench.open(3, holding: [bench.announcement(log)])
        #expect(bench.pulls(other).count == 1)
    }

    @Test func aForgedCheckpointOfTheOwnLogIsReportedAndNothingElse() {
        let bench = Bench()
        bench.change { _ in }
        let session = bench.open(1)
        _ = bench.take()
        var note = bench.federation.sign(0, size: 5, root: bench.federation.history(of: 0, adding: 5, seed: 1).tree.root).note
        note[note.count - 5] ^= 1
        bench.hear(.announce([Announcement(note: note, complete: 5)]), session)
        let actions = bench.take()
        #expect(actions.count == 1)
        guard case .report(.invalidCheckpoint) = actions[0] else {
            Issue.record("it is not reported")
            return
        }
    }

    @Test func whatAPeerMakesUpDoesNotFillTheLog() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        for number in 0..<5_000 {
            let note = Array("sim.example/made-up\u{1b}[2J-\(number)/1\n1\nx\n\n— x x\n".utf8)
            bench.hear(.announce([Announcement(note: note, complete: 1)]), session)
        }
        #expect(bench.reports.count < 40)
        for case .unlistedOrigin(let line, _) in bench.reports { #expect(!line.unicodeScalars.contains("\u{1b}")) }
    }

    @Test func undecodableFramesAndTheirKindEndTheSessionOnce() {
        let bench = Bench()
        let session = bench.open(1)
        _ = bench.take()
        for _ in 0..<50 { bench.change { $0.receivedUndecodable("type 4, 3 bytes: truncated", from: session) } }
        #expect(bench.refusal(session)?.code == Refusal.Code.malformed.rawValue)
        #expect(bench.reports.count == 1)
        #expect(bench.sent(session).count == 1)
    }

    @Test func bodiesThatWereNotAskedForAreNotFilledIn() {
        let federation = TestFederation.star(4)
        let log = federation.history(of: 1, adding: 20, seed: 6)
        let bench = Bench(federation) { store in
            store[log.origin] = log
            store[log.origin].drop(bodyAt: 7)
        }
        let session = bench.open(1, holding: [bench.announcement(log)])
        bench.wait(20)
        let asked = bench.sent(session).compactMap { if case .pullEntries(let pull) = $0 { pull } else { nil } }
        #expect(asked.count == 1 && asked[0].indices == [7])
        let items = [3, 7, 1 << 40].map {
            EntriesMessage.Item(index: $0, entry: log.entries[7].entry, body: log.entries[7].body)
        }
        bench.hear(.entries(EntriesMessage(request: asked[0].request, items: items, isPartial: false)), session)
        for case .fill(_, let items) in bench.take() { #expect(items.map(\.index) == [7]) }
    }
}
