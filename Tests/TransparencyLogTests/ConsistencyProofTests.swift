import Cryptography
import Encoding
import Simulation
import TestSupport
import Testing
import TransparencyLog

struct ConsistencyProofTests {
    struct Proof {
        let first: UInt64
        let second: UInt64
        let path: [Digest]
        let firstRoot: Digest
        let secondRoot: Digest

        init(_ value: JSONValue) {
            first = value["first"]!.number
            second = value["second"]!.number
            path = value["path"]!.path
            firstRoot = treeRoot(Vectors.leaves.prefix(Int(first)))
            secondRoot = treeRoot(Vectors.leaves.prefix(Int(second)))
        }

        func holds(
            first: UInt64? = nil, firstRoot: Digest? = nil, second: UInt64? = nil, secondRoot: Digest? = nil,
            path: [Digest]? = nil
        ) -> Bool {
            Proofs.isConsistent(
                first: first ?? self.first, firstRoot: firstRoot ?? self.firstRoot, second: second ?? self.second,
                secondRoot: secondRoot ?? self.secondRoot, path: path ?? self.path)
        }
    }

    static let count = Vectors.log["consistency"]!.elements.count

    private func proof(_ number: Int) -> Proof { Proof(Vectors.log["consistency"]!.elements[number]) }

    @Test func thereAreFiftyNine() { #expect(Self.count == 59) }

    @Test(arguments: 0..<count)
    func everyProofOfTheVectorsHoldsAndIsTheOneThatIsMade(number: Int) throws {
        let proof = proof(number)
        #expect(proof.holds())
        let made = try ProofBuilder.consistency(
            first: proof.first, second: proof.second, Subtrees(leaves: Vectors.leaves))
        #expect(made == proof.path)
    }

    @Test(arguments: 0..<count)
    func aTurnedBitAnywhereBreaksIt(number: Int) {
        let proof = proof(number)
        for byte in 0..<32 {
            let bit = byte * 8 + (byte + number) % 8
            #expect(!proof.holds(firstRoot: proof.firstRoot.flipped(bit)))
            #expect(!proof.holds(secondRoot: proof.secondRoot.flipped(bit)))
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
        for extra in [proof.firstRoot, proof.secondRoot, Digest()] {
            #expect(!proof.holds(path: proof.path + [extra]))
            #expect(!proof.holds(path: [extra] + proof.path))
        }
        for index in proof.path.indices.dropLast() where proof.path[index] != proof.path[index + 1] {
            var path = proof.path
            path.swapAt(index, index + 1)
            #expect(!proof.holds(path: path))
        }
    }

    @Test(arguments: 0..<count)
    func otherSizesAndSwappedTreesBreakIt(number: Int) {
        let proof = proof(number)
        for first in [proof.first - 1, proof.first + 1] where first > 0 && first <= 600 {
            #expect(!proof.holds(first: first, firstRoot: treeRoot(Vectors.leaves.prefix(Int(first)))))
        }
        for second in [proof.second - 1, proof.second + 1] where second > 0 && second <= 600 {
            #expect(!proof.holds(second: second, secondRoot: treeRoot(Vectors.leaves.prefix(Int(second)))))
        }
        if proof.first != proof.second {
            #expect(
                !proof.holds(
                    first: proof.second, firstRoot: proof.secondRoot, second: proof.first, secondRoot: proof.firstRoot))
            #expect(!proof.holds(firstRoot: proof.secondRoot, secondRoot: proof.firstRoot))
            #expect(!proof.holds(firstRoot: proof.secondRoot))
        }
        #expect(!proof.holds(second: .max))
        #expect(!proof.holds(first: .max))
    }

    @Test func theEmptyTreeIsThePrefixOfEveryTree() throws {
        let root = treeRoot(Vectors.leaves)
        #expect(Proofs.isConsistent(first: 0, firstRoot: sha256([]), second: 600, secondRoot: root, path: []))
        #expect(!Proofs.isConsistent(first: 0, firstRoot: root, second: 600, secondRoot: root, path: []))
        #expect(!Proofs.isConsistent(first: 0, firstRoot: sha256([]), second: 600, secondRoot: root, path: [root]))
        #expect(try ProofBuilder.consistency(first: 0, second: 600, Subtrees(leaves: Vectors.leaves)).isEmpty)
    }

    @Test func everyPairOfSmallTreesIsProvenAndNoOtherHistoryIs() throws {
        var forked = Vectors.leaves
        forked[0] = leafHash(Array("another".utf8))
        for second in 1...40 {
            for first in 1...second {
                let path = try ProofBuilder.consistency(
                    first: UInt64(first), second: UInt64(second), Subtrees(leaves: Vectors.leaves))
                func holds(_ firstRoot: Digest, _ secondRoot: Digest) -> Bool {
                    Proofs.isConsistent(
                        first: UInt64(first), firstRoot: firstRoot, second: UInt64(second), secondRoot: secondRoot,
                        path: path)
                }
                let roots = (naiveRoot(Vectors.leaves[..<first]), naiveRoot(Vectors.leaves[..<second]))
                #expect(holds(roots.0, roots.1), "\(first) in \(second)")
                #expect(!holds(naiveRoot(forked[..<first]), roots.1), "\(first) in \(second)")
                #expect(!holds(roots.0, naiveRoot(forked[..<second])), "\(first) in \(second)")
            }
        }
    }

    @Test func proofsOverRandomSizesHold() throws {
        var random = SeededRandom(seed: 3)
        let leaves = (0..<5_000).map { _ in random.digest() }
        for _ in 0..<30 {
            let second = UInt64.random(in: 1...5_000, using: &random)
            let first = UInt64.random(in: 1...second, using: &random)
            let index = UInt64.random(in: 0..<second, using: &random)
            let subtrees = Subtrees(leaves: leaves)
            let secondRoot = treeRoot(leaves.prefix(Int(second)))
            let consistency = try ProofBuilder.consistency(first: first, second: second, subtrees)
            let isConsistent = Proofs.isConsistent(
                first: first, firstRoot: treeRoot(leaves.prefix(Int(first))), second: second, secondRoot: secondRoot,
                path: consistency)
            #expect(isConsistent)
            let inclusion = try ProofBuilder.inclusion(index: index, size: second, subtrees)
            let isIncluded = Proofs.isIncluded(
                leaves[Int(index)], index: index, size: second, path: inclusion, root: secondRoot)
            #expect(isIncluded)
        }
    }
}
