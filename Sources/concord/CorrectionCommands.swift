internal import ArgumentParser
internal import Federation
internal import NodeRuntime

/// What names an entry that is corrected, and why.
struct TargetOptions: ParsableArguments {
    @Argument(
        help: "The entry meant: <origin line>:<index>, as concord explain names it.",
        transform: PositionArgument.init(parsing:))
    var target: PositionArgument

    @Option(help: "Whom the entry is about: 32 hexadecimal digits.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument

    @Option(help: ArgumentHelp("Why, in words that the subject will read.", valueName: "text"))
    var reason: String = ""

    @OptionGroup var day: DayOption
    @OptionGroup var options: RecordingOptions

    func validate() throws { _ = try text(reason, "reason", upTo: Body.maximumReason) }

    func record(_ content: (Position, [UInt8]) -> Body.Content) throws {
        let content = content(target.position, try text(reason, "reason", upTo: Body.maximumReason))
        try options.record([.body(day: day.number, subject: subject.subject, content: content)])
    }
}

struct RetractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retract", abstract: "Take an observation back that should not have been recorded.",
        discussion: """
            A node retracts what its own log holds, an authority what any holds. The observation counts for nothing from \
            then on, on earlier days too.

              concord retract volunteer.concord.example/ghent/1:17 \\
                --subject 026397cb0529e1d3cd44e128ff2b4e48 --reason "entered twice"
            """)

    @OptionGroup var target: TargetOptions

    func run() throws { try target.record { .retraction(target: $0, reason: $1) } }
}

struct AppealCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "appeal", abstract: "Record a subject's appeal against an entry.",
        discussion: "Until an authority has ruled on it the entry gives no points, neither plus nor minus.")

    @OptionGroup var target: TargetOptions

    func run() throws { try target.record { .appeal(target: $0, reason: $1) } }
}

struct RuleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rule", abstract: "Decide an appeal; only a node with the role authority can.",
        discussion: """
            upheld: the entry counts again. overturned: it counts for nothing. The last ruling on an entry is the one that \
            holds.

              concord rule volunteer.concord.example/ghent/1:17 --verdict overturned \\
                --subject 026397cb0529e1d3cd44e128ff2b4e48 --reason "wrong person"
            """)

    @Option(
        help: ArgumentHelp("upheld or overturned: what becomes of the entry.", valueName: "verdict"),
        transform: Self.verdict)
    var verdict: Verdict

    @OptionGroup var target: TargetOptions

    @Sendable private static func verdict(_ text: String) throws -> Verdict {
        switch text {
        case "upheld": return .upheld
        case "overturned": return .overturned
        default: throw ArgumentFailure("a verdict is upheld or overturned")
        }
    }

    func run() throws { try target.record { .ruling(target: $0, verdict: verdict, reason: $1) } }
}
