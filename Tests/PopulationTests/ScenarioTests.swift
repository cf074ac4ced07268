import Population
import Testing

struct ScenarioTests {
    @Test func anEnrolledPopulationIsNeverGenerated() throws {
        let topology = try Repository.topology("volunteer")
        let rulebook = try Repository.rulebook("volunteer")
        #expect(throws: ScenarioFailure.populationNotSynthetic) {
            try Scenario(topology: topology, rulebook: rulebook, residents: 1, years: 1)
        }
        #expect(throws: ScenarioFailure.populationNotSynthetic) {
            try Scenario(
                topology: SmallWorld.topology(), rulebook: SmallWorld.rulebook(population: "enrolled"), years: 1)
        }
        #expect(throws: ScenarioFailure.populationNotSynthetic) {
            try Scenario(topology: SmallWorld.topology(seed: nil), rulebook: SmallWorld.rulebook(), years: 1)
        }
    }

    @Test func aScenarioNeedsACityAndFactors() throws {
        #expect(throws: ScenarioFailure.noCity) {
            try Scenario(topology: SmallWorld.topology(cities: 0), rulebook: SmallWorld.rulebook(), years: 1)
        }
        #expect(throws: ScenarioFailure.noFactor) {
            try Scenario(topology: SmallWorld.topology(), rulebook: SmallWorld.rulebook(factors: ""), years: 1)
        }
    }

    @Test(arguments: [0, -1, 5_001, Int.max, Int.min])
    func residentsAreThoseOfThePopulation(residents: Int) throws {
        #expect(throws: ScenarioFailure.residents(residents, maximum: 5_000)) {
            try SmallWorld.scenario(residents: residents)
        }
    }

    @Test(arguments: [0, -1, 101, Int.max, Int.min])
    func yearsAreOneToAHundred(years: Int) throws {
        #expect(throws: ScenarioFailure.years(years)) { try SmallWorld.scenario(years: years) }
    }

    @Test func withoutANumberTheWholePopulationLives() throws {
        let scenario = try Scenario(topology: SmallWorld.topology(), rulebook: SmallWorld.rulebook(), years: 1)
        #expect(scenario.residents == 5_000)
        #expect(scenario.endDay - scenario.startDay == 366, "from the 29th of February to the 1st of March")
    }

    @Test func factorsOfNoOrOfAllPointsAreLived() throws {
        let factors = [0, 1_000_000, -1_000_000].enumerated().map {
            #"{"code": "f\#($0)", "title": "f", "realm": "life", "points": \#($1)}"#
        }
        let rulebook = try SmallWorld.rulebook(factors: factors.joined(separator: ","))
        let scenario = try Scenario(topology: SmallWorld.topology(), rulebook: rulebook, residents: 500, years: 1)
        #expect((500 * 15...500 * 25).contains(occurrences(scenario).count))
    }
}
