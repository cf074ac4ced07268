import Cryptography
import Federation
import Population
import Scoring
import Testing

/// The pilot as a whole: generated residents under the pilot's rulebook, scored by the fold that the nodes use.
struct PilotScoresTests {
    @Test(arguments: [(1_000, 2), (1_000, 3)])
    func everyTierOfThePilotHasResidents(residents: Int, years: Int) throws {
        let rulebook = try Repository.rulebook("pilot")
        let scores = try standings(try Repository.pilot(residents: residents, years: years), rulebook)
        #expect(scores.count > residents * 9 / 10)
        for tier in rulebook.tiers.indices {
            let share = scores.filter { $0.tier == tier }.count
            #expect(share >= scores.count / 100, "\(rulebook.tiers[tier].name) holds \(share) of \(scores.count)")
        }
        #expect(Set(scores.map(\.score)).count > 200)
    }

    private func standings(_ scenario: Scenario, _ rulebook: Rulebook) throws -> [SubjectScore] {
        var histories = Array(repeating: SubjectHistory(), count: scenario.residents)
        var erasures: [ErasureRecord] = []
        var sizes = Array(repeating: UInt64(0), count: scenario.nodes.count)
        let codes = rulebook.factors.map { Array($0.code.utf8) }
        try walk(scenario) { occurrence, place in
            sizes[place.node] = place.ordinal + 1
            if case .erasure(let target, _) = occurrence.what {
                erasures.append(
                    ErasureRecord(
                        origin: UInt32(place.node), index: place.ordinal, targetOrigin: UInt32(target.node),
                        targetIndex: target.ordinal))
            } else {
                try histories[Int(occurrence.subject.high)].append(occurrence, at: place, codes: codes)
            }
        }
        let origins = scenario.nodes.indices.map {
            (line: Array("pilot.concord.example/\(scenario.nodes[$0])/1".utf8), isAuthority: $0 == scenario.authority)
        }
        let tables = ScoringTables(
            rulebook: rulebook, population: scenario.population, origins: origins, factors: codes)
        let context = ScoringContext(tables, day: scenario.endDay - 1, sizes: sizes, erasures: erasures)
        var scorer = Scorer(context)
        var scores: [SubjectScore] = []
        for (index, history) in histories.enumerated() {
            let subject = scenario.population.subject(UInt64(index))
            let score = scorer.score(subject, history) { origin, index in sha256(Array("\(origin) \(index)".utf8)) }
            if let score { scores.append(score) }
        }
        return scores
    }
}

extension SubjectHistory {
    fileprivate mutating func append(_ occurrence: Occurrence, at place: Target, codes: [[UInt8]]) throws {
        var record = HistoryRecord(
            origin: UInt32(place.node), index: place.ordinal, kind: EventKind.observation.rawValue, day: occurrence.day,
            targetOrigin: UInt32(occurrence.target?.node ?? 0), targetIndex: occurrence.target?.ordinal ?? 0)
        switch occurrence.what {
        case .observation(let factor, let quantity, let reference):
            record.factor = UInt32(try #require(codes.firstIndex(of: factor)))
            record.quantity = quantity
            record.referenceOffset = UInt32(bytes.count)
            record.referenceCount = UInt32(reference.count)
            record.leafPrefix = sha256(Array("\(place.node) \(place.ordinal)".utf8)).prefix
            bytes += reference
        case .retraction: record.kind = EventKind.retraction.rawValue
        case .appeal: record.kind = EventKind.appeal.rawValue
        case .ruling(_, let verdict, _):
            record.kind = EventKind.ruling.rawValue
            record.verdict = verdict.rawValue
        case .erasure: return
        }
        records.append(record)
    }
}
