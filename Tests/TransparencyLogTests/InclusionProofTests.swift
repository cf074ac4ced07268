import Cryptography
import Encoding
import Simulation
import TestSupport
import Testing
import TransparencyLog

struct InclusionProofTests {
    struct Proof {
        let index: UInt64
        let size: UInt64
        let path: [Digest]
        let leaf: Digest
        let root: Digest

        init(_ value: JSONValue) {
            index = value["index"]!.number
            size = value["size"]!.number
            path = value["path"]!.path
            leaf = Vectors.leaves[Int(index)]
            root = treeRoot(Vectors.leaves.prefix(Int(size)))
        }

        func holds(
            leaf: Digest? = nil, index: UInt64? = nil, size: UInt64? = nil, path: [Digest]? = nil, root: Digest? = nil
        ) -> Bool {
            Proofs.isIncluded(
                leaf ?? self.leaf, index: index ?? self.index, size: size ?? self.size, path: path ?? self.path,
                root: root ?? self.root)
        }
    }

    static let count = Vectors.log["inclusion"]!.elements.count

    private func proof(_ number: Int) -> Proof { Proof(Vectors.log["inclusion"]!.elements[number]) }

    @Test func thereAreSeventyTwo() { #expect(Self.count == 72) }

    @Test(arguments: 0..<count)
    func everyProofOfTheVectorsHoldsAndIsTheOneThatIsMade(number: Int) throws {
        let proof = proof(number)
        #expect(proof.holds())
        let made = try ProofBuilder.inclusion(index: proof.index, size: proof.size, Subtrees(leaves: Vectors.leaves))
        #expect(made == proof.path)
    }

    @Test(arguments: 0..<count)
    func aTurnedBitAnywhereBreaksIt(number: Int) {
        let proof = proof(number)
        for byte in 0..<32 {
            let bit = byte * 8 + (byte + number) % 8
            #expect(!proof.holds(leaf: proof.leaf.flipped(bit)))
            #expect(!proof.holds(root: proof.root.flipped(bit)))
            for index in proof.path.indices {
                var path = proof.path
                path[index] = path[index].flipped(bit)
                #expect(!proof.holds(path: path))
            }
        }
    }

    @Test(arguments: 0..<count)
    func aPathThatIsCutLengthenedOrSwappedBreaksIt(number: Int) {
        let proof = proof(number)
        for count in proof.path.indices {
            #expect(!proof.holds(path: Array(proof.path.prefix(count))))
            #expect(!proof.holds(path: Array(proof.path.suffix(count))))
        }
        for extra in [proof.leaf, proof.root, Digest()] {
            #expect(!proof.holds(path: proof.path + [extra]))
            #expect(!proof.holds(path: [extra] + proof.path))
        }
        for index in proof.path.indices.dropLast() where proof.path[index] != proof.path[index + 1] {
            var path = proof.path
            path.swapAt(index, index + 1)
            #expect(!proof.holds(path: path))
        }
        #expect(!proof.holds(path: proof.path + [Digest](repeating: Digest(), count: 100)))
    }

    @Test(arguments: 0..<count)
    func anotherIndexBreaksItAndSoDoesAnotherSizeOfAnotherShape(number: Int) {
        let proof = proof(number)
        for index in [proof.index &- 1, proof.index + 1, proof.index ^ 1, proof.size, .max] where index != proof.index {
            #expect(!proof.holds(index: index))
        }
        #expect(!proof.holds(size: proof.index))
        #expect(!proof.holds(size: 0))
        // The path says nothing about the size beyond its shape; the root does.
        for size in [proof.size - 1, proof.size + 1] where size > proof.index && size <= 600 {
            #expect(!proof.holds(size: size, root: treeRoot(Vectors.leaves.prefix(Int(size)))))
        }
        #expect(!proof.holds(size: .max))
    }

    @Test func everyLeafOfEverySmallTreeIsProven() throws {
        for size in 1...70 {
            let root = naiveRoot(Vectors.leaves[..<size])
            for index in 0..<size {
                let path = try ProofBuilder.inclusion(
                    index: UInt64(index), size: UInt64(size), Subtrees(leaves: Vectors.leaves))
                let holds = Proofs.isIncluded(
                    Vectors.leaves[index], index: UInt64(index), size: UInt64(size), path: path, root: root)
                #expect(holds, "leaf \(index) of \(size)")
            }
        }
    }

    @Test func randomPathsProveNothingAndCrashNothing() {
        var random = SeededRandom(seed: 2)
        for _ in 0..<2_000 {
            let size = random.next() >> UInt64.random(in: 0..<64, using: &random)
            let index = random.next() >> UInt64.random(in: 0..<64, using: &random)
            let path = (0..<Int.random(in: 0...80, using: &random)).map { _ in random.digest() }
            #expect(!Proofs.isIncluded(random.digest(), index: index, size: size, path: path, root: random.digest()))
        }
    }
}
