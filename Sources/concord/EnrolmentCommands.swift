internal import ArgumentParser
internal import Federation
internal import NodeRuntime

/// What names a person who joins or leaves.
struct StatementOptions: ParsableArguments {
    @Argument(help: "The subject: 32 hexadecimal digits.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument

    @Option(help: ArgumentHelp("What was declared, in the person's or the office's words.", valueName: "text"))
    var statement: String = ""

    @OptionGroup var day: DayOption
    @OptionGroup var options: RecordingOptions

    func validate() throws { _ = try text(statement, "statement", upTo: Body.maximumReason) }

    func record(_ content: ([UInt8]) -> Body.Content) throws {
        let content = content(try text(statement, "statement", upTo: Body.maximumReason))
        try options.record([.body(day: day.number, subject: subject.subject, content: content)])
    }
}

struct EnrolCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "enrol", abstract: "Record that somebody joins the programme.",
        discussion: """
            For an enrolled population only. Before the day of enrolment nothing about the subject is taken or scored.

              concord enrol 026397cb0529e1d3cd44e128ff2b4e48 --day 2025-01-07 \\
                --statement "signed form 2025-014"
            """)

    @OptionGroup var statement: StatementOptions

    func run() throws { try statement.record { .enrolment(statement: $0) } }
}

struct WithdrawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "withdraw", abstract: "Record that somebody leaves the programme.",
        discussion: """
            What the node recorded about the subject counts for nothing at once and is erased. An authority's withdrawal \
            reaches every node's records. Who joins again gets a new pseudonym.
            """)

    @OptionGroup var statement: StatementOptions

    func run() throws { try statement.record { .withdrawal(statement: $0) } }
}
