internal import Cryptography
package import Encoding
internal import Federation

extension Rulebook {
    /// Reads a rulebook file. Every refusal names the member and its place, and says what to do.
    package static func parse(bytes: [UInt8]) throws(JSONFailure) -> Rulebook {
        guard bytes.count <= Limits.configurationBytes else {
            throw JSONFailure(at: nil, "a rulebook has at most \(Limits.configurationBytes) bytes")
        }
        var reader = try JSONObjectReader(JSONValue.parse(bytes))
        let rulebook = try Rulebook(&reader, hash: sha256(bytes))
        try reader.finish()
        return rulebook
    }

    private init(_ reader: inout JSONObjectReader, hash: Digest) throws(JSONFailure) {
        self.hash = hash
        name = try text("name", of: &reader)
        version = try reader.integer("version", in: 1...Self.maximumNumber)
        population = try choice("population", of: &reader)
        purpose = try text("purpose", of: &reader)
        startDay = try Self.startDay(&reader)
        base = try reader.integer("base", in: anyNumber)
        minimum = try reader.integer("minimum", in: anyNumber)
        maximum = try reader.integer("maximum", in: anyNumber)
        guard minimum <= base, base <= maximum else {
            throw reader.failure("base", "must lie between minimum (\(minimum)) and maximum (\(maximum)), not \(base)")
        }
        effects = try Self.effects(&reader)
        factors = try Self.factors(&reader)
        streaks = try Self.streaks(&reader)
        tiers = try Self.tiers(&reader, effects: effects, minimum: minimum)
    }

    private static func startDay(_ reader: inout JSONObjectReader) throws(JSONFailure) -> Int64 {
        guard let day = CalendarDay(try reader.string("start_day")), day.dayNumber >= 0 else {
            throw reader.failure("start_day", "must be a day from 1970-01-01 on, written YYYY-MM-DD")
        }
        return day.dayNumber
    }

    private static func factors(_ reader: inout JSONObjectReader) throws(JSONFailure) -> [Factor] {
        var factors: [Factor] = []
        var codes = UniqueTexts()
        var members = try reader.objects("factors")
        guard members.count <= maximumFactors else {
            throw reader.failure("factors", "must be at most \(maximumFactors), not \(members.count)")
        }
        for index in members.indices {
            factors.append(
                Factor(
                    code: try codes.take("code", of: &members[index], maximumBytes: Body.maximumFactor),
                    title: try text("title", of: &members[index]),
                    realm: try choice("realm", of: &members[index]),
                    category: try optionalText("category", of: &members[index]),
                    purpose: try optionalText("purpose", of: &members[index]),
                    points: try members[index].integer("points", in: -maximumPoints...maximumPoints),
                    expiresAfterDays: try members[index].optionalInteger("expires_after_days", in: 0...maximumNumber),
                    yearlyCap: try members[index].optionalInteger("yearly_cap", in: 0...maximumNumber)))
            try members[index].finish()
        }
        return factors
    }

    private static func streaks(_ reader: inout JSONObjectReader) throws(JSONFailure) -> [Streak] {
        var streaks: [Streak] = []
        var codes = UniqueTexts()
        for var member in try reader.objects("streaks") {
            streaks.append(
                Streak(
                    code: try codes.take("code", of: &member),
                    title: try text("title", of: &member),
                    points: try member.integer("points", in: 0...maximumNumber),
                    everyDays: try member.integer("every_days", in: 1...maximumNumber),
                    cap: try member.optionalInteger("cap", in: 0...maximumNumber)))
            try member.finish()
        }
        return streaks
    }

    private static func effects(_ reader: inout JSONObjectReader) throws(JSONFailure) -> [Effect] {
        var effects: [Effect] = []
        var codes = UniqueTexts()
        for var member in try reader.objects("effects") {
            effects.append(
                Effect(
                    code: try codes.take("code", of: &member),
                    title: try text("title", of: &member),
                    kind: try choice("kind", of: &member),
                    purpose: try optionalText("purpose", of: &member)))
            try member.finish()
        }
        return effects
    }

    private static func tiers(
        _ reader: inout JSONObjectReader, effects: [Effect], minimum: Int64
    ) throws(JSONFailure) -> [Tier] {
        let known = Set(effects.map { Array($0.code.utf8) })
        var tiers: [Tier] = []
        var names = UniqueTexts()
        var thresholds: Set<Int64> = []
        for var member in try reader.objects("tiers") {
            let name = try names.take("name", of: &member)
            let from = try member.integer("from", in: anyNumber)
            guard thresholds.insert(from).inserted else {
                throw member.failure("from", "another tier begins at \(from) too: give each its own threshold")
            }
            let codes = try member.strings("effects")
            try check(codes, known: known, member)
            tiers.append(Tier(name: name, from: from, effects: codes))
            try member.finish()
        }
        guard let lowest = thresholds.min(), lowest <= minimum else {
            let remedy = "let one be from \(minimum) or less"
            throw reader.failure("tiers", "the lowest must reach down to the minimum: \(remedy)")
        }
        return tiers
    }

    private static func check(
        _ codes: [String], known: Set<[UInt8]>, _ tier: JSONObjectReader
    ) throws(JSONFailure) {
        var seen: Set<[UInt8]> = []
        for (index, code) in codes.enumerated() {
            let bytes = Array(code.utf8)
            guard known.contains(bytes) else {
                throw tier.failure("effects[\(index)]", "there is no effect \(quoted(code)): list it under effects")
            }
            guard seen.insert(bytes).inserted else {
                throw tier.failure("effects[\(index)]", "\(quoted(code)) stands there already: remove one")
            }
        }
    }
}

private let anyNumber = -Rulebook.maximumNumber...Rulebook.maximumNumber

/// A text as an error quotes it.
func quoted(_ text: String) -> String { JSONValue.string(text).text }

/// Codes or names that may come only once in their list, compared as bytes.
private struct UniqueTexts {
    private var seen: Set<[UInt8]> = []

    mutating func take(
        _ name: String, of reader: inout JSONObjectReader, maximumBytes: Int = .max
    ) throws(JSONFailure) -> String {
        let code = try text(name, of: &reader)
        guard code.utf8.count <= maximumBytes else {
            throw reader.failure(name, "must have at most \(maximumBytes) bytes")
        }
        guard seen.insert(Array(code.utf8)).inserted else {
            throw reader.failure(name, "\(quoted(code)) comes twice: give each its own")
        }
        return code
    }
}

/// A text that says something: the rules are public, so none is without its words.
private func text(_ name: String, of reader: inout JSONObjectReader) throws(JSONFailure) -> String {
    let value = try reader.string(name)
    try checkWords(value, name, reader)
    return value
}

private func optionalText(_ name: String, of reader: inout JSONObjectReader) throws(JSONFailure) -> String? {
    guard let value = try reader.optionalString(name) else { return nil }
    try checkWords(value, name, reader)
    return value
}

private func checkWords(_ value: String, _ name: String, _ reader: JSONObjectReader) throws(JSONFailure) {
    guard value.unicodeScalars.contains(where: { !$0.properties.isWhitespace }) else {
        throw reader.failure(name, "must not be empty")
    }
    guard value.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
        throw reader.failure(name, "must not hold control characters")
    }
}

/// One of a closed list of words.
private func choice<Choice: RawRepresentable<String> & CaseIterable>(
    _ name: String, of reader: inout JSONObjectReader
) throws(JSONFailure) -> Choice {
    let value = try reader.string(name)
    if let choice = Choice.allCases.first(where: { $0.rawValue.utf8.elementsEqual(value.utf8) }) { return choice }
    let choices = Choice.allCases.map { quoted($0.rawValue) }.joined(separator: ", ")
    throw reader.failure(name, "must be one of \(choices), not \(quoted(value))")
}
