import Federation
import Scoring
import Testing

/// What is particular about people who enrolled. Origins as in `FoldTests`.
struct EnrolledFoldTests {
    private func fixture(streaks: String = "") throws -> Fixture {
        var text = RulebookText()
        text.population = "enrolled"
        text.streaks = streaks
        return try Fixture(text)
    }

    @Test func beforeEnrolmentNothingIsScored() throws {
        var fixture = try fixture()
        fixture.add(.observation, 0, 1, "2024-06-01")
        #expect(fixture.score() == nil)
        #expect(fixture.fates() == ["x/a/1:1": .outOfRange(.notEnrolled)])
        fixture.add(.enrolment, 0, 2, "2024-06-02")
        #expect(fixture.score() == 1_000)
        fixture.add(.enrolment, 0, 3, "2024-06-01")
        #expect(fixture.score() == 1_001)
        #expect(fixture.score(on: "2024-05-31") == nil)
    }

    @Test func anEnrolmentCountsForItsNodeAndAnAuthoritysForAll() throws {
        for (origin, expected) in [(0, 1_001), (3, 1_001), (1, 1_000), (2, 1_001)] as [(Int, Int64)] {
            var fixture = try fixture()
            fixture.add(.observation, 0, 1)
            fixture.add(.enrolment, origin, 2, "2024-02-01")
            #expect(fixture.score() == expected)
        }
    }

    @Test func aWithdrawalTakesOutWhatItsNodeSaid() throws {
        var fixture = try fixture()
        fixture.add(.enrolment, 0, 0, "2024-02-01")
        fixture.add(.enrolment, 1, 0, "2024-02-01")
        fixture.add(.observation, 0, 1)
        fixture.add(.observation, 1, 1)
        #expect(fixture.score() == 1_002)
        // Its own day does not matter.
        fixture.add(.withdrawal, 3, 5, "2031-01-01")
        #expect(fixture.score() == 1_001)
        let withdrawal = position("x/a/2:5")
        #expect(
            fixture.fates() == [
                "x/a/1:0": .withdrawn(by: withdrawal), "x/a/1:1": .withdrawn(by: withdrawal), "x/a/2:5": .noted,
                "x/b/1:0": .noted, "x/b/1:1": .counted,
            ])
        let hidden = fixture.explanation().entries.filter { $0.content == nil }.map(\.position.description)
        #expect(hidden == ["x/a/1:0", "x/a/1:1"])
        #expect(positions(fixture, "x/a") == ["x/a/1:0", "x/a/1:1"])
        #expect(positions(fixture, "x/b") == [])
        fixture.erasures = [ErasureRecord(origin: 0, index: 80, targetOrigin: 0, targetIndex: 0)]
        #expect(positions(fixture, "x/a") == ["x/a/1:1"])
        fixture.erasures = [ErasureRecord(origin: 0, index: 80, targetOrigin: 3, targetIndex: 5)]
        #expect(fixture.score() == 1_002)
    }

    private func positions(_ fixture: Fixture, _ node: String) -> [String] {
        var scorer = Scorer(fixture.context(on: "2024-12-31"))
        return scorer.withdrawnPositions(fixture.history, ofNode: Array(node.utf8)).map(\.description)
    }

    @Test func anAuthoritysWithdrawalTakesOutEverything() throws {
        var fixture = try fixture()
        fixture.add(.enrolment, 0, 0, "2024-02-01")
        fixture.add(.observation, 1, 1)
        fixture.add(.withdrawal, 4, 5)
        #expect(fixture.score() == nil)
        #expect(positions(fixture, "x/b") == ["x/b/1:1"])
        #expect(positions(fixture, "x/n") == [])
    }

    @Test func aWithdrawalMeansNothingInASyntheticPopulation() throws {
        var fixture = try Fixture(RulebookText())
        fixture.add(.observation, 0, 1)
        fixture.add(.withdrawal, 2, 5)
        #expect(fixture.score() == 1_001)
        #expect(positions(fixture, "x/a") == [])
    }

    @Test func aWithdrawnRetractionRetractsNothing() throws {
        var fixture = try fixture()
        fixture.add(.enrolment, 1, 0, "2024-02-01")
        fixture.add(.observation, 1, 1)
        fixture.add(.retraction, 2, 1, target: (1, 1))
        #expect(fixture.score() == 1_000)
        fixture.erasures = [ErasureRecord(origin: 2, index: 80, targetOrigin: 2, targetIndex: 1)]
        #expect(fixture.score() == 1_001)
    }

    @Test func streaksBeginWithTheFirstEnrolmentAnywhere() throws {
        var fixture = try fixture(streaks: #"{"code": "s", "title": "S", "points": 1, "every_days": 10}"#)
        fixture.add(.enrolment, 0, 0, "2024-03-01")
        #expect(fixture.score(on: "2024-03-11") == 1_001)
        #expect(fixture.score(on: "2024-03-01") == 1_000)
        fixture.add(.enrolment, 1, 0, "2024-02-20")
        #expect(fixture.score(on: "2024-03-11") == 1_002)
        fixture.add(.enrolment, 1, 1, "2023-02-20")
        #expect(fixture.score(on: "2024-01-20") == 1_001)
        // The subject stays in the standings of days before the first day that counts.
        #expect(fixture.score(on: "2023-12-01") == 1_000)
    }
}
