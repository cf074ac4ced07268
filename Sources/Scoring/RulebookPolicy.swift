package import Encoding
package import Federation

/// A rule that a rulebook breaks, and where.
package struct PolicyRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    /// The member, as in `factors[3].category`.
    package let path: String
    /// What stands there, as JSON; nil where nothing does.
    package let value: String?
    package let rule: String

    /// As in `factors[3].category "health": an enrolled population may not score health`.
    package var description: String { "\(path)\(value.map { " \($0)" } ?? ""): \(rule)" }
}

/// Why a rulebook is not loaded.
package enum RulebookRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(JSONFailure)
    /// It breaks at least one rule of its population.
    case outsidePolicy([PolicyRefusal])

    package var description: String {
        switch self {
        case .unreadable(let failure): failure.description
        case .outsidePolicy(let refusals): refusals.map(\.description).joined(separator: "\n")
        }
    }
}

/// What a rulebook may do to whom. On a synthetic population it may do anything it states, since nobody is scored. On
/// people who enrolled it serves one purpose, scores nothing of their private lives, and gives benefits or asks a
/// human.
///
/// The vocabulary is closed and every factor has to use it, so that what is forbidden cannot pass by not being named.
package enum RulebookPolicy {
    /// What an enrolled rulebook may be for. All its factors belong to one of these.
    package enum Programme: String, CaseIterable, Sendable {
        case volunteerHours
        case roadSafety
        case libraryAndCulture

        /// The categories that its factors may name.
        package var categories: [String] {
            switch self {
            case .volunteerHours: ["volunteering", "time-bank"]
            case .roadSafety: ["road-safety"]
            case .libraryAndCulture: ["library", "culture"]
            }
        }

        package init?(category: String) {
            guard let programme = Self.allCases.first(where: { $0.categories.contains { sameBytes($0, category) } })
            else { return nil }
            self = programme
        }
    }

    /// Categories that no enrolled population is ever scored by; named, so that a refusal can say so. Whatever is in no
    /// programme is refused too.
    package static let forbiddenCategories = [
        "political-opinion", "politics", "speech", "religion", "health", "ethnicity", "sexuality", "union-membership",
        "association-membership", "browsing", "private-life", "private-communication",
    ]

    /// What the rulebook breaks; nothing if it may be loaded.
    package static func refusals(of rulebook: Rulebook) -> [PolicyRefusal] {
        switch rulebook.population {
        case .synthetic: []
        case .enrolled: factorRefusals(of: rulebook) + effectRefusals(of: rulebook)
        }
    }

    private static func factorRefusals(of rulebook: Rulebook) -> [PolicyRefusal] {
        var refusals: [PolicyRefusal] = []
        var first: (programme: Programme, path: String)?
        for (index, factor) in rulebook.factors.enumerated() {
            let path = "factors[\(index)]"
            refusals += purposeRefusals(factor.purpose, path, rulebook)
            guard let category = factor.category, let programme = Programme(category: category) else {
                refusals.append(categoryRefusal(factor.category, path))
                continue
            }
            if let first, first.programme != programme {
                let rule =
                    "an enrolled population has exactly one purpose, and \(first.path) serves another: "
                    + "make it a federation of its own"
                refusals.append(PolicyRefusal(path: "\(path).category", value: brief(category), rule: rule))
            } else if first == nil {
                first = (programme, "\(path).category")
            }
        }
        return refusals
    }

    private static func categoryRefusal(_ category: String?, _ path: String) -> PolicyRefusal {
        let allowed = Programme.allCases.flatMap(\.categories).joined(separator: ", ")
        let rule: String
        switch category {
        case nil: rule = "is missing: in an enrolled population every factor names one of \(allowed)"
        case let category? where forbiddenCategories.contains(where: { sameBytes($0, category) }):
            rule = "an enrolled population may not score \(category)"
        default: rule = "an enrolled population may score only \(allowed)"
        }
        return PolicyRefusal(path: "\(path).category", value: category.map(brief), rule: rule)
    }

    private static func effectRefusals(of rulebook: Rulebook) -> [PolicyRefusal] {
        var refusals: [PolicyRefusal] = []
        for (index, effect) in rulebook.effects.enumerated() {
            let path = "effects[\(index)]"
            refusals += purposeRefusals(effect.purpose, path, rulebook)
            switch effect.kind {
            case .benefit, .review: break
            case .visibility, .restriction:
                let rule = "an enrolled population has only benefits, or review by a human: use benefit or review"
                refusals.append(PolicyRefusal(path: "\(path).kind", value: quoted(effect.kind.rawValue), rule: rule))
            }
        }
        return refusals
    }

    private static func purposeRefusals(_ purpose: String?, _ path: String, _ rulebook: Rulebook) -> [PolicyRefusal] {
        if let purpose, sameBytes(purpose, rulebook.purpose) { return [] }
        let rule =
            "an enrolled population has exactly one purpose, and each factor and effect names it: "
            + "write \(brief(rulebook.purpose))"
        return [PolicyRefusal(path: "\(path).purpose", value: purpose.map(brief), rule: rule)]
    }
}

/// A text as a refusal quotes it. A refusal stands for every factor and effect: their texts must not multiply.
private func brief(_ text: String) -> String {
    let scalars = text.unicodeScalars
    guard scalars.count > 80 else { return quoted(text) }
    var front = String.UnicodeScalarView()
    front.append(contentsOf: scalars.prefix(80))
    return quoted(String(front) + "…")
}

private func sameBytes(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }

extension Rulebook {
    /// Reads a rulebook and refuses one that its population does not allow. What a node runs under comes from here;
    /// `population` is what the topology states.
    package static func load(bytes: [UInt8], population: SyntheticPopulation?) throws(RulebookRefusal) -> Rulebook {
        let rulebook: Rulebook
        do throws(JSONFailure) {
            rulebook = try parse(bytes: bytes)
        } catch {
            throw .unreadable(error)
        }
        var refusals = RulebookPolicy.refusals(of: rulebook)
        if (population != nil) != (rulebook.population == .synthetic) {
            let rule =
                population == nil
                ? "the topology states no generated population: its rulebook must be for an enrolled one"
                : "the topology states a generated population: its rulebook must be for a synthetic one"
            refusals.append(PolicyRefusal(path: "population", value: quoted(rulebook.population.rawValue), rule: rule))
        }
        guard refusals.isEmpty else { throw .outsidePolicy(refusals) }
        return rulebook
    }
}
