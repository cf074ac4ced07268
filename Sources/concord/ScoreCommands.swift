internal import ArgumentParser
internal import Encoding
internal import NodeRuntime

struct ScoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Show a subject's score, tier and effects.",
        discussion: """
            A subject that is not in the standings of the day has no score; that is an answer too, with status 0.

              concord score 026397cb0529e1d3cd44e128ff2b4e48 --day 2025-12-31
            """)

    @Argument(help: "The subject: 32 hexadecimal digits.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument

    @OptionGroup var day: DayOption
    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let answer = try withNode(data) { try $0.call("score", [("subject", subject.json)] + day.members) }
        if json.isWanted { return try Output.json(answer) }
        try Output.lines(Self.lines(answer))
    }

    private static func lines(_ value: JSONValue) throws -> [String] {
        var answer = try Answer(value)
        let about = "\(try answer.text("subject")) on \(try answer.text("day"))"
        guard let score = try answer.optionalNumber("score") else { return ["\(about): not in the standings"] }
        var lines = ["\(about): \(score), tier \(try answer.text("tier"))"]
        for var effect in try answer.answers("effects") {
            lines.append("  \(try effect.text("title")) (\(try effect.text("kind")))")
        }
        return lines
    }
}

struct ExplainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Show where a subject's score comes from, line by line.",
        discussion: """
            Every entry about the subject is listed with its position, its fate (counted, capped, expired, the same as \
            another, retracted, overturned, suspended, out of range, erased) and its points. The lines add up to the score.
            """)

    @Argument(help: "The subject: 32 hexadecimal digits.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument

    @OptionGroup var day: DayOption
    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let form: JSONValue = json.isWanted ? "json" : "lines"
        let value = try withNode(data) {
            try $0.call("explain", [("subject", subject.json), ("form", form)] + day.members)
        }
        if json.isWanted { return try Output.json(value["json"] ?? .null) }
        var answer = try Answer(value)
        try Output.lines(answer.texts("lines"))
    }
}

struct StandingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "standings", abstract: "List every subject with its score and tier.",
        discussion: """
            With --json there is one object a subject on a line of its own, sorted by subject, and nothing else:
              {"subject":"026397cb0529e1d3cd44e128ff2b4e48","score":112,"tier":"Silver"}
            """)

    @OptionGroup var day: DayOption
    @OptionGroup var data: DataOptions

    @Flag(help: "One JSON object a subject, each on a line of its own.")
    var json = false

    func run() throws {
        var buffer = OutputBuffer()
        if !json { try buffer.append("subject                               score  tier") }
        let summary = try withNode(data) { client in
            try client.call("standings", day.members) { event in
                guard case .array(let lines)? = event["subjects"]?.content else { return }
                for line in lines { try buffer.append(try text(of: line)) }
            }
        }
        try buffer.flush()
        guard !json else { return }
        var answer = try Answer(summary)
        let count = counted(try answer.number("subjects"), "subject")
        try Output.line("\(count) on \(try answer.text("day")), standings root \(try answer.text("root"))")
    }

    /// A line of the list, from `[subject, score, tier]`.
    private func text(of line: JSONValue) throws -> String {
        guard case .array(let fields) = line.content, fields.count == 3, case .string(let subject) = fields[0].content,
            case .integer(let score) = fields[1].content, case .string(let tier) = fields[2].content
        else { throw JSONFailure(at: nil, path: "subjects", "must hold subject, score and tier") }
        if json {
            let object: JSONValue = ["subject": .string(subject), "score": .integer(score), "tier": .string(tier)]
            return object.text
        }
        let number = String(score)
        return subject + String(repeating: " ", count: max(1, 11 - number.count)) + number + "  " + tier
    }
}
