extension Rulebook {
    /// The same rules but for one factor, whose observations give no points: to ask what that factor does to scores. It keeps the
    /// hash of the whole, and must not be attested under.
    package func without(_ code: String) -> Rulebook {
        Rulebook(
            hash: hash, name: name, version: version, population: population, purpose: purpose, startDay: startDay, base: base,
            minimum: minimum, maximum: maximum,
            factors: factors.map { $0.code.utf8.elementsEqual(code.utf8) ? $0.withoutPoints : $0 }, streaks: streaks,
            tiers: tiers, effects: effects)
    }
}

extension Rulebook.Factor {
    fileprivate var withoutPoints: Rulebook.Factor {
        Rulebook.Factor(
            code: code, title: title, realm: realm, category: category, purpose: purpose, points: 0,
            expiresAfterDays: expiresAfterDays, yearlyCap: yearlyCap)
    }
}
