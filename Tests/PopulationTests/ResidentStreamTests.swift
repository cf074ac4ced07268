import Cryptography
import Federation
import Population
import Scoring
import Testing

struct ResidentStreamTests {
    @Test func theSameSeedGivesTheSameOccurrences() throws {
        let scenario = try Repository.pilot(residents: 300, years: 2)
        #expect(occurrences(scenario) == occurrences(scenario))
    }

    /// Known bytes: another machine, or a later version of this code, makes the same residents.
    @Test func theSameSeedGivesTheSameBytesEverywhere() throws {
        var bytes: [UInt8] = []
        for occurrence in occurrences(try SmallWorld.scenario()) { bytes += Array("\(Line(occurrence))\n".utf8) }
        #expect(sha256(bytes).prefix == 0xbe2f_b70e_9816_45e4)
    }

    @Test func anotherSeedGivesOtherLives() throws {
        let one = occurrences(try SmallWorld.scenario(seed: "one"))
        let other = occurrences(try SmallWorld.scenario(seed: "other"))
        #expect(Set(one.map(\.subject)).isDisjoint(with: other.map(\.subject)))
        #expect(one.map { Line($0).withoutSubject } != other.map { Line($0).withoutSubject })
    }

    @Test func moreResidentsAndYearsLeaveTheLivesThereWereAsTheyWere() throws {
        let few = try SmallWorld.scenario(residents: 50)
        let many = try SmallWorld.scenario(residents: 400, years: 2)
        func firstRecords(_ scenario: Scenario) -> [String] {
            occurrences(scenario).filter { $0.subject.high < 50 && $0.recordedOnDay < few.endDay }.compactMap {
                $0.target == nil ? "\(Line($0))" : nil
            }
        }
        #expect(!firstRecords(few).isEmpty)
        #expect(firstRecords(few) == firstRecords(many))
    }

    @Test(arguments: [(1_000, 1), (1_000, 4)])
    func anAverageResidentHasBetween15And25OccurrencesAYear(residents: Int, years: Int) throws {
        let scenario = try Repository.pilot(residents: residents, years: years)
        let count = UInt64(occurrences(scenario).count)
        let residentYears = UInt64(residents * years)
        #expect((residentYears * 15...residentYears * 25).contains(count))
        #expect((count * 8...count * 12).contains(scenario.expectedOccurrences * 10), "the forecast is off by a fifth")
    }

    @Test func everyDayOfTheYearsComesOnceAndInOrder() throws {
        let scenario = try SmallWorld.scenario(residents: 20, years: 4)
        var stream = ResidentStream(scenario)
        var day = scenario.startDay
        while let today = stream.nextDay() {
            try #require(today.allSatisfy { $0.recordedOnDay == day })
            day += 1
        }
        #expect(day == scenario.endDay)
        #expect(scenario.endDay - scenario.startDay == 1_461, "from one 29th of February to the next")
        #expect(stream.nextDay() == nil)
    }

    @Test func whatWaitsDoesNotGrowWithTheYears() throws {
        var stream = ResidentStream(try SmallWorld.scenario(residents: 1_000, years: 10))
        var largest: [Int] = []
        while stream.nextDay() != nil {
            let year = Int(stream.today - stream.scenario.startDay) / 366
            if largest.count == year { largest.append(0) }
            largest[year] = max(largest[year], stream.waiting)
        }
        #expect(largest.count >= 9)
        #expect(largest.allSatisfy { (1...400).contains($0) }, "\(largest)")
        #expect(largest.last! <= largest[1] * 3 / 2, "\(largest)")
    }

    @Test func everyFactorOfThePilotOccurs() throws {
        let scenario = try Repository.pilot(residents: 2_000, years: 3)
        var seen: Set<[UInt8]> = []
        try walk(scenario) { occurrence, _ in
            guard case .observation(let factor, let quantity, let reference) = occurrence.what else { return }
            seen.insert(factor)
            try #require((1...3).contains(quantity) && factor.count <= Body.maximumFactor)
            try #require(reference.count <= Body.maximumReference)
        }
        #expect(seen == Set(scenario.factors.map { Array($0.code.utf8) }))
    }

    @Test func everybodyIsAMemberOfThePopulation() throws {
        let scenario = try SmallWorld.scenario(residents: 100)
        for occurrence in occurrences(scenario) {
            try #require(scenario.population.contains(occurrence.subject) && occurrence.subject.high < 100)
        }
    }

    @Test func oneCityAloneHasNoTripsAndNoSecondReports() throws {
        let scenario = try SmallWorld.scenario(cities: 1)
        #expect(Set(occurrences(scenario).map(\.node)) == [0, scenario.authority])
    }

    @Test func residentsAreObservedAwayFromHomeToo() throws {
        var citiesOf: [SubjectID: Set<Int>] = [:]
        for occurrence in occurrences(try SmallWorld.scenario(years: 3)) where occurrence.target == nil {
            citiesOf[occurrence.subject, default: []].insert(occurrence.node)
        }
        #expect(citiesOf.values.filter { $0.count > 1 }.count > citiesOf.count / 4)
    }
}

/// An occurrence as text with everything that it says.
private struct Line: CustomStringConvertible {
    let subject: String
    let withoutSubject: String

    init(_ occurrence: Occurrence) {
        subject = occurrence.subject.description
        let what =
            switch occurrence.what {
            case .observation(let factor, let quantity, let reference):
                "observation \(text(factor)) \(quantity) \(text(reference))"
            case .retraction(let target, let reason): "retraction \(target.node)/\(target.ordinal) \(text(reason))"
            case .appeal(let target, let reason): "appeal \(target.node)/\(target.ordinal) \(text(reason))"
            case .ruling(let target, let verdict, let reason):
                "ruling \(target.node)/\(target.ordinal) \(verdict) \(text(reason))"
            case .erasure(let target, let ground): "erasure \(target.node)/\(target.ordinal) \(ground)"
            }
        withoutSubject = "\(occurrence.node) \(occurrence.day) \(occurrence.recordedOnDay) \(what)"
    }

    var description: String { "\(subject) \(withoutSubject)" }
}

private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
