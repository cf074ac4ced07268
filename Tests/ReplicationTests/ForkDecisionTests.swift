import Cryptography
import Federation
import Replication
import SyncProtocol
import Testing
import TransparencyLog

/// After an authority's decision every node holds the forked log as it was decided, whichever history it held before.
struct ForkDecisionTests {
    enum Chosen: CaseIterable, Sendable { case first, second, common, nothing }

    struct Case: Sendable, CustomTestStringConvertible {
        let common: Int
        let first: Int
        let second: Int
        let chosen: Chosen
        var testDescription: String { "\(common)+\(first)|\(second) -> \(chosen)" }
    }

    private static let cases: [Case] = [
        (0, 5, 5), (0, 5, 9), (100, 50, 51), (300, 1, 700), (255, 2, 1), (256, 300, 1), (1_000, 1, 600),
    ].flatMap { sizes in Chosen.allCases.map { Case(common: sizes.0, first: sizes.1, second: sizes.2, chosen: $0) } }

    /// Only the forked origin is accused, and after the decision nobody.
    private func expectNoAccusation(_ world: World, of origin: OriginName) {
        let accused = world.accusations.filter { report in
            switch report {
            case .forked(let name), .unprovenRange(let name, _, _), .disagreeing(let name, _, _): name != origin.description
            default: true
            }
        }
        #expect(accused.isEmpty)
    }

    private func end(_ chosen: Chosen, _ histories: (MemoryLog, MemoryLog, MemoryLog)) -> MemoryLog {
        switch chosen {
        case .first: histories.1
        case .second: histories.2
        case .common: histories.0
        case .nothing: MemoryLog(origin: histories.0.origin)
        }
    }

    @Test(arguments: cases) func everyNodeEndsWithWhatWasDecided(_ one: Case) {
        let seed = UInt64(one.common + 3 * one.first)
        let histories = World.histories(common: one.common, first: one.first, second: one.second, seed: seed)
        let world = World.forked(common: one.common, first: one.first, second: one.second, seed: seed)
        let end = end(one.chosen, histories)
        #expect(world.runUntilProven())
        let reports = world.nodes.map(\.reports.count)
        #expect(world.decide(0, end))
        #expect(world.run(untilHeld: end))
        world.run(30_000)
        for node in [0, 1, 2, 4] {
            let later = world.nodes[node].reports[reports[node]...]
            #expect(later == [.decided(origin: end.origin.description, size: end.size, authority: "sim.example/centre/1")])
            #expect(world.nodes[node].log(3).tree == end.tree)
            #expect(world.nodes[node].replica.standing(now: world.now)[3].isFrozen)
            #expect(world.nodes[node].store.forks.count == 1, "the proof stays")
        }
        expectNoAccusation(world, of: end.origin)
    }

    @Test func aDecisionHeardBeforeTheProofBringsTheProofAlong() {
        let world = World.forked(common: 40, first: 20, second: 30, seed: 3)
        let (_, one, _) = World.histories(common: 40, first: 20, second: 30, seed: 3)
        world.nodes[0].disguise = { message, peer in
            if case .fork = message, peer == 4 { [] } else { [message] }
        }
        #expect(world.runUntilProven([0, 1, 2]))
        world.run(5_000)
        #expect(world.nodes[4].store.forks.isEmpty)
        #expect(world.decide(0, one))
        #expect(world.run(untilHeld: one))
        #expect(world.nodes[4].store.forks.count == 1)
    }

    @Test func whoComesLaterWithTheOtherHistoryEndsWithTheSame() {
        let world = World.forked(common: 600, first: 20, second: 300, seed: 4)
        let (_, one, other) = World.histories(common: 600, first: 20, second: 300, seed: 4)
        #expect(world.runUntilProven())
        world.crash(2)
        #expect(world.decide(0, one))
        #expect(world.run(untilHeld: one, [0, 1, 4]))
        // It comes back as it was before anybody knew.
        world.replaceStore(2) {
            $0.forks = []
            $0.decisions = [:]
            $0[other.origin] = other
        }
        #expect(world.run(untilHeld: one))
        expectNoAccusation(world, of: one.origin)
    }

    @Test(arguments: [UInt64](1...6)) func restartsAndAFullDiskOnTheWayChangeNothing(seed: UInt64) {
        let world = World.forked(common: 700, first: 500, second: 900, seed: seed)
        let (_, one, _) = World.histories(common: 700, first: 500, second: 900, seed: seed)
        #expect(world.runUntilProven())
        world.storeDelay = 0...400
        #expect(world.decide(0, one))
        for _ in 0..<12 {
            world.run(UInt64.random(in: 0...800, using: &world.random))
            let node = [0, 1, 2, 4][Int.random(in: 0..<4, using: &world.random)]
            switch Int.random(in: 0..<3, using: &world.random) {
            case 0: world.restart(node)
            case 1: world.nodes[node].storeFails.toggle()
            default: world.lose(Int.random(in: 0..<world.links.count, using: &world.random))
            }
        }
        for node in world.nodes where node.storeFails {
            node.storeFails = false
            world.change(node.index) { $0.setPaused(false, now: world.now) }
        }
        // One that heard the decision and could not keep it hears it again.
        world.restart(0)
        #expect(world.run(untilHeld: one, limit: 240_000))
        expectNoAccusation(world, of: one.origin)
    }

    @Test func onlyAnAuthoritysDecisionCounts() {
        let world = World.forked(common: 40, first: 20, second: 30, seed: 5)
        let (_, one, other) = World.histories(common: 40, first: 20, second: 30, seed: 5)
        #expect(world.runUntilProven())
        let proof = world.nodes[0].store.forks[0].1
        let longer = world.federation.history(of: 3, after: one, adding: 5, seed: 9)
        let bench = Bench(world.federation)
        let session = bench.open(1)
        bench.hear(.fork(proof), session)
        _ = bench.take()
        let good = world.decision(by: 0, one, proof: proof)
        let flawed = [
            // By a city; by the forked log itself; over another signed end than the checkpoint's; with another's proof.
            world.decision(by: 1, one, proof: proof), world.decision(by: 3, one, proof: proof),
            DecidedFork(proof: proof, note: good.note, checkpoint: other.checkpoint!.note),
            DecidedFork(proof: proof, note: good.note, checkpoint: []),
            DecidedFork(
                proof: ForkProof(firstNote: one.checkpoint!.note, secondNote: longer.checkpoint!.note), note: good.note,
                checkpoint: good.checkpoint),
        ]
        for decided in flawed { bench.hear(.decision(decided), session) }
        #expect(bench.take().isEmpty)
        var counts = true
        bench.change { counts = $0.decide(flawed[0], now: bench.now) }
        #expect(!counts && bench.take().isEmpty)
        for _ in 0..<1_000 { bench.hear(.decision(flawed[0]), session) }
        #expect(bench.reports == [.flooding(peer: "city-1")])
    }

    @Test func ofContradictoryDecisionsEveryNodeTakesTheSame() {
        for seed in [UInt64](1...4) {
            let world = World.forked(common: 300, first: 20, second: 30, seed: seed)
            let (start, one, other) = World.histories(common: 300, first: 20, second: 30, seed: seed)
            #expect(world.runUntilProven())
            let proof = world.nodes[0].store.forks[0].1
            let decisions = [one, other].map { world.decision(by: 0, $0, proof: proof) }
            let first = try? decisions[0].verify(
                keys: world.federation.topology.nodes[3].keys, authorities: world.federation.topology.nodes[0].keys)
            let second = try? decisions[1].verify(
                keys: world.federation.topology.nodes[3].keys, authorities: world.federation.topology.nodes[0].keys)
            let isFirst = first!.decision.prevails(over: second!.decision)
            #expect(isFirst != second!.decision.prevails(over: first!.decision))
            // The same number twice: two operators decide at once, each hears of the other later.
            world.cut(0, 1)
            world.cut(0, 2)
            world.change(1) { _ = $0.decide(decisions[0], now: world.now) }
            world.change(2) { _ = $0.decide(decisions[1], now: world.now) }
            world.run(5_000)
            world.heal(0, 1)
            world.heal(0, 2)
            #expect(world.run(untilHeld: isFirst ? one : other, limit: 120_000))
            // A later one, by its number, prevails over both; and the older ones, replayed, change nothing.
            #expect(world.decide(0, start, number: 2))
            #expect(world.run(untilHeld: start))
            for decided in decisions {
                var counts = true
                world.change(4) { counts = $0.decide(decided, now: world.now) }
                #expect(!counts)
            }
            world.run(10_000)
            #expect(world.run(untilHeld: start))
            expectNoAccusation(world, of: one.origin)
        }
    }

    @Test func theForkedCityGoesOnInItsNextEpoch() {
        let world = World.forked(common: 300, first: 100, second: 50, seed: 7, renewed: [3])
        let (_, one, other) = World.histories(common: 300, first: 100, second: 50, seed: 7)
        // The city itself holds the history that is not chosen.
        world.replaceStore(3) { $0[other.origin] = other }
        #expect(world.runUntilProven([0, 1, 2, 3, 4]))
        world.record(3, 40)
        #expect(world.decide(0, one))
        #expect(world.run(untilHeld: one, [0, 1, 2, 3, 4]))
        world.record(3, 20)
        let new = world.federation.origin(3)
        #expect(new.epoch == 2)
        #expect(world.run(until: { world in world.nodes.allSatisfy { $0.store[new].size == 60 } }))
        expectNoAccusation(world, of: one.origin)
    }
}
