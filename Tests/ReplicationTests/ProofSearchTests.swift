import Cryptography
import SyncProtocol
import Testing
import TransparencyLog

@testable import Replication

struct ProofSearchTests {
    /// What a search finds, and how many tiles it asks for.
    private func search(_ own: HashTree, _ theirs: HashTree, tamper: ([[Digest]]) -> [[Digest]] = { $0 }) -> (
        ForkSearch.Step, Int, ForkSearch
    ) {
        let federation = TestFederation.star(2)
        let checkpoint = federation.sign(1, size: theirs.size, root: theirs.root)
        var search = ForkSearch(theirs: checkpoint, ownSize: own.size)
        var step = search.start()
        var count = 0
        while true {
            switch step {
            case .ask(let tiles):
                count += tiles.count
                step = search.received(tamper(theirs.tiles(size: theirs.size, tiles)))
            case .read(let tiles): step = search.read(own.tiles(size: own.size, tiles))
            default: return (step, count, search)
            }
        }
    }

    @Test(arguments: [
        (1, 1, 0), (2, 5, 1), (256, 256, 255), (257, 600, 256), (300, 70_000, 3), (70_000, 300, 299), (65_536, 65_536, 65_535),
        (65_537, 70_000, 65_536), (66_000, 70_000, 65_990), (70_000, 66_000, 12_345), (65_536, 131_072, 40_000),
        (70_000, 70_001, 69_999),
    ])
    func theFirstDifferingLeafIsFoundAndProvenInBothTrees(_ ownSize: Int, _ theirSize: Int, _ index: Int) {
        let own = HashTree.numbered(ownSize)
        let theirs = HashTree.numbered(theirSize, changedFrom: index)
        let (step, tiles, search) = search(own, theirs)
        #expect(step == .found(UInt64(index)))
        #expect(tiles <= 6)
        let inclusion = search.inclusion(UInt64(index))
        #expect(inclusion?.leaf == theirs.leaves[index])
        #expect(
            inclusion.map {
                Proofs.isIncluded($0.leaf, index: UInt64(index), size: theirs.size, path: $0.path, root: theirs.root)
            } == true)
    }

    @Test(arguments: [(1, 2), (255, 256), (256, 257), (300, 70_000), (70_000, 300), (65_536, 65_536), (65_000, 66_000)])
    func treesOfOneHistoryAreTheSameAtAnySizes(_ ownSize: Int, _ theirSize: Int) {
        let (step, _, _) = search(.numbered(ownSize), .numbered(theirSize, changedFrom: ownSize))
        #expect(step == .same)
    }

    @Test(arguments: 0..<4)
    func tilesThatDoNotLeadToTheSignedRootAreNotBelieved(_ kind: Int) {
        let (step, _, _) = search(.numbered(70_000), .numbered(66_000, changedFrom: 500)) { tiles in
            var tiles = tiles
            switch kind {
            case 0: tiles[0][0].words.1 ^= 1
            case 1: tiles[tiles.count - 1].removeLast()
            case 2: tiles.removeLast()
            default: tiles[tiles.count - 1].append(Digest())
            }
            return tiles
        }
        #expect(step == .contradicted)
    }

    @Test func everyStoredEntryIsProvenUnderALargerCheckpoint() {
        let tree = HashTree.numbered(40)
        for size in 1...UInt64(40) {
            let root = tree.range(size).root
            for stored in 1...size {
                let consistency = try! ProofBuilder.consistency(first: stored, second: size, tree)
                for index in 0..<stored {
                    let path = ProvenInclusion.path(
                        index: index, path: try! ProofBuilder.inclusion(index: index, size: stored, tree),
                        stored: tree.range(stored), size: size, consistency: consistency)
                    let holds = path.map {
                        Proofs.isIncluded(tree.leaves[Int(index)], index: index, size: size, path: $0, root: root)
                    }
                    #expect(holds == true, "index \(index), stored \(stored), size \(size)")
                }
            }
        }
    }

    @Test func proofsOfAnotherFormGiveNoPath() {
        let tree = HashTree.numbered(40)
        let consistency = try! ProofBuilder.consistency(first: 11, second: 40, tree)
        let path = try! ProofBuilder.inclusion(index: 3, size: 11, tree)
        func made(_ index: UInt64, _ path: [Digest], _ size: UInt64, _ consistency: [Digest]) -> [Digest]? {
            ProvenInclusion.path(index: index, path: path, stored: tree.range(11), size: size, consistency: consistency)
        }
        #expect(made(3, path, 40, consistency) != nil)
        #expect(made(11, path, 40, consistency) == nil)
        #expect(made(3, path, 10, consistency) == nil)
        #expect(made(3, path, 40, Array(consistency.dropLast())) == nil)
        #expect(made(3, path, 40, consistency + [Digest()]) == nil)
        #expect(made(3, [], 40, consistency) == nil)
    }
}
