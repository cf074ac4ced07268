package import Federation

/// All that scores at one cut depend on, apart from the histories: built once for a cut, used for every subject.
package struct ScoringContext: Sendable {
    package let rulebook: Rulebook
    /// Day of the cut, from 1970-01-01.
    package let day: UInt32
    /// Nil where the population is enrolled.
    package let population: SyntheticPopulation?
    let origins: OriginTable
    let erasures: ErasureIndex
    let factors: FactorTable

    /// - Parameters:
    ///   - population: as the topology states it; there is one exactly if the rulebook's population is synthetic.
    ///   - origins: by the numbers used in the histories.
    ///   - factors: codes by the numbers used in the histories.
    ///   - erasures: all that the holder knows; which of them count is found here.
    package init(
        rulebook: Rulebook, day: UInt32, population: SyntheticPopulation?, origins: [ScoringOrigin],
        factors: [[UInt8]], erasures: some Sequence<ErasureRecord>
    ) {
        precondition(
            (population != nil) == (rulebook.population == .synthetic),
            "the topology states a population exactly if the rulebook's is synthetic")
        self.rulebook = rulebook
        self.day = day
        self.population = population
        self.origins = OriginTable(origins)
        self.erasures = ErasureIndex(erasures, origins: self.origins)
        self.factors = FactorTable(rulebook, codes: factors)
    }

    func position(_ origin: UInt32, _ index: UInt64) -> Position {
        Position(origin: Int(origin) < origins.count ? origins.lines[Int(origin)] : [], index: index)
    }
}

/// The rulebook's factors as the fold needs them, by the holder's factor numbers.
struct FactorTable: Sendable {
    struct Row: Sendable {
        let points: Int64
        /// `Int64.max` where observations never expire.
        let expiresAfterDays: Int64
        /// What a year's sum is limited to, either way.
        let yearlyLimit: Int64
    }

    /// In the rulebook's order.
    let rows: [Row]
    /// For every factor number the index of its row; -1 where the rulebook does not know the code.
    private let rowOfNumber: [Int32]
    private let codes: [[UInt8]]

    init(_ rulebook: Rulebook, codes: [[UInt8]]) {
        rows = rulebook.factors.map {
            Row(
                points: $0.points, expiresAfterDays: $0.expiresAfterDays ?? .max,
                yearlyLimit: $0.yearlyCap ?? Rulebook.maximumNumber)
        }
        var rowOfCode: [[UInt8]: Int32] = [:]
        for (index, factor) in rulebook.factors.enumerated() { rowOfCode[Array(factor.code.utf8)] = Int32(index) }
        rowOfNumber = codes.map { rowOfCode[$0] ?? -1 }
        self.codes = codes
    }

    /// Nil where the rulebook does not know the factor.
    func row(_ number: UInt32) -> Int? {
        guard Int(number) < rowOfNumber.count, rowOfNumber[Int(number)] >= 0 else { return nil }
        return Int(rowOfNumber[Int(number)])
    }

    func code(_ number: UInt32) -> [UInt8] { Int(number) < codes.count ? codes[Int(number)] : [] }
}
