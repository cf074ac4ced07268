import Cryptography
import Encoding
import Simulation
import TestSupport
import Testing
import TransparencyLog

struct TreeTests {
    /// The leaves of the reference implementation of Certificate Transparency.
    static let leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    static let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ]

    @Test(arguments: 0...8)
    func theRootsOfTheKnownLeavesAreFound(size: Int) throws {
        let hashes = Self.leaves.prefix(size).map { leafHash(bytes(hex: $0)!) }
        #expect(hex(treeRoot(hashes).bytes) == Self.roots[size])
    }

    @Test func everyRootOfTheVectorsIsFound() {
        let roots = Vectors.log["roots"]!.members
        #expect(roots.count == 18)
        for root in roots {
            #expect(hex(treeRoot(Vectors.leaves.prefix(Int(root.name)!)).bytes) == root.value.string, "size \(root.name)")
        }
    }

    @Test func aLeafHashesAsTheZeroByteAndTheEntryAtEveryLength() {
        for count in 0...130 {
            let entry = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 5 &+ 1) }
            #expect(leafHash(entry) == sha256([0] + entry))
        }
    }

    @Test func theCompactRangeAgreesWithTheDefinitionAtEverySize() {
        var range = CompactRange()
        #expect(range.root == sha256([]))
        for size in 1...300 {
            range.append(Vectors.leaves[size - 1])
            #expect(range.size == UInt64(size))
            #expect(range.hashes.count == size.nonzeroBitCount)
            #expect(range.root == naiveRoot(Vectors.leaves[..<size]))
            #expect(CompactRange(size: range.size, hashes: range.hashes) == range)
        }
    }

    @Test func whereASubtreeIsAppendedWholeTheRangeIsTheSame() {
        var random = SeededRandom(seed: 1)
        for _ in 0..<100 {
            let size = Int.random(in: 0...600, using: &random)
            var range = CompactRange()
            var position = 0
            while position < size {
                let largest = position == 0 ? 9 : min(9, position.trailingZeroBitCount)
                let level = (0...largest).filter { position + (1 << $0) <= size }.randomElement(using: &random)!
                range.append(naiveRoot(Vectors.leaves[position..<(position + (1 << level))]), level: level)
                position += 1 << level
            }
            #expect(range.root == treeRoot(Vectors.leaves.prefix(size)))
        }
    }

    @Test func hashesThatDoNotFitTheSizeMakeNoRange() {
        let hashes = Array(Vectors.leaves.prefix(2))
        #expect(CompactRange(size: 0, hashes: hashes) == nil)
        #expect(CompactRange(size: 2, hashes: hashes) == nil)
        #expect(CompactRange(size: 3, hashes: hashes) != nil)
        #expect(CompactRange(size: 7, hashes: hashes) == nil)
        #expect(CompactRange(size: .max, hashes: hashes) == nil)
    }

    @Test(arguments: 0...9)
    func aPerfectTreeHasTheRootOfTheTree(level: Int) {
        var hashes = Array(Vectors.leaves.prefix(1 << level))
        let expected = naiveRoot(hashes[...])
        #expect(perfectRoot(&hashes) == expected)
    }
}
