import Federation
import Scoring
import Simulation
import Testing

/// State is a set: neither order, nor how it arrived in parts, nor repetition changes a root.
struct MergeLawTests {
    @Test(arguments: 0..<96)
    func orderAndRepetitionChangeNoRoot(number: Int) {
        let world = World.all[number]
        var generator = SeededRandom(seed: UInt64(number))
        for expected in world.expected {
            for _ in 0..<4 {
                var order = Array(world.records.indices)
                for _ in 0..<Int.random(in: 0...order.count, using: &generator) {
                    order.append(Int.random(in: 0..<world.records.count, using: &generator))
                }
                order.shuffle(using: &generator)
                #expect(world.standings(day: expected.day, world.histories(order)).root == expected.root)
            }
        }
    }

    @Test(arguments: 0..<96)
    func theUnionOfAnyPartsHasTheRootOfTheWhole(number: Int) {
        let world = World.all[number]
        var generator = SeededRandom(seed: UInt64(number) + 1_000)
        for expected in world.expected {
            var parts: [[Int]] = [[], [], []]
            for place in world.records.indices {
                // Every record arrives at least once, in one part or in several.
                let home = Int.random(in: 0..<3, using: &generator)
                for part in 0..<3 where part == home || Bool.random(using: &generator) { parts[part].append(place) }
            }
            for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
                let union = order.flatMap { parts[$0] }
                #expect(world.standings(day: expected.day, world.histories(union)).root == expected.root)
            }
        }
    }

    /// The root depends on what is scored: without this, the two tests above could pass on constants.
    @Test func aMissingRecordChangesSomeRoot() {
        let changed = World.all.count { world in
            let day = world.expected.last!.day
            return world.records.indices.contains { place in
                let rest = world.records.indices.filter { $0 != place }
                return world.standings(day: day, world.histories(rest)).root != world.expected.last!.root
            }
        }
        #expect(changed > 48)
    }

    @Test func oneScorerForAllSubjectsIsAsGoodAsOneForEach() {
        for world in World.all {
            let day = world.expected.last!.day
            var shared = Scorer(world.context(day: day))
            for (subject, history) in world.histories(world.records.indices) {
                var own = Scorer(world.context(day: day))
                let isSame =
                    shared.score(subject, history, leafHash: world.leafHash)
                    == own.score(subject, history, leafHash: world.leafHash)
                #expect(isSame)
            }
        }
    }
}
