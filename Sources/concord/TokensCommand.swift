internal import ArgumentParser
internal import Encoding
internal import Federation
internal import NodeRuntime

struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "Say who may do what over HTTP.",
        discussion: """
            Whoever reads or records over HTTP shows a token. Its secret is printed once, when it is made; the data folder \
            keeps only its hash (DIR/tokens, readable by the owner alone). A running node takes a new one at once, and refuses \
            a revoked one within a second.

              concord tokens make auditor --role reader --days 90
              concord tokens make resident-7 --role reader \\
                --subject 026397cb0529e1d3cd44e128ff2b4e48
              concord tokens list
              concord tokens revoke auditor
            """,
        subcommands: [TokensMakeCommand.self, TokensListCommand.self, TokensRevokeCommand.self])
}

struct TokensMakeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make", abstract: "Make a token and print its secret, once.",
        discussion: """
            The roles: reader (scores, explanations, standings), recorder (events), operator (resyncs and cuts). With \
            --subject a reader sees that one subject alone: give it to the person that it is about.
            """)

    @Argument(help: "The token's name: lower-case letters, digits and hyphens. It stands in the log of readings.")
    var name: String

    @Option(
        help: ArgumentHelp(
            "What it allows: \(AccessRole.allCases.map(\.rawValue).joined(separator: ", ")); may be given again.",
            valueName: "role"), transform: Self.role)
    var role: [AccessRole]

    @Option(help: "The one subject that it lets be read.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument?

    @Option(help: ArgumentHelp("How long it holds; for good where this is left out.", valueName: "number"))
    var days: Int?

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    @Sendable private static func role(_ text: String) throws -> AccessRole {
        guard let role = AccessRole(rawValue: text) else {
            throw ArgumentFailure("a role is one of \(AccessRole.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return role
    }

    func validate() throws {
        guard AccessToken.isName(name) else {
            throw ValidationError("A token's name is 1 to 64 lower-case letters, digits and hyphens, not \(name)")
        }
        guard days.map((1...36_500).contains) ?? true else {
            throw ValidationError("--days is a number from 1 to 36500")
        }
    }

    func run() throws {
        let folder = try tokenFolder(data)
        let (token, secret) = try folder.make(name: name, roles: role, subject: subject?.subject, daysUntilEnd: days)
        if json.isWanted {
            return try Output.json(["token": token.json, "secret": .string(secret)])
        }
        try Output.line(secret)
        note("this secret is not shown again; it is sent as Authorization: Bearer SECRET")
    }
}

struct TokensListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List the tokens, without their secrets.")

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let (tokens, flaws) = try tokenFolder(data).load()
        if json.isWanted {
            try Output.json(["tokens": .array(tokens.map(\.json)), "flaws": .array(flaws.map { .string($0) })])
        } else {
            var table = Table([("name", .left), ("roles", .left), ("subject", .left), ("until", .left)])
            for token in tokens {
                table.append([
                    token.name, token.roles.map(\.rawValue).joined(separator: ", "), token.subject.map { "\($0)" } ?? "all",
                    token.endsAtMilliseconds.map { String(LogOutput.time($0).prefix(16)) } ?? "it is revoked",
                ])
            }
            try Output.lines(tokens.isEmpty ? ["there are no tokens: make one with concord tokens make"] : table.lines)
            for flaw in flaws { note(flaw) }
        }
        if !flaws.isEmpty { throw ExitCode(1) }
    }
}

struct TokensRevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "revoke", abstract: "Let a token hold no longer.")

    @Argument(help: "The token's name.")
    var name: String

    @OptionGroup var data: DataOptions

    func run() throws {
        try tokenFolder(data).revoke(name)
        try Output.line("the token \(name) is revoked: a running node refuses it within a second")
    }
}

private func tokenFolder(_ data: DataOptions) throws -> TokenFolder {
    // Throws where the folder is none.
    _ = try NodeIdentity(folder: data.folder)
    return TokenFolder(data.folder)
}

struct ReadsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reads", abstract: "Show who read a subject's score, and when.",
        discussion: """
            Every reading of a score, an explanation or the standings is taken down before it is answered, over HTTP with the \
            token's name and on this machine with the user's number. The log lies in DIR/reads-YYYY-MM.ndjson; delete old \
            months when their time is over.

              concord reads 026397cb0529e1d3cd44e128ff2b4e48
            """)

    @Argument(help: "The subject: 32 hexadecimal digits.", transform: SubjectArgument.init(parsing:))
    var subject: SubjectArgument

    @Option(help: ArgumentHelp("How many at most, the newest first.", valueName: "number"))
    var limit = 1_000

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (1...10_000).contains(limit) else { throw ValidationError("--limit is a number from 1 to 10000") }
    }

    func run() throws {
        let value = try withNode(data) { try $0.call("reads", [("subject", subject.json), ("limit", .integer(Int64(limit)))]) }
        if json.isWanted { return try Output.json(value) }
        var answer = try Answer(value)
        let reads = try answer.answers("reads")
        var lines: [String] = []
        for var read in reads {
            let time = LogOutput.time(UInt64(clamping: try read.number("at_ms")))
            lines.append("\(time)  \(try read.text("what"))  \(try read.text("reader"))")
        }
        let total = try answer.number("total")
        if total > Int64(lines.count) { lines.append("and \(grouped(total - Int64(lines.count))) earlier ones") }
        try Output.lines(lines.isEmpty ? ["nobody has read this subject's score here"] : lines)
    }
}
