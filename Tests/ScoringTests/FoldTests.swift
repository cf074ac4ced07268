import Encoding
import Federation
import Scoring
import Simulation
import Testing

/// The steps one by one, on histories made by hand. Origins: 0 a/1, 1 b/1, 2 n/1, 3 a/2, 4 n/2, 5 n/10; n is an
/// authority.
struct FoldTests {
    private func synthetic(points: Int64 = -5, more: String = "", streaks: String = "") throws -> Fixture {
        var text = RulebookText()
        text.factors = """
            {"code": "f", "title": "F", "realm": "life", "points": \(points)\(more)},
            {"code": "g", "title": "G", "realm": "digital", "points": 2}
            """
        text.streaks = streaks
        return try Fixture(text)
    }

    @Test func theExampleOfTheArticle() throws {
        var fixture = try synthetic(
            more: #", "yearly_cap": 12, "expires_after_days": 730"#,
            streaks: #"{"code": "streak.clean", "title": "Clean", "points": 1, "every_days": 30, "cap": 60}"#)
        fixture.add(.observation, 0, 0, "2024-02-10", reference: "17")
        fixture.add(.observation, 1, 4, "2024-02-10", reference: "17")
        fixture.add(.observation, 0, 7, "2024-05-20", quantity: 2)
        fixture.add(.observation, 0, 9, "2024-06-01")
        fixture.add(.appeal, 0, 10, target: (0, 9))
        fixture.add(.observation, 1, 8, "2024-07-01")
        fixture.add(.ruling, 2, 2, verdict: 2, target: (1, 8))
        fixture.add(.observation, 1, 9, "2024-08-15", factor: 1, quantity: 3)
        #expect(fixture.score() == 1_005)
        #expect(
            fixture.fates() == [
                "x/a/1:0": .capped, "x/b/1:4": .duplicate(of: position("x/a/1:0")), "x/a/1:7": .capped,
                "x/a/1:9": .suspended(by: position("x/a/1:10")), "x/a/1:10": .noted,
                "x/b/1:8": .overturned(by: position("x/n/1:2")), "x/n/1:2": .noted, "x/b/1:9": .counted,
            ])
        let explanation = fixture.explanation()
        #expect(explanation.years.map(\.adjustment) == [3, 0])
        #expect(explanation.streaks.map(\.times) == [11])
        fixture.add(.ruling, 2, 3, verdict: 1, target: (0, 9))
        #expect(fixture.score() == 1_005)
        #expect(fixture.explanation().years.map(\.adjustment) == [8, 0])
    }

    @Test func onlyTheSameNodeOrAnAuthorityRetracts() throws {
        for (origin, expected) in [(0, 1_000), (3, 1_000), (2, 1_000), (1, 995)] as [(Int, Int64)] {
            var fixture = try synthetic()
            fixture.add(.observation, 0, 1)
            // Its own day is after the cut's: it counts nevertheless.
            fixture.add(.retraction, origin, 9, "2030-01-01", target: (0, 1))
            #expect(fixture.score() == expected)
            #expect((fixture.fates()["\(Fixture.origins[origin]):9"] == .withoutRight) == (expected == 995))
        }
    }

    @Test func aCorrectionOutsideTheCutIsNotThere() throws {
        var fixture = try synthetic()
        fixture.add(.observation, 0, 1)
        fixture.add(.retraction, 0, 9, target: (0, 1))
        fixture.sizes[0] = 9
        #expect(fixture.score() == 995)
        #expect(fixture.fates() == ["x/a/1:1": .counted])
        fixture.sizes[0] = 10
        #expect(fixture.score() == 1_000)
        fixture.sizes[0] = 1
        #expect(fixture.score() == nil)
    }

    @Test func theLastRulingIsByEpochAsANumberThenIndex() throws {
        let rulings: [([(origin: Int, index: UInt64, verdict: UInt8)], Int64)] = [
            ([(2, 1, 2)], 1_000), ([(2, 1, 2), (2, 2, 1)], 995), ([(2, 2, 2), (2, 1, 1)], 1_000),
            ([(2, 900, 1), (4, 1, 2)], 1_000), ([(2, 900, 2), (4, 1, 1)], 995),
            // Epoch 10 comes after epoch 2, although its line sorts before.
            ([(4, 900, 1), (5, 1, 2)], 1_000), ([(4, 900, 2), (5, 1, 1)], 995),
            // A city rules on nothing.
            ([(0, 1, 2)], 995), ([(1, 1, 2)], 995),
        ]
        for (given, expected) in rulings {
            var fixture = try synthetic()
            fixture.add(.observation, 0, 100)
            for ruling in given {
                fixture.add(.ruling, ruling.origin, ruling.index, verdict: ruling.verdict, target: (0, 100))
            }
            #expect(fixture.score() == expected, "\(given)")
        }
    }

    @Test func anAppealSuspendsUntilAnAuthorityRules() throws {
        for (origin, expected) in [(0, 1_000), (3, 1_000), (2, 1_000), (1, 995)] as [(Int, Int64)] {
            var fixture = try synthetic()
            fixture.add(.observation, 0, 1)
            fixture.add(.appeal, origin, 9, target: (0, 1))
            #expect(fixture.score() == expected)
            fixture.add(.ruling, 0, 50, verdict: 1, target: (0, 1))
            #expect(fixture.score() == expected)
            fixture.add(.ruling, 2, 50, verdict: 1, target: (0, 1))
            #expect(fixture.score() == 995)
        }
    }

    @Test func onlyTheSameNodeOrAnAuthorityErases() throws {
        for (origin, expected) in [(0, nil), (3, nil), (2, nil), (1, 995)] as [(UInt32, Int64?)] {
            var fixture = try synthetic()
            fixture.add(.observation, 0, 1)
            fixture.erasures = [ErasureRecord(origin: origin, index: 70, targetOrigin: 0, targetIndex: 1)]
            #expect(fixture.score() == expected)
            let entry = fixture.explanation().entries[0]
            #expect((entry.fate == .erased) == (expected == nil))
            #expect((entry.content == nil) == (expected == nil))
            fixture.sizes[Int(origin)] = 70
            #expect(fixture.score() == 995)
        }
    }

    @Test func anErasedRetractionRetractsNothing() throws {
        var fixture = try synthetic()
        fixture.add(.observation, 0, 1)
        fixture.add(.retraction, 0, 2, target: (0, 1))
        fixture.erasures = [
            ErasureRecord(origin: 0, index: 70, targetOrigin: 0, targetIndex: 2),
            ErasureRecord(origin: 0, index: 71, targetOrigin: 0, targetIndex: 2),
            ErasureRecord(origin: 0, index: 72, targetOrigin: 99, targetIndex: 1),
        ]
        #expect(fixture.score() == 995)
    }

    @Test func ofDuplicatesTheSmallestLeafHashCountsAndItsWholeHashDecides() throws {
        var fixture = try synthetic()
        fixture.add(.observation, 0, 3, reference: "r", leafPrefix: 8)
        fixture.add(.observation, 1, 1, reference: "r", leafPrefix: 7)
        // The last bytes of the fixture's hashes fall with the index.
        fixture.add(.observation, 0, 6, reference: "r", leafPrefix: 7)
        fixture.add(.observation, 2, 5, reference: "r", leafPrefix: 7)
        #expect(fixture.score() == 995)
        let winner = position("x/a/1:6")
        #expect(
            fixture.fates() == [
                "x/a/1:6": .counted, "x/a/1:3": .duplicate(of: winner), "x/b/1:1": .duplicate(of: winner),
                "x/n/1:5": .duplicate(of: winner),
            ])
    }

    @Test func whatDiffersInAnythingIsNoDuplicate() throws {
        var fixture = try synthetic(points: -1)
        fixture.add(.observation, 0, 1, reference: "r")
        fixture.add(.observation, 0, 2, "2024-06-02", reference: "r")
        fixture.add(.observation, 0, 3, quantity: 2, reference: "r")
        fixture.add(.observation, 0, 4, reference: "rr")
        fixture.add(.observation, 0, 5, reference: "q")
        fixture.add(.observation, 0, 6)
        fixture.add(.observation, 0, 7)
        #expect(fixture.score() == 992)
        fixture.add(.observation, 1, 8, reference: "r")
        #expect(fixture.score() == 992)
        // What is annulled is no longer there to be a duplicate of.
        fixture.add(.retraction, 2, 9, target: (0, 1))
        #expect(fixture.score() == 992)
        #expect(fixture.fates()["x/b/1:8"] == .counted)
    }

    @Test func anObservationExpiresOnTheDay() throws {
        var fixture = try synthetic(more: #", "expires_after_days": 30"#)
        fixture.add(.observation, 0, 1, "2024-06-01")
        #expect(fixture.score(on: "2024-05-31") == nil)
        #expect(fixture.score(on: "2024-06-30") == 995)
        #expect(fixture.score(on: "2024-07-01") == 1_000)
        #expect(fixture.fates(on: "2024-07-01") == ["x/a/1:1": .expired])
    }

    @Test func yearsAreCappedEachForItself() throws {
        var fixture = try synthetic(more: #", "yearly_cap": 6"#)
        fixture.add(.observation, 0, 1, "2024-12-31", quantity: 3)
        fixture.add(.observation, 0, 2, "2025-01-01")
        #expect(fixture.score(on: "2025-06-01") == 989)
        #expect(fixture.fates(on: "2025-06-01") == ["x/a/1:1": .capped, "x/a/1:2": .counted])
    }

    @Test func sumsBeyond64BitsAreExact() throws {
        var fixture = try synthetic(points: 1_000_000)
        for index in 0..<5_000 as Range<UInt64> { fixture.add(.observation, 0, index, quantity: .max) }
        #expect(fixture.score() == 1_300)
        let year = fixture.explanation().years[0]
        #expect(year.sum == Int128(5_000) * 1_000_000 * Int128(Int32.max))
        #expect(year.limited == 2_147_483_647)
        #expect(fixture.explanation().json["years"]?.text.contains(#""sum":"10737418235000000000""#) == true)
        #expect(fixture.explanation().total == 1_300)
    }

    @Test func streaksBeyond64BitsAreExact() throws {
        let streak = #"{"code": "s0", "title": "S", "points": 2147483647, "every_days": 1}"#
        let streaks = (0..<40).map { streak.replacing("s0", with: "s\($0)") }.joined(separator: ",")
        var fixture = try synthetic(streaks: streaks)
        fixture.add(.observation, 0, 1, factor: 1)
        let context = fixture.context(on: "2024-12-31")
        let tables = ScoringTables(
            rulebook: context.rulebook, population: context.population,
            origins: [(line: Array("x/a/1".utf8), isAuthority: false)], factors: Fixture.factors)
        var scorer = Scorer(ScoringContext(tables, day: .max, sizes: [9], erasures: []))
        let explanation = scorer.explain(fixture.subject, fixture.history, leafHash: fixture.leafHash)
        #expect(explanation.total == 1_300)
        #expect(explanation.unlimitedTotal > Int128(Int64.max))
    }

    @Test func aMinusDayBreaksAStreakEvenWhenExpired() throws {
        var fixture = try synthetic(
            more: #", "expires_after_days": 0"#,
            streaks: #"{"code": "s", "title": "S", "points": 1, "every_days": 10}"#)
        fixture.add(.observation, 0, 1, "2024-01-01", factor: 1)
        #expect(fixture.score(on: "2024-01-20") == 1_003)
        #expect(fixture.score(on: "2024-01-21") == 1_004)
        fixture.add(.observation, 0, 2, "2024-01-10")
        fixture.add(.observation, 1, 2, "2024-01-10")
        #expect(fixture.score(on: "2024-01-21") == 1_003)
        #expect(fixture.score(on: "2024-01-01") == 1_002)
    }

    @Test func theStandingsHoldMembersOnly() throws {
        var fixture = try synthetic()
        fixture.add(.observation, 0, 1)
        var scorer = Scorer(fixture.context(on: "2024-12-31"))
        for subject in [fixture.population.subject(10), SubjectID(high: 3, low: 0)] {
            let isAbsent = scorer.score(subject, fixture.history, leafHash: fixture.leafHash) == nil
            #expect(isAbsent)
            let explanation = scorer.explain(subject, fixture.history, leafHash: fixture.leafHash)
            #expect(explanation.standing == nil)
            #expect(explanation.entries.map(\.fate) == [.outOfRange(.notMember)])
        }
    }

    @Test func anObservationThatDoesNotCountStillMakesAMember() throws {
        var fixture = try synthetic()
        fixture.add(.observation, 0, 1, "2023-12-31")
        #expect(fixture.score() == nil)
        #expect(fixture.fates() == ["x/a/1:1": .outOfRange(.beforeStart)])
        fixture.add(.observation, 0, 2, factor: 3)
        #expect(fixture.score() == 1_000)
    }

    @Test func manyRecordsOfOneSubjectScoreTheSameInAnyOrder() throws {
        var fixture = try synthetic(points: -1, more: #", "yearly_cap": 100000"#)
        for index in 0..<6_000 as Range<UInt64> {
            // Three cities report each of 1,000 occurrences twice.
            let occurrence = index % 1_000
            fixture.add(
                .observation, Int(index / 1_000 % 3), index, "2024-0\(1 + occurrence % 9)-11", quantity: 1,
                reference: "case \(occurrence)", leafPrefix: (index &* 0x9E37_79B9) % 97)
        }
        let fates = fixture.fates()
        #expect(fates.values.count { $0 == .counted } == 1_000)
        var generator = SeededRandom(seed: 3)
        for _ in 0..<3 {
            fixture.history.records.shuffle(using: &generator)
            #expect(fixture.fates() == fates)
        }
    }
}
