package import Federation

/// What contexts take from a rulebook and from the numbers of a holder: the same for every cut, until the holder gives new
/// numbers.
package struct ScoringTables: Sendable {
    package let rulebook: Rulebook
    /// Nil where the population is enrolled.
    package let population: SyntheticPopulation?
    let origins: OriginTable
    let factors: FactorTable

    /// - Parameters:
    ///   - population: as the topology states it; there is one exactly if the rulebook's population is synthetic.
    ///   - origins: by the numbers used in the histories.
    ///   - factors: codes by the numbers used in the histories.
    package init(
        rulebook: Rulebook, population: SyntheticPopulation?, origins: [(line: [UInt8], isAuthority: Bool)], factors: [[UInt8]]
    ) {
        precondition(
            (population != nil) == (rulebook.population == .synthetic),
            "the topology states a population exactly if the rulebook's is synthetic")
        self.rulebook = rulebook
        self.population = population
        self.origins = OriginTable(origins)
        self.factors = FactorTable(rulebook, codes: factors)
    }
}
