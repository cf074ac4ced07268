import Cryptography
import SyncProtocol
import Testing
import TransparencyLog

@testable import Replication

struct ResyncPlanTests {
    /// A sound tree, and what a store with some damage makes of it.
    private struct Damaged {
        let sound: HashTree
        var leaves: [Digest?]
        var bundles: [Digest?]

        init(_ size: Int) {
            sound = HashTree.numbered(size)
            leaves = sound.leaves
            let sound = sound
            bundles = (0..<(size / 256)).map { try! sound.hash(level: 8, index: UInt64($0)) }
        }

        mutating func damage(_ index: Int, bundleToo: Bool) {
            leaves[index]?.words.2 ^= 7
            if bundleToo, index / 256 < bundles.count { bundles[index / 256]?.words.2 ^= 7 }
        }

        func plan(damaged: Set<UInt64> = []) -> ResyncPlan {
            ResyncPlan(
                local: LocalTree(
                    size: sound.size, root: sound.root, bundles: bundles, tail: Array(leaves[(bundles.count * 256)...]),
                    damaged: damaged))
        }

        func run(damaged: Set<UInt64> = [], tamper: ([[Digest]]) -> [[Digest]] = { $0 }) -> (ResyncPlan.Step, tiles: Int) {
            var plan = plan(damaged: damaged)
            var step = plan.start()
            var count = 0
            while case .tiles(let asked) = step {
                count += asked.count
                step = plan.received(tamper(sound.tiles(size: sound.size, asked))) { bundle in
                    let first = Int(bundle) * 256
                    return Array(leaves[first..<min(first + 256, leaves.count)])
                }
            }
            return (step, count)
        }
    }

    @Test(arguments: [1, 255, 256, 257, 3_000, 66_000])
    func aSoundTreeNeedsNoTiles(_ size: Int) {
        let (step, tiles) = Damaged(size).run(damaged: [0])
        #expect(step == .entries([0]) && tiles == 0)
    }

    @Test(arguments: [(700, [0, 300, 699]), (66_000, [65_999]), (66_000, [1, 40_000]), (300, [299]), (256, [17])])
    func damageIsFoundThroughTilesLeafByLeaf(_ size: Int, _ indices: [Int]) {
        var damaged = Damaged(size)
        for index in indices { damaged.damage(index, bundleToo: true) }
        let (step, tiles) = damaged.run()
        #expect(step == .entries(indices.map(UInt64.init)))
        #expect(tiles <= 4 + 3 * indices.count)
    }

    @Test func unknownHashesAreFetchedAndSoundEntriesAreNot() {
        var damaged = Damaged(1_500)
        damaged.bundles[3] = nil
        damaged.leaves[3 * 256 + 9] = nil
        let (step, _) = damaged.run()
        #expect(step == .entries([3 * 256 + 9]))
    }

    @Test func aPeerWhoseTilesDoNotLeadToTheSignedRootIsNotBelieved() {
        var damaged = Damaged(66_000)
        damaged.damage(500, bundleToo: true)
        let (step, _) = damaged.run { tiles in
            var tiles = tiles
            tiles[0][0].words.0 ^= 1
            return tiles
        }
        #expect(step == .contradicted)
        let (short, _) = damaged.run { Array($0.dropLast()) }
        #expect(short == .contradicted)
    }

    /// Entries that are stored beyond the last covered checkpoint are proven by a later one.
    @Test(arguments: [(700, 900), (512, 513), (300, 66_000)])
    func aLaterCheckpointAnchorsTheTiles(_ size: Int, _ signed: Int) throws {
        let whole = HashTree.numbered(signed)
        var damaged = Damaged(size)
        damaged.damage(3, bundleToo: true)
        let path = try ProofBuilder.consistency(first: UInt64(size), second: UInt64(signed), whole)
        func step(_ path: [Digest]) -> ResyncPlan.Step {
            var plan = ResyncPlan(
                local: LocalTree(
                    size: UInt64(size), anchor: .init(size: UInt64(signed), root: whole.root, path: path),
                    bundles: damaged.bundles, tail: Array(damaged.leaves[(damaged.bundles.count * 256)...]), damaged: []))
            var step = plan.start()
            while case .tiles(let asked) = step {
                step = plan.received(damaged.sound.tiles(size: UInt64(size), asked)) { bundle in
                    let first = Int(bundle) * 256
                    return Array(damaged.leaves[first..<min(first + 256, damaged.leaves.count)])
                }
            }
            return step
        }
        #expect(step(path) == .entries([3]))
        #expect(step(Array(path.dropLast())) == .contradicted)
    }
}
