import Encoding
import Federation
import Scoring
import Testing

struct VectorTests {
    @Test func thereAreNinetySixWorlds() {
        #expect(World.all.count == 96)
        #expect(World.all.contains { $0.population == nil })
        #expect(World.all.contains { $0.population != nil })
    }

    @Test(arguments: 0..<96)
    func everyStandingsRootIsTheExpectedOne(number: Int) {
        let world = World.all[number]
        let histories = world.histories(world.records.indices)
        #expect(!world.expected.isEmpty)
        for expected in world.expected {
            let (scores, root) = world.standings(day: expected.day, histories)
            #expect(Set(scores.keys) == Set(expected.standings.keys), "world \(number), day \(expected.day)")
            for (subject, standing) in expected.standings {
                #expect(scores[subject]?.score == standing.score, "world \(number), day \(expected.day), \(subject)")
                #expect(scores[subject]?.tier == standing.tier, "world \(number), day \(expected.day), \(subject)")
            }
            #expect(root == expected.root, "world \(number), day \(expected.day)")
        }
    }
}
