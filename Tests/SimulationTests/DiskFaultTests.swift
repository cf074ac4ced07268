import Storage
import Testing

@testable import Simulation

/// The stores of a node on a disk that is full, read-only, failing or damaged.
@Suite struct DiskFaultTests {
    @Test(arguments: [UInt64](1...3))
    func aFullDiskIsToldAndTheStoresGoOnOnceThereIsRoom(seed: UInt64) throws {
        let disk = SimulatedDisk(seed: seed)
        var random = SeededRandom(seed: seed)
        let scenario = StoreScenario(disk)
        try scenario.open()
        try scenario.grow(to: 50)
        for _ in 0..<12 {
            disk.faults.capacity = disk.visibleImage.byteCount + Int.random(in: 0..<200_000, using: &random)
            do {
                while scenario.promised.count < 5_000 { try scenario.grow(to: scenario.promised.count + 40) }
                Issue.record("the disk was never full")
            } catch let failure as StoreFailure {
                #expect(failure.code == .diskFull)
            } catch let failure as HistoryFailure {
                guard case .unavailable = failure else { throw failure }
            }
            let finding = try scenario.finding()
            #expect(finding.entries == scenario.promised && finding.damages == [])
            disk.faults.capacity = nil
            scenario.work.runDelayed()
            try scenario.grow(to: scenario.promised.count + 10)
            #expect(try scenario.finding().foldedRecords == scenario.promised.count)
        }
        try scenario.close()
        try scenario.open()
        #expect(try scenario.finding().entries == scenario.promised)
    }

    @Test func aReadOnlyDiskIsToldAndServedFrom() throws {
        let disk = SimulatedDisk(seed: 1)
        let scenario = StoreScenario(disk)
        try scenario.open()
        try scenario.grow(to: 300)
        disk.faults.isReadOnly = true
        let failure = #expect(throws: StoreFailure.self) { try scenario.grow(to: 301) }
        #expect(failure?.code == .inputOutput)
        #expect(try scenario.finding().entries == scenario.promised)
        disk.faults.isReadOnly = false
        scenario.work.runDelayed()
        try scenario.grow(to: 305)
        try scenario.close()
        disk.faults.isReadOnly = true
        #expect(throws: StoreFailure.self) { try LogStore(path: "log.sqlite", options: scenario.logOptions) }
        var options = scenario.logOptions
        options.isReadOnly = true
        let reading = try LogStore(path: "log.sqlite", options: options)
        #expect(reading.state(StoreScenario.origin)?.size == 305)
        try reading.close()
    }

    @Test(arguments: [UInt64](1...3))
    func failuresNowAndThenLoseNothing(seed: UInt64) throws {
        let disk = SimulatedDisk(seed: seed)
        var random = SeededRandom(seed: seed)
        let scenario = StoreScenario(disk)
        try scenario.open()
        var failures = 0
        for round in 0..<30 {
            disk.faults.failedReadsPerMillion = 1_000
            disk.faults.failedWritesPerMillion = 5_000
            disk.faults.failedSyncsPerMillion = 50_000
            do { try scenario.grow(to: scenario.promised.count + Int.random(in: 1...30, using: &random)) } catch {
                failures += 1
            }
            disk.faults = DiskFaults()
            scenario.work.runDelayed()
            if round % 10 == 9 {
                disk.crash(.power, using: &random)
                scenario.abandon()
                try scenario.open()
            }
            try scenario.fold()
            let finding = try scenario.finding()
            #expect(finding.damages == [])
            #expect([scenario.promised, scenario.attempted].contains(finding.entries), "round \(round)")
            try scenario.goOn()
        }
        #expect(failures > 0)
    }

    /// Damage at rest: the store is not opened, or the verifier finds it, or nothing that counts has changed. Damage in a
    /// write-ahead log may also bring an earlier state back, as an older image of the disk would.
    @Test(arguments: DiskDamage.Kind.allCases, ["log.sqlite", "log.sqlite-wal"])
    func damageIsFoundOrHarmless(kind: DiskDamage.Kind, file: String) throws {
        let scenario = StoreScenario(SimulatedDisk(seed: 1))
        try scenario.open()
        try scenario.grow(to: 200)
        let older = scenario.disk.visibleImage
        try scenario.workADay()
        let image = scenario.disk.visibleImage
        for seed in UInt64(0)..<40 {
            let disk = SimulatedDisk(seed: seed)
            var random = SeededRandom(seed: seed)
            disk.restore(image)
            guard let damage = disk.damage(kind, file, older: older, using: &random) else { continue }
            let outcome = try Self.outcome(disk, scenario.promised)
            let allowed: Set<Outcome> =
                file.hasSuffix("wal") ? [.refused, .found, .harmless, .earlier] : [.refused, .found, .harmless]
            #expect(allowed.contains(outcome), "\(damage), seed \(seed)")
        }
    }

    private enum Outcome {
        case refused, found, harmless, earlier, wrong
    }

    private static func outcome(_ disk: SimulatedDisk, _ expected: [StoredEntry]) throws -> Outcome {
        let scenario = StoreScenario(disk, holding: expected.count)
        do {
            try scenario.open()
            let finding = try scenario.finding()
            if finding.damages != [] { return .found }
            if finding.entries == expected { return .harmless }
            return expected.map(\.entry).starts(with: finding.entries.map(\.entry)) ? .earlier : .wrong
        } catch is StoreFailure { return .refused } catch is HistoryFailure { return .refused }
    }
}
