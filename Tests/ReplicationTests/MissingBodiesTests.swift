import Federation
import Replication
import SyncProtocol
import Testing

struct MissingBodiesTests {
    @Test func missingBodiesStallOnlyTheirOrigin() {
        let world = World(.star(4), seed: 1)
        let withheld = world.federation.history(of: 1, adding: 500, seed: 1)
        world.replaceStore(1) { store in
            store[withheld.origin] = withheld
            for index in stride(from: UInt64(10), to: 40, by: 3) { store[withheld.origin].drop(bodyAt: index) }
        }
        for _ in 0..<20 {
            world.record(2, 5)
            world.record(3, 5)
            world.run(100)
        }
        world.run(3_000)
        let standing = world.nodes[0].replica.standing(now: world.now)
        #expect(standing[1].stored == 500 && standing[1].complete == 10)
        #expect(standing[2].complete == 100 && standing[3].complete == 100)
        #expect(world.accusations.isEmpty)
    }

    @Test func missingBodiesAreFilledInWhenSomebodyHasThem() {
        // Each of two neighbours lacks bodies that the other has.
        let world = World(.line(4), seed: 2)
        let log = world.federation.history(of: 3, adding: 400, seed: 2)
        world.cut(3, 2)
        for node in 0...2 {
            world.replaceStore(node) { store in
                store[log.origin] = log
                for index in log.entries.indices where index % 3 == node || index % 5 == node {
                    store[log.origin].drop(bodyAt: UInt64(index))
                }
            }
        }
        world.replaceStore(3) { $0[log.origin] = log }
        world.run(60_000)
        let lacking = world.nodes[0].log(3).missing
        #expect(lacking.count == world.nodes[1].log(3).missing.count)
        world.heal(3, 2)
        #expect(world.run(until: { $0.hasConverged }, limit: 60_000))
    }

    @Test func aPeerThatClaimsToHaveBodiesAndGivesNoneIsNotTheOnlyOneAsked() {
        let world = World(TestFederation(TestFederation.names(4), links: [(1, 0), (2, 0), (3, 0)]), seed: 3)
        let log = world.federation.history(of: 3, adding: 300, seed: 3)
        for node in 1...3 { world.replaceStore(node) { $0[log.origin] = log } }
        world.replaceStore(0) { store in
            store[log.origin] = log
            store[log.origin].drop(bodyAt: 100)
        }
        for silent in 1...2 {
            world.nodes[silent].disguise = { message, _ in if case .entries = message { [] } else { [message] } }
        }
        #expect(world.run(until: { $0.hasConverged }, limit: 8_000))
    }

    @Test func onePeerAfterAnotherIsAsked() {
        let federation = TestFederation.star(4)
        let log = federation.history(of: 3, adding: 30, seed: 5)
        let bench = Bench(federation) { store in
            store[log.origin] = log
            store[log.origin].drop(bodyAt: 12)
        }
        let sessions = (1..<4).map { bench.open($0, holding: [bench.announcement(log)]) }
        bench.wait(7_000)
        var asked: [SessionID] = []
        for case .send(let session, .pullEntries) in bench.take() { asked.append(session) }
        #expect(asked == sessions + [sessions[0]])
    }

    /// What fills a gap is folded in the order of the log, each entry once.
    @Test func aPeerThatRepeatsAnEntryFillsOneGap() throws {
        let federation = TestFederation.star(4)
        let log = federation.history(of: 3, adding: 30, seed: 6)
        let bench = Bench(federation) { store in
            store[log.origin] = log
            for index: UInt64 in [9, 12] { store[log.origin].drop(bodyAt: index) }
        }
        let session = bench.open(1, holding: [bench.announcement(log)])
        bench.wait(3_000)
        let pull = try #require(
            bench.sent(session).compactMap { if case .pullEntries(let pull) = $0 { pull } else { nil } }.first)
        let items = [12, 9, 12, 9, 11].map { index in
            EntriesMessage.Item(index: UInt64(index), entry: log.entries[index].entry, body: log.entries[index].body)
        }
        bench.hear(.entries(EntriesMessage(request: pull.request, items: items, isPartial: false)), session)
        let filled = bench.take().compactMap { if case .fill(_, let items) = $0 { items.map(\.index) } else { nil } }
        #expect(filled == [[12, 9]])
    }

    @Test func manyMissingBodiesDoNotTakeTwoSecondsAThousand() {
        let world = World(.star(2), seed: 4)
        let log = world.federation.history(of: 1, adding: 6_000, seed: 4)
        world.replaceStore(1) { $0[log.origin] = log }
        world.replaceStore(0) { store in
            store[log.origin] = log
            for index in 0..<UInt64(5_000) { store[log.origin].drop(bodyAt: index) }
        }
        #expect(world.run(until: { $0.hasConverged }, limit: 4_000))
    }
}
