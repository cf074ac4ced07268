import Federation
import NodeRuntime
import Storage
import Testing
import TransparencyLog

@testable import Simulation

/// A node that is killed at any durable step of carrying out a decision on a fork.
@Suite struct ForkCrashTests {
    @Test(arguments: ForkScenario.Role.allCases, SimulatedDisk.Outage.allCases)
    func aDecisionIsCarriedOutWhereverTheNodeDies(role: ForkScenario.Role, outage: SimulatedDisk.Outage) throws {
        try killEverywhere(ForkScenario(role, decidedSizes: [270]), outage, every: outage == .power ? 2 : 12)
    }

    /// What was cut off before waits, or stands in the present log already.
    @Test(arguments: ForkScenario.Role.allCases)
    func aDecisionThatIsRevisedIsCarriedOutWhereverTheNodeDies(role: ForkScenario.Role) throws {
        try killEverywhere(ForkScenario(role, decidedSizes: [270, 100]), .power, every: 6)
    }

    /// The moment before a step leaves what the moment after the step before it left: with every other one all are tried.
    private func killEverywhere(_ scenario: ForkScenario, _ outage: SimulatedDisk.Outage, every step: Int) throws {
        var moment = 2
        while try isKilled(at: moment, scenario, outage) { moment += step }
        #expect(moment > 100)
    }

    /// False if all was done before the moment came.
    private func isKilled(at moment: Int, _ scenario: ForkScenario, _ outage: SimulatedDisk.Outage) throws -> Bool {
        let disk = SimulatedDisk(seed: UInt64(moment))
        disk.restore(scenario.image)
        let node = try scenario.open(disk)
        disk.haltMoment = disk.moments + moment
        do { try scenario.settle(node) } catch { #expect(disk.isHalted, "moment \(moment): \(error)") }
        guard disk.isHalted else {
            disk.haltMoment = nil
            try expectSettled(node, scenario, moment)
            try node.close()
            return false
        }
        var random = SeededRandom(seed: UInt64(moment))
        disk.crash(outage, using: &random)
        try? node.close()
        let next = try scenario.open(disk)
        try expectWhole(next, scenario, moment)
        try scenario.settle(next)
        try expectSettled(next, scenario, moment)
        try next.close()
        return true
    }

    /// As before or as after, and nothing that was recorded is lost.
    private func expectWhole(_ node: Node, _ scenario: ForkScenario, _ moment: Int) throws {
        let state = try #require(node.log.state(ForkScenario.old))
        let sizes = [nil: UInt64(ForkScenario.oldSize)].merging(
            scenario.decisions.map { (Optional($0.decision.number), $0.size) }, uniquingKeysWith: { $1 })
        #expect(state.size == sizes[state.decision?.number], "moment \(moment)")
        #expect(state.isForked && state.checkpoint?.size == state.size, "moment \(moment)")
        if scenario.role == .other { return }
        let held = try ForkScenario.bodies(node)
        #expect(held.count == ForkScenario.oldSize + ForkScenario.ownSize, "moment \(moment)")
        #expect(
            Set(held) == Set(ForkScenario.bodies(ForkScenario.old) + ForkScenario.bodies(ForkScenario.own)),
            "moment \(moment)")
    }

    private func expectSettled(_ node: Node, _ scenario: ForkScenario, _ moment: Int) throws {
        try expectWhole(node, scenario, moment)
        #expect(try node.verify { _, _, _ in }.isSound, "moment \(moment)")
        let decided = try #require(scenario.decisions.last)
        #expect(node.log.state(ForkScenario.old)?.decision == decided.decision, "moment \(moment)")
        let cut = UInt64(ForkScenario.oldSize) - decided.size
        let own = node.log.state(ForkScenario.own)
        switch scenario.role {
        case .confirmed:
            #expect(try node.log.asideCount() == 0, "moment \(moment)")
            #expect(own?.size == UInt64(ForkScenario.ownSize) + cut && own?.checkpoint?.size == own?.size, "moment \(moment)")
        case .unconfirmed:
            #expect(try node.log.asideCount() == cut, "moment \(moment)")
            #expect(own?.size == UInt64(ForkScenario.ownSize), "moment \(moment)")
        case .other: #expect(try node.log.asideCount() == 0, "moment \(moment)")
        }
    }
}

extension ForkScenario {
    /// Of both logs, and of what is aside.
    static func bodies(_ node: Node) throws -> [[UInt8]] {
        var bodies: [[UInt8]] = []
        for origin in [old, own] {
            let size = node.log.state(origin)?.size ?? 0
            bodies += try node.log.packed(origin, 0..<size).flatMap(\.unpacked).map(\.body)
        }
        try node.log.forEachAside { run in bodies += run.items.unpacked.map(\.body) }
        return bodies
    }
}
