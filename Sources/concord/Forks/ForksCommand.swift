internal import ArgumentParser
internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

struct ForksCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forks", abstract: "Cities whose key signed two histories: proofs, and what was decided.",
        discussion: """
            A log that was signed in two versions is frozen at every node that has the proof. An authority decides with \
            which size and root it ends; every node then holds exactly that, and the city goes on in a new epoch \
            (concord node new-epoch).
            """,
        subcommands: [
            ForksListCommand.self, ForksVerifyCommand.self, ForksExportCommand.self, ForksDecideCommand.self,
        ])
}

struct ForksListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the proven forks, and what was decided about each.",
        discussion: "The exit status is 1 while there is a fork that nobody has decided.")

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let value = try withNode(data) { try $0.call("forks") }
        var answer = try Answer(value)
        let forks = try answer.answers("forks").map(KnownFork.init)
        if json.isWanted {
            try Output.json(value)
        } else {
            try Output.lines(forks.isEmpty ? ["no fork is known"] : forks.flatMap(\.lines))
        }
        if forks.contains(where: { $0.decision == nil }) { throw ExitCode(1) }
    }
}

/// A fork as the command `forks` answers.
struct KnownFork {
    struct End {
        let size: Int64
        let root: String
        var words: String { "\(counted(size, "entry", "entries")) with the root \(root)" }
    }

    let origin: String
    let isOwn: Bool
    let histories: [End]
    let partAt: Int64?
    let stored: Int64
    let choices: [End]
    let decision: (number: Int64, end: End, authority: String)?
    let isSettled: Bool

    init(_ answer: Answer) throws {
        var answer = answer
        origin = try answer.text("origin")
        isOwn = try answer.flag("own")
        histories = try answer.answers("histories").map(Self.end)
        partAt = try answer.optionalNumber("part_at")
        stored = try answer.number("stored")
        choices = try answer.answers("choices").map(Self.end)
        isSettled = try answer.flag("settled")
        decision = try answer.optionalAnswer("decision").map { decision in
            var decision = decision
            return (try decision.number("number"), try Self.end(decision), try decision.text("authority"))
        }
    }

    private static func end(_ answer: Answer) throws -> End {
        var answer = answer
        return End(size: try answer.number("size"), root: try answer.text("root"))
    }

    var lines: [String] {
        var lines = ["\(origin)\(isOwn ? " (this node's own)" : "") signed two histories:"]
        lines += histories.map { "  \($0.words)" }
        if let partAt { lines.append("  they have different entries at \(grouped(partAt))") }
        guard let decision else {
            lines.append("  undecided: nothing more of it is taken; \(counted(stored, "entry is", "entries are")) held here")
            lines.append("  an authority can let it end with 0 entries, or with")
            return lines + choices.map { "    \($0.words)" }
        }
        lines.append("  \(decision.authority) decided (\(decision.number)): it ends with \(decision.end.words)")
        lines.append(
            isSettled
                ? "  held here exactly so"
                : "  \(counted(stored, "entry is", "entries are")) held here: not yet as decided")
        return lines
    }
}

struct ForksExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write the proofs and decisions to a folder, with the keys that verify them.",
        discussion: """
            The folder must be new or empty. Each file under forks/ and decisions/ verifies with concord forks verify, \
            with no node and no store.

              concord forks export /tmp/evidence
            """)

    @Argument(help: ArgumentHelp("The folder to write.", valueName: "dir"))
    var path: String

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let absolute = URL(fileURLWithPath: path).path
        let value = try withNode(data) { try $0.call("export_forks", [("path", .string(absolute))]) }
        if json.isWanted { return try Output.json(value) }
        var answer = try Answer(value)
        try Output.line("\(counted(try answer.number("files"), "file")) written to \(path)")
    }
}

struct ForksDecideCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decide", abstract: "Decide, as an authority, with how many entries a forked log ends.",
        discussion: """
            Every node cuts what it holds beyond that size, fetches what it lacks up to it, and takes nothing of the log \
            any more. The log's own key must have signed that size and root: concord forks list shows which ends can be \
            chosen without a further checkpoint. What is cut off at every node is gone, unless its city records it again.

              concord forks decide pilot.example/ghent/1 --size 1200 --data /srv/national
            """)

    @Argument(
        help: ArgumentHelp("The forked log: <federation>/<node>/<epoch>.", valueName: "origin"), transform: Self.origin)
    var origin: OriginName

    @Option(help: ArgumentHelp("With how many entries it ends.", valueName: "n"), transform: Self.size)
    var size: Int64

    @Option(help: ArgumentHelp("Its root, base64, where two of that size were signed.", valueName: "root"))
    var root: String?

    @Option(
        help: ArgumentHelp("A checkpoint of the log with that size, where the store has none.", valueName: "file"),
        transform: FileArgument.init(parsing:))
    var checkpoint: FileArgument?

    @Flag(help: "Replace an earlier decision that says something else.")
    var revise = false

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    @Sendable private static func origin(_ text: String) throws -> OriginName {
        guard let origin = OriginName(text) else {
            throw ArgumentFailure("a log is named <federation>/<node>/<epoch>, as concord forks list shows it")
        }
        return origin
    }

    @Sendable private static func size(_ text: String) throws -> Int64 {
        guard let size = decimal(Array(text.utf8)) else { throw ArgumentFailure("a size is a whole number from 0") }
        return Int64(size)
    }

    func run() throws {
        var members: [(String, JSONValue)] = [
            ("origin", .string(origin.description)), ("size", .integer(size)), ("revise", .boolean(revise)),
        ]
        if let root { members.append(("root", .string(root))) }
        if let checkpoint {
            let note = try readFile(checkpoint.path, limit: 4_096)
            guard isUTF8(note) else { throw NodeFailure(.invalid, "\(checkpoint.path) is no checkpoint: it is not UTF-8") }
            members.append(("checkpoint", .string(String(decoding: note, as: UTF8.self))))
        }
        let value = try withNode(data) { try $0.call("decide", members) }
        if json.isWanted { return try Output.json(value) }
        var answer = try Answer(value)
        let isPassedOn = try answer.flag("passed_on")
        try Output.lines([
            "\(origin) ends with \(counted(size, "entry", "entries")), as of now and for ever",
            isPassedOn
                ? "the decision is on its way to every node" : "the decision is kept, and passed on when this node runs",
        ])
    }
}
