package import Encoding
package import Federation

extension Explanation {
    /// The explanation for scripts. Days are `YYYY-MM-DD`; a sum that does not fit 64 bits is a string.
    package var json: JSONValue {
        [
            "subject": .string(subject.description),
            "day": Self.day(Int64(day)),
            "rulebook": .string(rulebook),
            "rulebook_version": .integer(rulebookVersion),
            "standing": standing.map(Self.standing) ?? .null,
            "base": .integer(base),
            "entries": .array(entries.map(Self.entry)),
            "years": .array(years.map(Self.year)),
            "streaks": .array(streaks.map(Self.streak)),
            "minimum": .integer(minimum),
            "maximum": .integer(maximum),
            "adjustment": standing == nil ? .null : Self.number(adjustment),
            "total": standing == nil ? .null : Self.number(total),
        ]
    }

    private static func day(_ number: Int64) -> JSONValue { .string(CalendarDay(dayNumber: number).description) }

    private static func number(_ value: Int128) -> JSONValue {
        Int64(exactly: value).map(JSONValue.integer) ?? .string(value.description)
    }

    private static func standing(_ standing: Standing) -> JSONValue {
        let effects = standing.effects.map { effect -> JSONValue in
            ["code": .string(effect.code), "title": .string(effect.title), "kind": .string(effect.kind.rawValue)]
        }
        return ["score": .integer(standing.score), "tier": .string(standing.tier), "effects": .array(effects)]
    }

    private static func entry(_ entry: Entry) -> JSONValue {
        var members: [JSONMember] = [
            JSONMember("position", .string(entry.position.description)),
            JSONMember("kind", .string(entry.kind.name)),
        ]
        if let content = entry.content {
            members.append(JSONMember("day", day(Int64(content.day))))
            if let observation = content.observation {
                members.append(JSONMember("factor", .string(String(decoding: observation.factor, as: UTF8.self))))
                if let title = observation.title { members.append(JSONMember("title", .string(title))) }
                members.append(JSONMember("quantity", .integer(Int64(observation.quantity))))
                if let points = observation.pointsEach { members.append(JSONMember("points_each", .integer(points))) }
            }
            if let target = content.target { members.append(JSONMember("target", .string(target.description))) }
            if let verdict = content.verdict {
                members.append(JSONMember("verdict", .string(verdict == .upheld ? "upheld" : "overturned")))
            }
        }
        members.append(JSONMember("fate", .string(entry.fate.name)))
        if let by = entry.fate.position { members.append(JSONMember("by", .string(by.description))) }
        if case .outOfRange(let reason) = entry.fate { members.append(JSONMember("reason", .string(reason.rawValue))) }
        members.append(JSONMember("points", .integer(entry.points)))
        return .object(members)
    }

    private static func year(_ year: Year) -> JSONValue {
        [
            "factor": .string(year.factor), "title": .string(year.title), "year": .integer(year.year),
            "sum": number(year.sum), "limit": .integer(year.limit), "limited": .integer(year.limited),
            "adjustment": number(year.adjustment),
        ]
    }

    private static func streak(_ streak: Streak) -> JSONValue {
        [
            "code": .string(streak.code), "title": .string(streak.title), "every_days": .integer(streak.everyDays),
            "points_each": .integer(streak.pointsEach), "times": .integer(streak.times),
            "sum": .integer(streak.sum), "cap": streak.cap.map(JSONValue.integer) ?? .null,
            "limited": .integer(streak.limited),
        ]
    }
}

extension Explanation.Fate {
    /// One word for scripts.
    package var name: String {
        switch self {
        case .counted: "counted"
        case .capped: "capped"
        case .expired: "expired"
        case .duplicate: "duplicate"
        case .retracted: "retracted"
        case .overturned: "overturned"
        case .suspended: "suspended"
        case .outOfRange: "out-of-range"
        case .later: "later"
        case .erased: "erased"
        case .withdrawn: "withdrawn"
        case .noted: "noted"
        case .withoutRight: "without-right"
        }
    }

    /// The entry that decided it, where one did.
    package var position: Position? {
        switch self {
        case .duplicate(let position), .retracted(let position), .overturned(let position), .suspended(let position),
            .withdrawn(let position):
            position
        default: nil
        }
    }
}
