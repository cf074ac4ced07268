import Federation
import Population
import Testing

struct CorrectionTests {
    @Test func correctionsNameAnEarlierObservationOfTheSameSubject() throws {
        let scenario = try Repository.pilot(residents: 2_000, years: 2)
        var observed: [Target: Occurrence] = [:]
        var corrections = 0
        try walk(scenario) { occurrence, place in
            guard let target = occurrence.target else {
                observed[place] = occurrence
                return
            }
            corrections += 1
            let named = try #require(observed[target], "\(target) is no observation recorded before")
            try #require(named.subject == occurrence.subject)
            try #require(named.recordedOnDay < occurrence.recordedOnDay)
        }
        #expect(corrections > 500)
    }

    @Test func onlyTheAuthorityRulesAndOnlyOnAppeals() throws {
        let scenario = try Repository.pilot(residents: 4_000, years: 2)
        var appealed: Set<Target> = []
        var rulings: [Target: [Verdict]] = [:]
        try walk(scenario) { occurrence, _ in
            switch occurrence.what {
            case .appeal(let target, _):
                try #require(occurrence.node == target.node || occurrence.node == scenario.authority)
                appealed.insert(target)
            case .ruling(let target, let verdict, _):
                try #require(occurrence.node == scenario.authority)
                try #require(appealed.contains(target))
                rulings[target, default: []].append(verdict)
            case .observation: try #require(scenario.cities.contains(occurrence.node))
            case .retraction, .erasure: break
            }
        }
        #expect(rulings.values.contains([.upheld]) && rulings.values.contains([.overturned]))
        #expect(rulings.values.contains { $0.count == 2 && $0[0] != $0[1] }, "no ruling was replaced")
        #expect(appealed.count > rulings.count, "every appeal was ruled on")
    }

    @Test func aCityRetractsAndErasesOnlyItsOwn() throws {
        let scenario = try Repository.pilot(residents: 4_000, years: 2)
        var retractions = 0
        var grounds: Set<ErasureGround> = []
        try walk(scenario) { occurrence, _ in
            switch occurrence.what {
            case .retraction(let target, _):
                try #require(occurrence.node == target.node)
                retractions += 1
            case .erasure(let target, let ground):
                try #require(occurrence.node == (ground == .order ? scenario.authority : target.node))
                grounds.insert(ground)
            default: break
            }
        }
        #expect(retractions > 100)
        #expect(grounds == Set(ErasureGround.allCases))
    }

    @Test func someRecordsComeWeeksLate() throws {
        let observations = occurrences(try SmallWorld.scenario(years: 2)).filter { $0.target == nil }
        let late = observations.filter { $0.recordedOnDay >= $0.day + 7 }
        #expect((observations.count / 50...observations.count / 10).contains(late.count))
        #expect(observations.allSatisfy { $0.day <= $0.recordedOnDay })
    }

    @Test func twoCitiesReportOneOccurrenceUnderOneReference() throws {
        var reports: [[UInt8]: [Occurrence]] = [:]
        for occurrence in occurrences(try SmallWorld.scenario(years: 2)) {
            guard case .observation(_, _, let reference) = occurrence.what, !reference.isEmpty else { continue }
            reports[reference, default: []].append(occurrence)
        }
        let shared = reports.values.filter { $0.count > 1 }
        #expect(shared.count > 50)
        for reports in shared {
            try #require(reports.count == 2 && reports[0].node != reports[1].node)
            try #require(reports[0].what == reports[1].what && reports[0].day == reports[1].day)
            try #require(reports[0].subject == reports[1].subject)
        }
    }

    @Test func someRecordsHaveNoReference() throws {
        let unnumbered = occurrences(try SmallWorld.scenario()).filter {
            if case .observation(_, _, []) = $0.what { true } else { false }
        }
        #expect(unnumbered.count > 100)
    }
}
