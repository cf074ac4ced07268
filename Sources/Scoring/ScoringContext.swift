package import Federation

/// All that scores at one cut depend on, apart from the histories: built once for a cut, used for every subject.
package struct ScoringContext: Sendable {
    /// Day of the cut, from 1970-01-01.
    package let day: UInt32
    private let tables: ScoringTables
    let origins: OriginTable
    let erasures: ErasureIndex

    package var rulebook: Rulebook { tables.rulebook }
    /// Nil where the population is enrolled.
    package var population: SyntheticPopulation? { tables.population }
    var factors: FactorTable { tables.factors }

    /// - Parameters:
    ///   - sizes: of the logs in the cut, by the numbers used in the histories; 0 where the cut does not hold one.
    ///   - erasures: all that the holder knows, or all that name a position of the histories to be scored; which of them count
    ///     is found here.
    package init(_ tables: ScoringTables, day: UInt32, sizes: [UInt64], erasures: some Sequence<ErasureRecord>) {
        self.day = day
        self.tables = tables
        origins = tables.origins.cut(at: sizes)
        self.erasures = ErasureIndex(erasures, origins: origins)
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
