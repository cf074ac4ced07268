import Testing

@testable import Simulation

/// The stores of a node, killed at every durable step.
@Suite struct DiskCrashTests {
    /// The moment before a step leaves what the moment after the step before it left, so every other one is tried.
    @Test func aNewNodeSurvivesAPowerFailureAtAnyStep() throws {
        var moment = 2
        while try isKilled(at: moment, .power, seed: UInt64(moment), holding: 0, { try $0.begin() }) { moment += 2 }
        #expect(moment > 200)
    }

    @Test func whatWasPromisedIsThereAfterAPowerFailureAtAnyStep() throws {
        let image = try Self.image(holding: 250)
        var moment = 2
        while try isKilled(
            at: moment, .power, seed: UInt64(moment), image, holding: 250, { try $0.goThroughTheDay() })
        { moment += 2 }
        #expect(moment > 200)
    }

    @Test func whatWasPromisedIsThereAfterTheEndOfTheProcess() throws {
        let image = try Self.image(holding: 250)
        var moment = 2
        while try isKilled(at: moment, .process, seed: 1, image, holding: 250, { try $0.goThroughTheDay() }) {
            moment += 10
        }
        #expect(moment > 200)
    }

    private static func image(holding count: Int) throws -> DiskImage {
        let scenario = StoreScenario(SimulatedDisk(seed: 0))
        try scenario.open()
        try scenario.grow(to: count)
        try scenario.close()
        return scenario.disk.image
    }

    /// Kills a run at a moment, restarts it, and holds what is there against what was promised; false if the run was over
    /// before.
    private func isKilled(
        at moment: Int, _ outage: SimulatedDisk.Outage, seed: UInt64, _ image: DiskImage = DiskImage(), holding count: Int,
        _ run: (StoreScenario) throws -> Void
    ) throws -> Bool {
        let disk = SimulatedDisk(seed: seed)
        disk.restore(image)
        disk.haltMoment = moment
        let scenario = StoreScenario(disk, holding: count)
        do { try run(scenario) } catch { #expect(disk.isHalted, "moment \(moment): \(error)") }
        guard disk.isHalted else { return false }
        var random = SeededRandom(seed: seed &+ 1_000)
        disk.crash(outage, using: &random)
        scenario.abandon()
        try scenario.open()
        let finding = try scenario.finding()
        #expect(finding.damages == [], "moment \(moment)")
        #expect([scenario.promised, scenario.attempted].contains(finding.entries), "moment \(moment)")
        #expect(finding.foldedRecords == finding.entries.count, "moment \(moment)")
        #expect(finding.remains == [], "moment \(moment)")
        // Nothing that was kept stands in the way of going on.
        try scenario.goOn()
        #expect(try scenario.finding().foldedRecords == finding.entries.count + 5)
        try scenario.close()
        return true
    }
}
