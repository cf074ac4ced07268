import Cryptography
import Encoding
import Simulation
import Testing
import TransparencyLog

struct TilePathTests {
    @Test(
        arguments: [
            ("tile/0", 0, 0, "tile/0/000"), ("tile/0", 7, 0, "tile/0/007"), ("tile/1", 999, 0, "tile/1/999"),
            ("tile/0", 1_000, 0, "tile/0/x001/000"), ("tile/entries", 1_234_067, 0, "tile/entries/x001/x234/067"),
            ("tile/2", 5, 3, "tile/2/005.p/3"), ("tile/0", 1_234_067, 255, "tile/0/x001/x234/067.p/255"),
            ("body", 12, 1, "body/012.p/1"), ("tile/0", 1_000_000, 0, "tile/0/x001/x000/000"),
        ] as [(String, UInt64, Int, String)])
    func thePathIsThatOfTheSpecification(kind: String, number: UInt64, partial: Int, expected: String) {
        #expect(Tiling.path(kind: kind, number: number, partial: partial) == expected)
    }

    @Test func theLargestNumberHasAPath() {
        #expect(
            Tiling.path(kind: "tile/0", number: .max, partial: 0) == "tile/0/x018/x446/x744/x073/x709/x551/615")
    }

    @Test(
        arguments: [
            (0, []), (1, [(0, 0, 1)]), (255, [(0, 0, 255)]), (256, [(0, 1, 0), (1, 0, 1)]), (257, [(0, 1, 1), (1, 0, 1)]),
            (600, [(0, 2, 88), (1, 0, 2)]), (65_536, [(0, 256, 0), (1, 1, 0), (2, 0, 1)]),
            (70_000, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]),
        ] as [(UInt64, [(Int, UInt64, Int)])])
    func aLogHasTheseTiles(size: UInt64, expected: [(Int, UInt64, Int)]) {
        let levels = Tiling.levels(size: size)
        #expect(levels.count == expected.count)
        for (level, expected) in zip(levels, expected) {
            #expect(level.level == expected.0)
            #expect(level.full == expected.1)
            #expect(level.partial == expected.2)
        }
    }

    @Test func theLargestLogHasEightLevels() {
        #expect(Tiling.levels(size: UInt64(Int64.max)).count == 8)
    }
}

struct BundleTests {
    @Test func entriesStandBehindTheirLengths() {
        let entries: [[UInt8]] = [[1, 2, 3], [], [UInt8](repeating: 7, count: 300)]
        let bytes = bundle(of: entries)
        #expect(bytes == [0, 3, 1, 2, 3, 0, 0, 1, 44] + [UInt8](repeating: 7, count: 300))
        #expect(entriesOfBundle(bytes) == entries)
        #expect(entriesOfBundle([]) == [])
        #expect(bundle(of: []) == [])
    }

    @Test func theLongestEntryAndTheFullestBundleSurvive() {
        let long = [[UInt8](repeating: 1, count: 0xffff)]
        #expect(entriesOfBundle(bundle(of: long)) == long)
        let full = (0..<256).map { [UInt8($0)] }
        #expect(entriesOfBundle(bundle(of: full)) == full)
        #expect(entriesOfBundle(bundle(of: full + [[1]])) == nil)
    }

    @Test func aBundleThatIsCutIsNone() {
        let bytes = bundle(of: [[1, 2, 3], [4], [5, 6]])
        let ends = [0, 5, 8, 12]
        for count in 0...bytes.count {
            #expect((entriesOfBundle(Array(bytes.prefix(count))) != nil) == ends.contains(count))
        }
        #expect(entriesOfBundle([0xff, 0xff]) == nil)
        #expect(entriesOfBundle([UInt8](repeating: 0, count: 100_000)) == nil)
    }

    @Test func randomBytesCrashNothing() {
        var random = SeededRandom(seed: 4)
        for _ in 0..<2_000 {
            let bytes = (0..<Int.random(in: 0...64, using: &random)).map { _ in UInt8(random.next() & 3) }
            if let entries = entriesOfBundle(bytes) { #expect(bundle(of: entries) == bytes) }
        }
    }
}

struct TileBytesTests {
    @Test func aTileIsItsHashesOneAfterAnother() {
        let hashes = Array(Vectors.leaves.prefix(256))
        let bytes = tileBytes(hashes)
        #expect(bytes.count == 8_192)
        #expect(tileHashes(bytes) == hashes)
        #expect(tileHashes([]) == [])
        for extra in 1..<32 { #expect(tileHashes(Array(bytes.prefix(64 + extra))) == nil) }
    }

    @Test func tilesOfTheVectorsLogLeadToItsRoot() {
        let roots = [0, 256].map { naiveRoot(Vectors.leaves[$0..<($0 + 256)]) }
        var range = CompactRange()
        for root in roots { range.append(root, level: Tiling.height) }
        for leaf in Vectors.leaves[512...] { range.append(leaf) }
        #expect(range.root == Vectors.log["roots"]!["600"]!.digest)
    }
}
