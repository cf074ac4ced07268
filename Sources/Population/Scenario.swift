package import Federation
package import Scoring

/// Why residents cannot be made.
package enum ScenarioFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case populationNotSynthetic
    case noCity
    case noAuthority
    case noFactor
    case residents(Int, maximum: Int)
    case years(Int)

    package var description: String {
        switch self {
        case .populationNotSynthetic:
            "the population is not synthetic: residents can only be generated for a federation whose topology has a population "
                + "and whose rulebook says \"population\": \"synthetic\""
        case .noCity: "no node of the topology has the role city: give it to those that record"
        case .noAuthority: "no node of the topology has the role authority: give it to the one that rules on appeals"
        case .noFactor: "the rulebook has no factors: nothing could be observed"
        case .residents(let number, let maximum):
            "\(number) residents cannot be made: ask for 1 to \(maximum), which the topology's population size allows"
        case .years(let number): "\(number) years cannot be lived: ask for 1 to \(Scenario.maximumYears)"
        }
    }
}

/// All that the stream of occurrences depends on. Equal scenarios give equal streams.
package struct Scenario: Sendable {
    /// Names of all nodes, in the order of the topology.
    package let nodes: [String]
    /// Indices of the nodes that are cities; residents live there.
    package let cities: [Int]
    /// Index of the node that rules on appeals.
    package let authority: Int
    package let population: SyntheticPopulation
    /// The members of the population with indices below this number live.
    package let residents: Int
    /// First day, from 1970-01-01.
    package let startDay: UInt32
    /// First day after the last.
    package let endDay: UInt32
    package let factors: [Rulebook.Factor]

    package static let maximumYears = 100
    package static let maximumResidents = 10_000_000

    /// The years begin with the rulebook's start day.
    /// - Parameter residents: how many live; nil for the whole population.
    package init(
        topology: Topology, rulebook: Rulebook, residents: Int? = nil, years: Int
    ) throws(ScenarioFailure) {
        guard let population = topology.population, rulebook.population == .synthetic else {
            throw .populationNotSynthetic
        }
        nodes = topology.nodes.map(\.name)
        cities = topology.nodes.indices.filter { topology.nodes[$0].roles.contains(.city) }
        guard !cities.isEmpty else { throw .noCity }
        guard let authority = topology.nodes.firstIndex(where: \.isAuthority) else { throw .noAuthority }
        guard !rulebook.factors.isEmpty else { throw .noFactor }
        let maximum = Int(min(population.size, UInt64(Self.maximumResidents)))
        let residents = residents ?? Int(clamping: population.size)
        guard (1...maximum).contains(residents) else { throw .residents(residents, maximum: maximum) }
        guard (1...Self.maximumYears).contains(years) else { throw .years(years) }
        let endDay = Self.day(rulebook.startDay, plusYears: Int64(years))
        guard let start = UInt32(exactly: rulebook.startDay), let end = UInt32(exactly: endDay) else {
            throw .years(years)
        }
        self.authority = authority
        self.population = population
        self.residents = residents
        self.factors = rulebook.factors
        startDay = start
        self.endDay = end
    }

    /// The same day of a later year; the 1st of March for a 29th of February that this year lacks.
    private static func day(_ day: Int64, plusYears years: Int64) -> Int64 {
        let start = CalendarDay(dayNumber: day)
        let year = start.year + years
        let end =
            CalendarDay(year: year, month: start.month, day: start.day) ?? CalendarDay(year: year, month: 3, day: 1)
        return end?.dayNumber ?? day
    }

    /// About how many occurrences the stream has, corrections included; good for a progress bar.
    package var expectedOccurrences: UInt64 {
        let residentDays = UInt64(residents) * UInt64(endDay - startDay)
        let observations = residentDays * ConductTable.observationsPerYear / 365
        return observations + observations / 10
    }
}
