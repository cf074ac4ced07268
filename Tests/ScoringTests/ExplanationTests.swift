import Encoding
import Federation
import Scoring
import Simulation
import Testing

struct ExplanationTests {
    @Test(arguments: 0..<96)
    func theLinesAddUpToTheScoreOfEverySubject(number: Int) throws {
        let world = World.all[number]
        let histories = world.histories(world.records.indices)
        for expected in world.expected {
            var scorer = Scorer(world.context(day: expected.day))
            for (subject, history) in histories {
                let explanation = scorer.explain(subject, history, leafHash: world.leafHash)
                let standing = expected.standings[subject]
                #expect(explanation.standing?.score == standing?.score)
                #expect(explanation.standing?.tier == standing?.tier)
                #expect(explanation.entries.count == history.records.count)
                #expect(explanation.entries.allSatisfy { $0.points == 0 || $0.fate == .counted || $0.fate == .capped })
                guard let standing else {
                    #expect(explanation.entries.allSatisfy { $0.points == 0 })
                    continue
                }
                #expect(total(of: explanation) == Int128(standing.score))
                #expect(explanation.total == Int128(standing.score))
            }
        }
    }

    /// Adds up the lines by their own account, not by the explanation's.
    private func total(of explanation: Explanation) -> Int128 {
        var total = Int128(explanation.base)
        for year in explanation.years {
            let entries = explanation.entries.filter { entry in
                guard let content = entry.content, let factor = content.observation?.factor else { return false }
                return factor == Array(year.factor.utf8)
                    && CalendarDay(dayNumber: Int64(content.day)).year == year.year
            }
            let sum = entries.reduce(Int128(0)) { $0 + Int128($1.points) }
            #expect(sum == year.sum)
            #expect(entries.contains { $0.fate == .capped } == (year.adjustment != 0))
        }
        for entry in explanation.entries { total += Int128(entry.points) }
        for year in explanation.years { total += year.adjustment }
        for streak in explanation.streaks { total += Int128(streak.limited) }
        return total + explanation.adjustment
    }

    @Test func anExplanationIsTheSameInAnyOrderOfTheRecords() {
        var generator = SeededRandom(seed: 7)
        for world in World.all {
            var scorer = Scorer(world.context(day: world.expected.last!.day))
            let ordered = world.histories(world.records.indices)
            let shuffled = world.histories((Array(world.records.indices) * 2).shuffled(using: &generator))
            for (first, second) in zip(ordered, shuffled) {
                let explanation = scorer.explain(first.subject, first.history, leafHash: world.leafHash)
                let isSame = explanation == scorer.explain(second.subject, second.history, leafHash: world.leafHash)
                #expect(isSame)
            }
        }
    }

    @Test func theJSONIsStrictAndSaysTheSame() throws {
        for world in World.all.prefix(16) {
            var scorer = Scorer(world.context(day: world.expected.last!.day))
            for (subject, history) in world.histories(world.records.indices) {
                let explanation = scorer.explain(subject, history, leafHash: world.leafHash)
                let json = try JSONValue.parse(explanation.json.bytes)
                #expect(json == explanation.json)
                #expect(json["subject"] == .string(subject.description))
                #expect(json["standing"]?["score"] == explanation.standing.map { .integer($0.score) })
                guard case .array(let entries)? = json["entries"]?.content else { throw Missing() }
                #expect(entries.count == explanation.entries.count)
                #expect(explanation.lines.count >= entries.count + 2)
            }
        }
    }

    private struct Missing: Error {}

    @Test func whatOthersWroteDoesNotSteerATerminal() throws {
        var fixture = try Fixture(RulebookText())
        fixture.add(.observation, 0, 1, factor: 9)
        let entry = fixture.explanation().entries[0]
        #expect(entry.fate == .outOfRange(.unknownFactor))
        let tables = ScoringTables(
            rulebook: fixture.rulebook, population: fixture.population,
            origins: [(line: Array("x/a/1".utf8), isAuthority: false)], factors: [Array("\u{1B}[2J\u{202E}".utf8)])
        let context = ScoringContext(tables, day: day("2024-12-31"), sizes: [5], erasures: [])
        var history = SubjectHistory()
        history.records = [HistoryRecord(origin: 0, index: 0, kind: 1, day: day("2024-02-02"), quantity: 1)]
        var scorer = Scorer(context)
        let lines = scorer.explain(fixture.subject, history, leafHash: fixture.leafHash).lines
        let isPlain = lines.allSatisfy { line in
            !line.unicodeScalars.contains("\u{1B}") && !line.unicodeScalars.contains("\u{202E}")
        }
        #expect(isPlain)
    }
}

private func * (list: [Int], times: Int) -> [Int] { (0..<times).flatMap { _ in list } }
