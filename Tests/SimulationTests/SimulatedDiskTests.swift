import Storage
import Testing

@testable import Simulation

/// What a simulated disk keeps and loses, by itself.
@Suite struct SimulatedDiskTests {
    private func content(_ disk: SimulatedDisk, _ name: String) -> [UInt8]? { disk.visibleImage.files[name] }

    @Test func whatWasSyncedSurvivesAndWhatWasNotMayBeLost() throws {
        var seen: Set<[UInt8]?> = []
        for seed in UInt64(0)..<200 {
            let disk = SimulatedDisk(seed: seed)
            var random = SeededRandom(seed: seed)
            let file = try DiskPlainFile(disk, "a")
            try file.write([1, 2, 3, 4], at: 0)
            try file.sync()
            try disk.syncFolder()
            try file.write([9], at: 1)
            try file.write([7], at: 6)
            #expect(try file.read(at: 0, count: 10) == [1, 9, 3, 4, 0, 0, 7])
            #expect(disk.image.files["a"] == [1, 2, 3, 4])
            disk.crash(.power, using: &random)
            seen.insert(content(disk, "a"))
            #expect(disk.image == disk.visibleImage)
            #expect(throws: DiskFailure.dead) { try file.read(at: 0, count: 1) }
        }
        // Each of the two writes by itself; and the end of the file without its byte.
        #expect(
            seen == [
                [1, 2, 3, 4], [1, 9, 3, 4], [1, 2, 3, 4, 0, 0, 7], [1, 9, 3, 4, 0, 0, 7], [1, 2, 3, 4, 0, 0, 0],
                [1, 9, 3, 4, 0, 0, 0],
            ])
    }

    @Test func aLongWriteIsTornAtSectorsOnly() throws {
        var isTorn = false
        for seed in UInt64(0)..<300 {
            let disk = SimulatedDisk(seed: seed)
            var random = SeededRandom(seed: seed)
            let file = try DiskPlainFile(disk, "a")
            try file.write([UInt8](repeating: 1, count: 4_096), at: 0)
            try file.sync()
            try disk.syncFolder()
            try file.write([UInt8](repeating: 2, count: 3_000), at: 100)
            disk.crash(.power, using: &random)
            let bytes = try #require(content(disk, "a"))
            let edges = (1..<4_096).filter { bytes[$0] != bytes[$0 - 1] }
            #expect(edges.allSatisfy { $0 % 512 == 0 || $0 == 100 || $0 == 3_100 }, "seed \(seed)")
            if edges.count > 2 { isTorn = true }
        }
        #expect(isTorn)
    }

    @Test func aNewFileIsThereForSureOnlyOnceTheFolderIsSynced() throws {
        func survivors(syncsFolder: Bool) throws -> Int {
            try (UInt64(0)..<100).reduce(0) { count, seed in
                let disk = SimulatedDisk(seed: seed)
                var random = SeededRandom(seed: seed)
                let file = try DiskPlainFile(disk, "a")
                try file.write([1], at: 0)
                try file.sync()
                if syncsFolder { try disk.syncFolder() }
                disk.crash(.power, using: &random)
                return count + (content(disk, "a") == [1] ? 1 : 0)
            }
        }
        #expect(try survivors(syncsFolder: true) == 100)
        #expect((1..<100).contains(try survivors(syncsFolder: false)))
    }

    @Test func aRenamedFileIsTheOldOneOrTheNewOne() throws {
        for seed in UInt64(0)..<100 {
            let disk = SimulatedDisk(seed: seed)
            var random = SeededRandom(seed: seed)
            for (name, byte) in [("a", UInt8(1)), ("a.new", 2)] {
                let file = try DiskPlainFile(disk, name)
                try file.write([byte], at: 0)
                try file.sync()
                if name == "a" { try disk.syncFolder() }
            }
            try disk.rename("a.new", to: "a")
            disk.crash(.power, using: &random)
            #expect([[1], [2]].contains(content(disk, "a")))
        }
    }

    @Test func theEndOfAProcessLosesNothingAndMakesNothingDurable() throws {
        let disk = SimulatedDisk(seed: 1)
        var random = SeededRandom(seed: 1)
        let file = try DiskPlainFile(disk, "a")
        try file.write([1, 2], at: 0)
        disk.crash(.process, using: &random)
        #expect(content(disk, "a") == [1, 2])
        #expect(disk.image.files["a"] == nil)
        #expect(throws: DiskFailure.dead) { try file.write([1], at: 0) }
        #expect(try DiskPlainFile(disk, "a").read(at: 0, count: 5) == [1, 2])
    }

    @Test func fromTheHaltOnNothingIsDone() throws {
        let disk = SimulatedDisk(seed: 1)
        var halts = 0
        disk.onHalt = { halts += 1 }
        let file = try DiskPlainFile(disk, "a")
        disk.haltMoment = disk.moments + 2
        #expect(throws: DiskFailure.dead) { try file.write([1], at: 0) }
        // The moment was the one after the write.
        #expect(content(disk, "a") == [1])
        #expect(disk.isHalted && halts == 1)
        #expect(throws: DiskFailure.dead) { try file.read(at: 0, count: 1) }
        #expect(throws: DiskFailure.dead) { try disk.delete("a", syncsFolder: false) }
        #expect(throws: StoreFailure.self) { try LogStore(path: "log.sqlite", options: StoreScenario(disk).logOptions) }
        let image = disk.visibleImage
        #expect(image.names == ["a"])
    }

    @Test func whatADeadNodeHadOpenIsLetGo() async throws {
        weak var remembered: SimulatedDisk?
        do {
            let disk = SimulatedDisk(seed: 1)
            remembered = disk
            let scenario = StoreScenario(disk)
            try scenario.open()
            try scenario.grow(to: 10)
            var random = SeededRandom(seed: 1)
            disk.crash(.power, using: &random)
            let next = StoreScenario(disk, holding: 10)
            try next.open()
            scenario.abandon()
            #expect(try next.finding().foldedRecords == 10)
            try next.close()
        }
        // A thread that has just closed a connection lets go of it a moment after it has said so.
        for _ in 0..<1_000 where remembered != nil { try await Task.sleep(for: .milliseconds(10)) }
        #expect(remembered == nil)
    }

    @Test func twoDisksAreSwapped() throws {
        let disks = [SimulatedDisk(seed: 1), SimulatedDisk(seed: 2)]
        for (number, disk) in disks.enumerated() {
            let file = try DiskPlainFile(disk, "a")
            try file.write([UInt8(number)], at: 0)
            try file.sync()
            try disk.syncFolder()
        }
        let images = disks.map(\.image)
        disks[0].restore(images[1])
        disks[1].restore(images[0])
        #expect(disks.map { content($0, "a") } == [[1], [0]])
    }

    @Test func everyKindOfDamageStaysInItsFileAndIsTold() throws {
        for kind in DiskDamage.Kind.allCases {
            var count = 0
            for seed in UInt64(0)..<50 {
                let disk = SimulatedDisk(seed: seed)
                var random = SeededRandom(seed: seed)
                var files = ["a": random.bytes(3_000), "b": random.bytes(3_000)]
                disk.restore(DiskImage(files))
                let old = DiskImage(["a": random.bytes(2_000)])
                // A chunk may be copied to where it was.
                guard let damage = disk.damage(kind, "a", older: old, using: &random) else { continue }
                count += 1
                #expect(disk.image.files["b"] == files["b"])
                #expect(disk.image == disk.visibleImage)
                let bytes = try #require(disk.image.files["a"])
                files["a"] = Array((files["a"] ?? []).prefix(bytes.count))
                if kind == .truncated { #expect(bytes == files["a"] && bytes.count == damage.range.lowerBound) }
                if kind == .olderFile { #expect(bytes == old.files["a"]) }
                for place in bytes.indices where !damage.range.contains(place) {
                    #expect(bytes[place] == files["a"]?[place], "\(damage), seed \(seed)")
                }
            }
            #expect(count > 30, "\(kind)")
        }
        var random = SeededRandom(seed: 1)
        #expect(SimulatedDisk(seed: 1).damage(.flippedBit, "a", using: &random) == nil)
    }

    @Test func aMisdirectedWriteLandsElsewhereOnce() throws {
        let disk = SimulatedDisk(seed: 3)
        let file = try DiskPlainFile(disk, "a.sqlite")
        try file.write([UInt8](repeating: 1, count: 64 << 10), at: 0)
        disk.misdirectedSuffix = ".sqlite"
        try file.write([UInt8](repeating: 2, count: 4_096), at: 8_192)
        #expect(try file.read(at: 8_192, count: 4_096).contains(1))
        #expect(try file.read(at: 0, count: 64 << 10).count { $0 == 2 } == 4_096)
        try file.write([2], at: 0)
        #expect(try file.read(at: 0, count: 1) == [2])
    }
}
