import Federation
import Replication
import Simulation
import Testing

/// Everything that can go wrong among honest nodes, at once and at random.
struct ManyFaultsTests {
    @Test(arguments: seeds)
    func honestNodesConvergeThroughWhateverHappensAndAccuseNobody(seed: UInt64) {
        var choice = SeededRandom(seed: seed &* 77)
        let count = Int.random(in: 2...7, using: &choice)
        // A tree keeps it connected; some more links close rings.
        var links = (1..<count).map { ($0, Int.random(in: 0..<$0, using: &choice)) }
        for _ in 0..<Int.random(in: 0...3, using: &choice) {
            let first = Int.random(in: 1..<count, using: &choice)
            let second = Int.random(in: 0..<first, using: &choice)
            if !links.contains(where: { $0 == (first, second) }) { links.append((first, second)) }
        }
        let slow = UInt64.random(in: 10...800, using: &choice)
        let world = World(
            TestFederation(TestFederation.names(count), links: links), seed: seed, delay: 1...slow,
            confirmation: { _ in .needed(all: false) })
        world.storeDelay = 0...UInt64.random(in: 1...60, using: &choice)
        for _ in 0..<120 {
            disturb(world, count)
            world.run(UInt64.random(in: 0...150, using: &world.random))
        }
        for node in world.nodes where node.storeFails {
            node.storeFails = false
            world.change(node.index) { $0.setPaused(false, now: world.now) }
        }
        world.run(3_000)
        for link in world.links.indices where world.links[link].isCut {
            let (first, second) = world.links[link].ends
            world.heal(first, second)
        }
        let isDone = world.run(
            until: { $0.hasConverged && $0.nodes.allSatisfy { $0.isConfirmed && $0.drafts == 0 } }, limit: 300_000)
        #expect(isDone)
        #expect(world.accusations.isEmpty)
        #expect(world.nodes.allSatisfy { $0.store.forks.isEmpty })
    }

    private func disturb(_ world: World, _ count: Int) {
        let node = Int.random(in: 0..<count, using: &world.random)
        switch Int.random(in: 0..<100, using: &world.random) {
        case ..<60: world.record(node, Int.random(in: 1...60, using: &world.random))
        case ..<65: world.record(node, Int.random(in: 1_000...3_000, using: &world.random))
        case ..<80: world.lose(Int.random(in: 0..<world.links.count, using: &world.random))
        case ..<86:
            let (first, second) = world.links[Int.random(in: 0..<world.links.count, using: &world.random)].ends
            world.cut(first, second)
            world.after(UInt64.random(in: 100...5_000, using: &world.random)) { $0.heal(first, second) }
        case ..<92 where world.nodes[node].isUp:
            world.crash(node)
            world.after(UInt64.random(in: 50...2_500, using: &world.random)) {
                $0.restart(node, confirmation: .needed(all: false))
            }
        case ..<96:
            world.nodes[node].storeFails = true
            world.after(UInt64.random(in: 50...3_000, using: &world.random)) { world in
                world.nodes[node].storeFails = false
                if world.nodes[node].isUp { world.change(node) { $0.setPaused(false, now: world.now) } }
            }
        default:
            // The bodies of a few entries of another's log are lost.
            let other = (node + 1) % count
            let origin = world.federation.origin(other)
            let size = world.nodes[node].store[origin].size
            guard size > 0, world.nodes[node].isUp else { return }
            world.replaceStore(node, confirmation: .needed(all: false)) { store in
                for _ in 0..<5 { store[origin].drop(bodyAt: UInt64.random(in: 0..<size, using: &world.random)) }
            }
        }
    }
}

/// Each is one run; a seed that once failed is added to them.
private let seeds: [UInt64] = Array(1...10)
