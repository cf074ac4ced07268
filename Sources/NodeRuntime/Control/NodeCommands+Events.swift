internal import Cryptography
internal import Encoding
internal import Federation
internal import Scoring

extension NodeCommands {
    /// Records the drafts that came with the request, all or none.
    func record(_ request: inout JSONObjectReader, _ drafts: [UInt8]?) throws -> JSONValue {
        let isDeduplicated = try request.optionalBoolean("deduplicate") ?? true
        try request.ended("drafts")
        let result = try node.record(decode(drafts), isDeduplicated: isDeduplicated)
        node.environment.count("concord_events_recorded_total", by: result.added)
        let first = result.indices.lazy.compactMap(\.self).first
        return [
            "origin": .string(node.origin.description), "added": .integer(Int64(result.added)),
            "duplicates": .integer(Int64(result.indices.count - result.added)),
            "aside": .boolean(result.isAside), "first": first.map { .integer(Int64($0)) } ?? .null,
        ]
    }

    /// Says which of the drafts would not be recorded, and why: `[[place, reason], …]`. Each is seen behind those before it.
    func check(_ drafts: [UInt8]?) throws -> JSONValue {
        var flaws: [JSONValue] = []
        var check = DraftCheck(node)
        for (place, draft) in try decode(drafts).enumerated() {
            if let flaw = try check.flaw(of: draft) { flaws.append([.integer(Int64(place)), .string(flaw)]) }
        }
        return ["flaws": .array(flaws)]
    }

    private func decode(_ drafts: [UInt8]?) throws -> [Draft] {
        guard let drafts else { throw NodeFailure(.invalid, "no events came with the request") }
        do throws(DecodingFailure) { return try DraftCoding.decode(drafts) } catch {
            throw NodeFailure(.invalid, "the events do not decode: \(error)")
        }
    }

    func score(_ request: inout JSONObjectReader, _ reader: Reader) throws -> JSONValue {
        let subject = try subject(&request)
        let day = try day(&request)
        try note(.score, of: subject, by: reader)
        let (score, tier, effects) = try node.score(subject, day: day)
        guard let score, let tier else {
            return ["subject": .string("\(subject)"), "day": .string(Self.name(day)), "score": .null]
        }
        return [
            "subject": .string("\(subject)"), "day": .string(Self.name(day)), "score": .integer(score.score),
            "tier": .string(tier),
            "effects": .array(
                effects.map { ["code": .string($0.code), "title": .string($0.title), "kind": .string($0.kind.rawValue)] }),
        ]
    }

    /// As values for scripts, as lines for people, or both where the request says no form.
    func explain(_ request: inout JSONObjectReader, _ reader: Reader) throws -> JSONValue {
        let subject = try subject(&request)
        let day = try day(&request)
        let form = try request.optionalString("form")
        guard form == nil || form == "json" || form == "lines" else {
            throw NodeFailure(.invalid, "the form of an explanation is json or lines")
        }
        try note(.explanation, of: subject, by: reader)
        let explanation = try node.explain(subject, day: day)
        var members: [JSONMember] = []
        if form != "lines" { members.append(JSONMember("json", explanation.json)) }
        if form != "json" { members.append(JSONMember("lines", .array(explanation.lines.map { .string($0) }))) }
        return .object(members)
    }

    /// One line a subject, in order, unless only the root is wanted; the answer is the root over them.
    func standings(
        _ request: inout JSONObjectReader, _ reader: Reader, _ emit: @escaping (JSONValue) throws -> Void
    ) throws -> JSONValue {
        let day = try day(&request)
        let isRootOnly = try request.optionalBoolean("root_only") ?? false
        if !isRootOnly {
            try note(.standings, from: SubjectID(high: 0, low: 0), to: SubjectID(high: .max, low: .max), by: reader)
        }
        let tiers = node.rulebook.tiers.map { JSONValue.string($0.name) }
        var lines: [JSONValue] = []
        let summary = try node.standings(sizes: node.visibleSizes(), day: day) { line in
            if isRootOnly { return }
            lines.append([.string("\(line.subject)"), .integer(line.score), tiers[line.tier]])
            if lines.count == 4_096 {
                try emit(["subjects": .array(lines)])
                lines = []
            }
        }
        if !lines.isEmpty { try emit(["subjects": .array(lines)]) }
        return [
            "day": .string(Self.name(day)), "root": .string(base64(summary.root.bytes)),
            "subjects": .integer(Int64(summary.subjects)), "tiers": .array(tiers),
        ]
    }

    static func name(_ day: UInt32) -> String { CalendarDay(dayNumber: Int64(day)).description }
}

extension JSONObjectReader {
    /// Passes over a member that says how the request travels.
    mutating func ended(_ name: String) throws { _ = optionalValue(name) }
}
