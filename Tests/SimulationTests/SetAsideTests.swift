import Federation
import Scoring
import Storage
import Testing
import TransparencyLog

@testable import NodeRuntime
@testable import Simulation

/// What a city keeps aside comes into its log, and only once.
@Suite struct SetAsideTests {
    /// A city whose first log was cut to 100 of 300 entries, and that may not publish yet.
    private func opened() throws -> (ForkScenario, SimulatedDisk, Node) {
        let scenario = try ForkScenario(.unconfirmed, decidedSizes: [100])
        let disk = SimulatedDisk(seed: 1)
        disk.restore(scenario.image)
        let node = try scenario.open(disk)
        try scenario.settle(node)
        #expect(try node.log.asideCount() == 200)
        return (scenario, disk, node)
    }

    /// A revised decision may leave the forked log more than the first one did, while what that one cut off waits still.
    @Test func whatARevisedDecisionGivesBackIsNotRecordedAgain() throws {
        let (scenario, _, node) = try opened()
        try node.log.write { try scenario.append(ForkScenario.old, 100..<270, $0) }
        try node.putBackAside()
        #expect(try node.log.asideCount() == 0)
        #expect(node.log.state(ForkScenario.own)?.size == UInt64(ForkScenario.ownSize + 30))
        let held = try ForkScenario.bodies(node)
        #expect(held.count == ForkScenario.oldSize + ForkScenario.ownSize && Set(held).count == held.count)
        try node.close()
    }

    /// Where the clock has not gone on since the process before, its entries are told apart by their times all the same.
    @Test func correctionsThatTwoProcessesRecordedAsideAreBothPutBack() throws {
        let (scenario, disk, first) = try opened()
        func appeal(_ index: UInt64, _ node: Node) throws {
            let target = Position(origin: ForkScenario.own.line, index: index)
            let reason = Array("reason \(index)".utf8)
            let subject = SimulatedFederation.population.subject(index)
            let draft = Draft.body(day: 18_301, subject: subject, content: .appeal(target: target, reason: reason))
            #expect(try node.record([draft]).isAside)
        }
        try appeal(0, first)
        try first.close()
        let second = try scenario.open(disk)
        try appeal(1, second)
        try second.putBackAside()
        #expect(second.log.state(ForkScenario.own)?.size == UInt64(ForkScenario.ownSize + 202))
        try second.close()
    }
}
