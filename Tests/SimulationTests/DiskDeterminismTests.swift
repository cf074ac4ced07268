import Testing

@testable import Simulation

@Suite(.serialized) struct DiskDeterminismTests {
    /// What SQLite draws comes from the seed too, as long as nobody else in the process uses it meanwhile: the salts of its
    /// write-ahead logs are in the images.
    @Test func theSameSeedLeavesTheSameBytes() throws {
        func images(seed: UInt64) throws -> [DiskImage] {
            SQLiteChance.begin(seed: seed)
            defer { SQLiteChance.end() }
            let disk = SimulatedDisk(seed: seed)
            var random = SeededRandom(seed: seed)
            var images: [DiskImage] = []
            for round in 0..<4 {
                let scenario = StoreScenario(disk)
                try scenario.open()
                try scenario.goOn()
                disk.haltMoment = disk.moments + Int.random(in: 10..<80, using: &random)
                while !disk.isHalted { try? scenario.grow(to: scenario.promised.count + 7) }
                disk.crash(round == 1 ? .process : .power, using: &random)
                scenario.abandon()
                images += [disk.image, disk.visibleImage]
            }
            return images
        }
        let first = try images(seed: 5)
        #expect(try images(seed: 5) == first)
        #expect(try images(seed: 6) != first)
    }
}
