import Cryptography
import Federation
import Replication
import SyncProtocol
import TransparencyLog

// A federation in which one node signs two histories.
extension World {
    /// Node 3, which is not there itself, signs two histories that part at an index; it shows one to node 1 and the other to
    /// node 2, which know each other through node 0 only. Node 4 has seen neither.
    static func forked(
        common: Int, first: Int, second: Int, seed: UInt64, renewed: Set<Int> = [], authorities: Set<Int> = [0]
    ) -> World {
        let (_, one, other) = histories(common: common, first: first, second: second, seed: seed)
        let federation = TestFederation(
            TestFederation.names(5), links: [(1, 0), (2, 0), (4, 0)] + (renewed.isEmpty ? [] : [(3, 0)]), renewed: renewed,
            authorities: authorities)
        let world = World(federation, seed: seed)
        world.replaceStore(1) { $0[one.origin] = one }
        world.replaceStore(2) { $0[other.origin] = other }
        return world
    }

    /// The common beginning and the two histories of node 3, each with its checkpoint.
    static func histories(common: Int, first: Int, second: Int, seed: UInt64) -> (MemoryLog, MemoryLog, MemoryLog) {
        let federation = TestFederation(TestFederation.names(5), links: [(1, 0)])
        let start = federation.history(of: 3, adding: common, seed: seed)
        let one = federation.history(of: 3, after: start, adding: first, seed: seed + 1)
        let other = federation.history(of: 3, after: start, adding: second, seed: seed + 2)
        return (start, one, other)
    }

    /// A decision by a node that a log ends as another one stands.
    func decision(by node: Int, _ end: MemoryLog, proof: ForkProof, number: UInt64 = 1) -> DecidedFork {
        DecidedFork(
            deciding: ForkDecision(origin: end.origin.line, number: number, size: end.size, root: end.tree.root),
            proof: proof, checkpoint: end.size == 0 ? [] : end.checkpoint!.note, signer: federation.origin(node).line,
            with: federation.logKeys[node])
    }

    /// Waits until nodes hold the proof of a fork.
    func runUntilProven(_ nodes: [Int] = [0, 1, 2, 4]) -> Bool {
        run(until: { world in nodes.allSatisfy { !world.nodes[$0].store.forks.isEmpty } }, limit: 60_000)
    }

    func decide(_ node: Int, _ end: MemoryLog, number: UInt64 = 1) -> Bool {
        guard let proof = nodes[node].store.forks.first?.1 else { return false }
        var counts = false
        change(node) { counts = $0.decide(decision(by: node, end, proof: proof, number: number), now: now) }
        return counts
    }

    /// Waits until nodes hold a log as it was decided.
    func run(untilHeld end: MemoryLog, _ nodes: [Int] = [0, 1, 2, 4], limit: UInt64 = 60_000) -> Bool {
        run(
            until: { world in
                nodes.allSatisfy { node in
                    let log = world.nodes[node].store[end.origin]
                    let standing = world.nodes[node].replica.standing(now: world.now).first { $0.origin == end.origin }
                    return log.tree == end.tree && standing?.newest == end.size && standing?.stored == end.size
                        && (end.size == 0 || log.checkpoint?.root == end.tree.root)
                }
            }, limit: limit)
    }
}
