/// Runs whole federations under faults, one seed after another.
package enum Simulation {
    package struct Options: Sendable {
        /// Drawn from each seed where none is given.
        package var nodes: Int?
        /// Virtual minutes in which faults come.
        package var minutes: UInt64 = 3
        package var groups: Set<FaultGroup> = Set(FaultGroup.allCases)
        /// Tells what happens, on the standard output.
        package var isTold = false

        package init() {}
    }

    /// What came of one seed.
    package struct Outcome: Sendable {
        package let seed: UInt64
        /// What did not hold; empty where all did.
        package let failures: [String]
        package let counts: [FaultKind: Int]
        package let virtualMilliseconds: UInt64
        package let nodes: Int
        /// Equal for equal runs.
        package let trace: UInt64
    }

    /// Virtual milliseconds after the last fault within which everything must be well again.
    static let healingMilliseconds: UInt64 = 900_000

    /// Runs one seed. SQLite's random numbers belong to the process: no two runs at the same time.
    package static func run(seed: UInt64, _ options: Options) throws -> Outcome {
        SQLiteChance.begin(seed: seed)
        let plan = Plan(seed: seed, nodes: options.nodes, minutes: options.minutes, groups: options.groups)
        let world = try World(plan)
        world.isTold = options.isTold
        world.startAll()
        world.scheduleRecords()
        world.scheduleFaults()
        world.run(plan.faultMilliseconds)
        world.tell("the faults end")
        let reasons = world.heal(limit: healingMilliseconds)
        world.tell("healed: \(reasons)")
        if options.isTold { for city in world.cities { world.command(city, "status") } }
        let failures = reasons.isEmpty ? world.check() : reasons
        world.end()
        return Outcome(
            seed: seed, failures: failures, counts: world.counts, virtualMilliseconds: world.now, nodes: plan.nodes,
            trace: world.trace)
    }
}
