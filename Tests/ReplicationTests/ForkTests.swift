import Cryptography
import Federation
import Replication
import SyncProtocol
import Testing
import TransparencyLog

struct ForkTests {
    private func check(_ world: World, origin: Int = 3) {
        let keys = world.federation.topology.nodes[origin].keys
        for node in world.nodes where node.index != 3 {
            #expect(node.store.forks.count == 1)
            if let (name, proof) = node.store.forks.first {
                #expect(name == world.federation.origin(origin))
                #expect((try? proof.verify(keys: keys)) == name.line)
            }
            #expect(node.replica.standing(now: world.now)[origin].isFrozen)
        }
        let accused = world.accusations.filter { report in
            switch report {
            case .forked(let name), .unprovenRange(let name, _, _), .disagreeing(let name, _, _):
                name != world.federation.origin(origin).description
            default: true
            }
        }
        #expect(accused.isEmpty)
    }

    @Test(arguments: [
        (0, 5, 5), (0, 5, 9), (100, 50, 50), (100, 50, 51), (300, 1, 700), (255, 2, 1), (256, 300, 1), (511, 1, 2),
        (1_000, 1, 600),
    ])
    func twoHistoriesOfAnOriginBecomeAProofEverywhere(_ common: Int, _ first: Int, _ second: Int) {
        let world = World.forked(common: common, first: first, second: second, seed: UInt64(common + 7 * first))
        let isProven = world.run(
            until: { world in world.nodes.allSatisfy { $0.index == 3 || !$0.store.forks.isEmpty } }, limit: 60_000)
        #expect(isProven)
        check(world)
        // The rest of the federation goes on.
        for node in [0, 1, 2, 4] { world.record(node, 10) }
        #expect(
            world.run(
                until: { world in
                    [0, 1, 2, 4].allSatisfy { node in [0, 1, 2, 4].allSatisfy { world.nodes[node].log($0).size == 10 } }
                }, limit: 10_000))
    }

    @Test func nothingMoreOfAForkedLogIsTaken() {
        let world = World.forked(common: 20, first: 5, second: 9, seed: 5)
        #expect(
            world.run(until: { world in world.nodes.allSatisfy { $0.index == 3 || !$0.store.forks.isEmpty } }, limit: 60_000))
        let sizes = world.nodes.map { $0.log(3).size }
        let longer = world.federation.history(of: 3, after: world.nodes[1].log(3), adding: 100, seed: 6)
        world.replaceStore(1) { $0[longer.origin] = longer }
        world.run(10_000)
        #expect([0, 2, 4].allSatisfy { world.nodes[$0].log(3).size == sizes[$0] })
    }

    @Test func aProofSurvivesARestartAndReachesWhoComesLater() {
        let world = World.forked(common: 20, first: 5, second: 5, seed: 7)
        world.crash(4)
        #expect(world.run(until: { world in [0, 1, 2].allSatisfy { !world.nodes[$0].store.forks.isEmpty } }, limit: 60_000))
        world.crash(1)
        world.crash(2)
        world.crash(0)
        world.restart(0)
        world.restart(4)
        #expect(world.run(until: { !$0.nodes[4].store.forks.isEmpty }, limit: 5_000))
        #expect(world.nodes[4].log(3).size == 0)
    }

    /// A range stored under a checkpoint that nobody shows any more: the stored part is proven by it all the same.
    @Test(arguments: [(10, 700), (300, 900), (512, 900)])
    func aHistoryOfWhichOnlyTheBeginningArrivedProvesAForkToo(_ common: Int, _ total: Int) throws {
        let federation = TestFederation.star(4)
        let start = federation.history(of: 3, adding: common, seed: 1)
        let one = federation.history(of: 3, after: start, adding: total - common, seed: 2)
        let other = federation.history(of: 3, after: start, adding: total, seed: 3)
        let bench = Bench(federation)
        let first = bench.open(1, holding: [bench.announcement(one)])
        var pull = bench.pulls(first)[0]
        pull.end = pull.end / 256 * 256
        bench.hear(one.answer(pull), first)
        bench.integrate()
        #expect(bench.node.log(3).size == pull.end && bench.node.log(3).checkpoint == nil)
        bench.change { $0.linkClosed(first, reason: "gone", now: bench.now) }
        bench.integrate()

        let world = World(federation, seed: 4)
        let part = bench.node.log(3)
        world.replaceStore(0) { $0[part.origin] = part }
        world.replaceStore(2) { $0[part.origin] = other }
        _ = world.run(until: { !$0.nodes[0].store.forks.isEmpty }, limit: 60_000)
        let (_, proof) = try #require(world.nodes[0].store.forks.first)
        #expect(try proof.verify(keys: federation.topology.nodes[3].keys) == federation.origin(3).line)
    }

    @Test func anOldPrefixThatIsReplayedIsNoFork() {
        let federation = TestFederation(TestFederation.names(5), links: [(1, 0), (2, 0), (4, 0)])
        let world = World(federation, seed: 11)
        let log = federation.history(of: 3, adding: 900, seed: 1)
        world.replaceStore(0) { $0[log.origin] = log }
        // One shows an old state of the log again and again, with the checkpoint that was good then.
        for (node, size) in [(1, 300), (2, 512), (4, 899)] {
            world.replaceStore(node) { $0[log.origin] = MemoryLog.prefix(of: log, UInt64(size), federation, node: 3) }
        }
        let old = MemoryLog.prefix(of: log, 300, federation, node: 3)
        world.nodes[1].disguise = { message, _ in
            guard case .announce(let all) = message else { return [message] }
            let own = all.filter { !$0.note.starts(with: log.origin.line) }
            return [.announce(own + [Announcement(note: old.checkpoint!.note, complete: 300)])]
        }
        world.run(20_000)
        #expect(world.nodes.allSatisfy { $0.store.forks.isEmpty })
        #expect(world.accusations.isEmpty)
        #expect([0, 1, 2, 4].allSatisfy { world.nodes[$0].log(3).size == 900 })
    }

    @Test func aDamagedStoreAccusesNobody() {
        let federation = TestFederation.star(3)
        let world = World(federation, seed: 8)
        let log = federation.history(of: 2, adding: 600, seed: 1)
        // The store of node 0 holds other hashes than its checkpoint signs, and the peer is ahead and behind.
        var damaged = federation.history(of: 2, adding: 600, seed: 2)
        damaged.checkpoint = log.checkpoint
        let longer = federation.history(of: 2, after: log, adding: 50, seed: 3)
        let shorter = MemoryLog.prefix(of: log, 400, federation, node: 2)
        world.replaceStore(0) { $0[log.origin] = damaged }
        world.replaceStore(1) { $0[log.origin] = shorter }
        world.replaceStore(2) { $0[log.origin] = longer }
        world.run(60_000)
        #expect(world.nodes.allSatisfy { $0.store.forks.isEmpty })
        #expect(world.nodes[0].reports.contains { if case .disagreeing = $0 { true } else { false } })
    }

    @Test func aPeerThatShowsFalseTilesProvesNothing() {
        let federation = TestFederation.star(3)
        let world = World(federation, seed: 9)
        let log = federation.history(of: 2, adding: 600, seed: 1)
        world.nodes[1].disguise = { message, _ in
            switch message {
            case .range(var range):
                guard !range.proof.isEmpty || !range.pieces.isEmpty else { return [message] }
                range.pieces.reverse()
                return [.range(range)]
            case .tiles(var tiles):
                if !tiles.tiles.isEmpty, !tiles.tiles[0].isEmpty { tiles.tiles[0][0].words.0 ^= 1 }
                return [.tiles(tiles)]
            default: return [message]
            }
        }
        let longer = federation.history(of: 2, after: log, adding: 500, seed: 2)
        world.replaceStore(0) { $0[log.origin] = log }
        world.replaceStore(1) { $0[log.origin] = longer }
        world.run(40_000)
        #expect(world.nodes.allSatisfy { $0.store.forks.isEmpty })
        #expect(world.nodes[0].log(2).size == 600)
    }

    @Test func whatWasAnnouncedBeforeAsMuchWasStoredIsComparedLater() {
        let bench = Bench()
        let one = bench.federation.history(of: 3, adding: 200, seed: 1)
        let other = bench.federation.history(of: 3, adding: 100, seed: 2)
        let silent = bench.open(1, holding: [bench.announcement(other)])
        let honest = bench.open(2, holding: [bench.announcement(one)])
        for pull in bench.pulls(honest) { bench.hear(one.answer(pull), honest) }
        bench.wait(Limits.pullDeadlineMilliseconds + 100)
        for pull in bench.pulls(honest) { bench.hear(one.answer(pull), honest) }
        bench.integrate()
        #expect(bench.node.log(3).size == 200)
        let compared = bench.take().contains { action in
            if case .compare(silent, other.checkpoint) = action { true } else { false }
        }
        #expect(compared)
    }

    @Test func twoCheckpointsOfOneSizeAreAProofBeforeAnythingIsFetched() {
        let bench = Bench()
        let one = bench.federation.history(of: 3, adding: 50, seed: 1)
        let other = bench.federation.history(of: 3, adding: 50, seed: 2)
        _ = bench.open(1, holding: [bench.announcement(one)])
        let second = bench.open(2, holding: [bench.announcement(other)])
        #expect(bench.actions.contains { if case .storeFork = $0 { true } else { false } })
        #expect(bench.reports.contains(.forked(origin: one.origin.description)))
        #expect(bench.sent(second).contains { if case .fork = $0 { true } else { false } })
    }

    @Test func proofsThatDoNotHoldAreNotPassedOn() {
        let bench = Bench()
        let session = bench.open(1)
        let log = bench.federation.history(of: 3, adding: 50, seed: 1)
        let longer = bench.federation.history(of: 3, after: log, adding: 5, seed: 2)
        _ = bench.take()
        for proof in [
            ForkProof(firstNote: log.checkpoint!.note, secondNote: log.checkpoint!.note),
            ForkProof(firstNote: log.checkpoint!.note, secondNote: longer.checkpoint!.note),
            ForkProof(
                firstNote: log.checkpoint!.note, secondNote: longer.checkpoint!.note,
                divergence: .init(index: 3, first: log.inclusion(3)!.inclusion, second: longer.inclusion(3)!.inclusion)),
            ForkProof(
                firstNote: log.checkpoint!.note, secondNote: longer.checkpoint!.note,
                divergence: .init(index: 3, first: log.inclusion(3)!.inclusion, second: longer.inclusion(4)!.inclusion)),
        ] { bench.hear(.fork(proof), session) }
        #expect(bench.take().isEmpty)
        for _ in 0..<1_000 {
            bench.hear(.fork(ForkProof(firstNote: log.checkpoint!.note, secondNote: longer.checkpoint!.note)), session)
        }
        #expect(bench.reports == [.flooding(peer: "city-1")])
    }
}
