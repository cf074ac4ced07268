import Replication
import Simulation
import Testing

struct ConvergenceTests {
    enum Shape: CaseIterable, Sendable {
        case star, ring, line, mesh

        var federation: TestFederation {
            switch self {
            case .star: .star(7)
            case .ring: .ring(7)
            case .line: .line(6)
            case .mesh: .mesh(6)
            }
        }
    }

    @Test(arguments: Shape.allCases, [1, 2] as [UInt64])
    func everyConnectedFederationConverges(_ shape: Shape, seed: UInt64) {
        let world = World(shape.federation, seed: seed)
        for _ in 0..<200 {
            let node = Int.random(in: 0..<world.nodes.count, using: &world.random)
            world.record(node, Int.random(in: 1...20, using: &world.random))
            world.run(UInt64.random(in: 0...60, using: &world.random))
        }
        #expect(world.run(until: { $0.hasConverged }))
        #expect(world.nodes.allSatisfy { $0.own.size > 0 })
        #expect(world.accusations.isEmpty)
    }

    @Test(arguments: Shape.allCases, [11, 12] as [UInt64])
    func linksThatComeAndGoLoseNothing(_ shape: Shape, seed: UInt64) {
        let world = World(shape.federation, seed: seed, delay: 5...400)
        for _ in 0..<150 {
            let node = Int.random(in: 0..<world.nodes.count, using: &world.random)
            world.record(node, Int.random(in: 1...40, using: &world.random))
            if world.random.chance(15) { world.lose(Int.random(in: 0..<world.links.count, using: &world.random)) }
            world.run(UInt64.random(in: 0...100, using: &world.random))
        }
        #expect(world.run(until: { $0.hasConverged }))
        #expect(world.accusations.isEmpty)
    }

    @Test(arguments: [21, 22, 23] as [UInt64])
    func nodesThatCrashGoOnFromWhatIsStored(seed: UInt64) {
        let world = World(.ring(5), seed: seed)
        for _ in 0..<150 {
            let node = Int.random(in: 0..<world.nodes.count, using: &world.random)
            world.record(node, Int.random(in: 1...40, using: &world.random))
            if world.random.chance(8) {
                world.crash(node)
                world.after(UInt64.random(in: 100...2_000, using: &world.random)) { $0.restart(node) }
            }
            world.run(UInt64.random(in: 0...80, using: &world.random))
        }
        world.run(2_500)
        #expect(world.run(until: { $0.hasConverged }))
        #expect(world.accusations.isEmpty)
    }

    @Test func aCityCutOffFromTheCentreConvergesThroughANeighbour() {
        let federation = TestFederation(TestFederation.names(4), links: [(1, 0), (2, 0), (3, 0), (3, 2)])
        let world = World(federation, seed: 31)
        world.run(500)
        world.cut(3, 0)
        for _ in 0..<50 {
            world.record(3, 3)
            world.record(1, 2)
            world.run(30)
        }
        #expect(world.run(until: { $0.hasConverged }, limit: 5_000))
        #expect(world.nodes[0].log(3).size == 150 && world.nodes[3].log(1).size == 100)
    }

    @Test func aCityWithoutAnyLinkGoesOnAndCatchesUpBothWays() {
        let world = World(.star(4), seed: 32)
        world.run(500)
        world.cut(1, 0)
        for _ in 0..<40 {
            world.record(1, 7)
            world.record(2, 5)
            world.run(100)
        }
        #expect(world.nodes[1].own.size == 280 && world.nodes[0].log(1).size == 0)
        world.heal(1, 0)
        #expect(world.run(until: { $0.hasConverged }, limit: 5_000))
    }

    @Test func aNodeThatBeginsWithNothingFetchesEverything() {
        let world = World(.star(4), seed: 33)
        for node in 1..<4 { world.record(node, 3_000) }
        #expect(world.run(until: { $0.hasConverged }))
        world.replaceStore(2) { store in
            let own = store.logs[2]
            store = MemoryStore(world.federation)
            store.logs[2] = own
        }
        world.nodes[2].pulls = []
        #expect(world.nodes[2].log(1).size == 0)
        #expect(world.run(until: { $0.hasConverged }, limit: 10_000))
        #expect(world.repeatedPulls(2).isEmpty)
    }

    @Test func aStoreThatTakesNothingForAWhileCatchesUpLater() {
        let world = World(.line(3), seed: 34)
        world.run(300)
        world.nodes[1].storeFails = true
        for _ in 0..<40 {
            world.record(0, 10)
            world.run(50)
        }
        #expect(world.nodes[1].log(0).size == 0)
        world.nodes[1].storeFails = false
        world.change(1) { $0.setPaused(false, now: world.now) }
        #expect(world.run(until: { $0.hasConverged }, limit: 10_000))
        #expect(world.accusations.isEmpty)
    }

    @Test func whatIsBeyondAQuotaIsNotTaken() {
        let world = World(TestFederation(TestFederation.names(2), links: [(1, 0)], quota: 100), seed: 35)
        world.run(300)
        for _ in 0..<30 {
            world.record(1, 5)
            world.run(50)
        }
        world.run(2_000)
        #expect(world.nodes[0].log(1).size == 100)
        let told = world.nodes[0].reports.filter { if case .overQuota = $0 { true } else { false } }
        #expect(told.count == 1)
    }

    @Test func theSameSeedGivesTheSameRun() {
        func run() -> ([Int], [UInt64]) {
            let world = World(.ring(4), seed: 36)
            for _ in 0..<40 {
                world.record(Int.random(in: 0..<4, using: &world.random), 9)
                if world.random.chance(20) { world.lose(Int.random(in: 0..<4, using: &world.random)) }
                world.run(70)
            }
            return (world.traffic.keys.sorted().map { world.traffic[$0]!.bytes }, world.nodes.map { UInt64($0.pulls.count) })
        }
        let first = run()
        let second = run()
        #expect(first.0 == second.0 && first.1 == second.1)
    }
}
