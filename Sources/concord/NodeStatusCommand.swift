internal import ArgumentParser
internal import Encoding
internal import NodeRuntime

struct NodeStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show where a node stands against every peer.",
        discussion: """
            For every log: how many entries are held with everything that belongs to them, how many each linked peer shows, \
            the newest size that anyone has shown, what is missing of it in events and for how long, and up to where the \
            log is folded into the standings. A fork that nobody has decided, or one of the node's own log, makes the exit \
            status 1. With --watch it is shown anew each second until Ctrl-C, with the events that come.
            """)

    @Flag(help: "Refresh in place each second, until Ctrl-C.")
    var watch = false

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard !(watch && json.isWanted) else { throw ValidationError("--watch is for people, --json for programs: give one") }
    }

    func run() throws {
        if watch {
            // A node is waited for, a mistaken folder is not.
            _ = try NodeIdentity(folder: data.folder)
            return try StatusWatch(data.folder).run()
        }
        let answer = try withNode(data) { try $0.call("status") }
        let status = try NodeStatus(answer)
        if json.isWanted { try Output.json(answer) } else { try Output.lines(status.lines) }
        if status.hasOpenFork { throw ExitCode(1) }
    }
}

/// A node's standing, as the command `status` answers.
struct NodeStatus {
    struct Log {
        let origin: String
        let isOwn: Bool
        let isFrozen: Bool
        let decided: Int64?
        let recorded: Int64
        let complete: Int64
        let newest: Int64
        let lagEvents: Int64
        let lagMilliseconds: Int64
        let folded: Int64
        let peers: [String: Int64]

        init(_ answer: Answer) throws {
            var answer = answer
            origin = try answer.text("origin")
            isOwn = try answer.flag("own")
            isFrozen = try answer.flag("frozen")
            decided = try answer.optionalNumber("decided")
            recorded = try answer.number("recorded")
            complete = try answer.number("complete")
            newest = try answer.number("newest")
            lagEvents = try answer.number("lag_events")
            lagMilliseconds = try answer.number("lag_ms")
            folded = try answer.number("folded")
            var peers: [String: Int64] = [:]
            for var peer in try answer.answers("peers") { peers[try peer.text("peer")] = try peer.number("size") }
            self.peers = peers
        }
    }

    /// What a node that publishes nothing yet waits for.
    struct Past {
        let answers: Int64
        let needed: Int64
        let unheard: [String]
        let shown: Int64
        let stored: Int64

        init(_ answer: Answer) throws {
            var answer = answer
            answers = try answer.number("answers")
            needed = try answer.number("needed")
            unheard = try answer.texts("unheard")
            shown = try answer.number("shown")
            stored = try answer.number("stored")
        }

        var line: String {
            if stored < shown {
                return
                    "its own log was published up to \(grouped(shown)), it holds \(grouped(stored)): it fetches the rest from its "
                    + "peers, and publishes nothing before; what is recorded meanwhile follows behind"
            }
            let missing = max(0, needed - answers)
            let names = unheard.joined(separator: ", ")
            return missing > 0
                ? "it records, but publishes nothing until \(missing) of \(names) \(missing == 1 ? "has" : "have") confirmed its past"
                : "it publishes in a moment: \(names.isEmpty ? "what its peers showed is being checked" : "\(names) may still be heard")"
        }
    }

    let node: String
    let title: String
    let federation: String
    let isRunning: Bool
    let isConfirmed: Bool
    let past: Past?
    /// Entries that were recorded and wait for their place in the log.
    let aside: Int64
    /// Why the store takes nothing; nil where it does.
    let trouble: String?
    let unreadable: Int64
    let linked: [String]
    let unlinked: [String]
    let forks: [String]
    let advice: [String]
    let logs: [Log]

    init(_ value: JSONValue) throws {
        var answer = try Answer(value)
        node = try answer.text("node")
        title = try answer.text("title")
        federation = try answer.text("federation")
        isRunning = try answer.flag("running")
        isConfirmed = try answer.flag("confirmed")
        past = try answer.optionalAnswer("past").map(Past.init)
        aside = try answer.number("aside")
        trouble = try answer.optionalText("trouble")
        unreadable = try answer.number("unreadable")
        linked = try answer.texts("linked").sorted()
        unlinked = try answer.texts("unlinked").sorted()
        forks = try answer.texts("forks")
        advice = try answer.texts("advice")
        logs = try answer.answers("logs").map(Log.init)
    }

    /// Whether there is a fork about which something has to be done.
    var hasOpenFork: Bool { logs.contains { $0.isFrozen && ($0.isOwn || $0.decided == nil) } }

    /// Events that are in the answers about scores.
    var folded: Int64 { logs.reduce(0) { $0 + $1.folded } }

    var lines: [String] { lines(width: .max) }

    /// The same for a screen: sentences are broken at its edge, and a table that is wider becomes one paragraph a log.
    func lines(width: Int) -> [String] {
        let rows = table.lines
        let isNarrow = rows.contains { $0.count > width }
        return head.flatMap { wrapped($0, to: width) } + [""] + (isNarrow ? logs.flatMap { paragraph($0, width) } : rows)
            + (forks.map(warning) + advice.map { "TO DO: \($0)" }).flatMap { wrapped($0, to: width) }
    }

    private func paragraph(_ log: Log, _ width: Int) -> [String] {
        let remark = Self.remark(log)
        let shown = linked.map { "\($0) \(log.peers[$0].map { grouped($0) } ?? "-")" }.joined(separator: ", ")
        let lag =
            log.lagEvents == 0
            ? "nothing is missing" : "\(grouped(log.lagEvents)) missing for \(duration(milliseconds: log.lagMilliseconds))"
        return wrapped(log.origin + (remark.isEmpty ? "" : ": \(remark)"), to: width)
            + wrapped(
                "held \(grouped(log.complete)) of \(grouped(log.newest)), \(lag); folded \(grouped(log.folded))", to: width,
                indent: 2)
            + (shown.isEmpty ? [] : wrapped("shown by \(shown)", to: width, indent: 2))
    }

    private var head: [String] {
        var lines = ["\(title) (\(node)) of \(federation): \(isRunning ? "runs" : "does not run")"]
        if let trouble {
            lines.append("THE STORE TAKES NOTHING: \(trouble)")
            if isRunning { lines.append("it serves what it has, and tries again every second") }
        }
        guard isRunning else { return lines }
        if !linked.isEmpty { lines.append("linked with \(linked.joined(separator: ", "))") }
        if !unlinked.isEmpty { lines.append("not linked with \(unlinked.joined(separator: ", "))") }
        if !isConfirmed, let past { lines.append(past.line) }
        if aside > 0 {
            lines.append(
                "\(grouped(aside)) recorded \(aside == 1 ? "event waits" : "events wait") aside for a place in its log")
        }
        if unreadable > 0 {
            lines.append(
                "\(counted(unreadable, "entry", "entries")) since its start cannot be read by this release: kept, forwarded and "
                    + "not scored; upgrade it if the others run a newer one")
        }
        return lines
    }

    private var table: Table {
        var columns: [(String, Table.Alignment)] = [("log", .left), ("held", .right)]
        columns += linked.map { ($0, .right) }
        columns += [("newest", .right), ("lag", .right), ("for", .right), ("folded", .right), ("", .left)]
        var table = Table(columns)
        for log in logs {
            var row = [log.origin, grouped(log.complete)]
            row += linked.map { log.peers[$0].map { grouped($0) } ?? "-" }
            row += [
                grouped(log.newest), grouped(log.lagEvents),
                log.lagEvents == 0 ? "-" : duration(milliseconds: log.lagMilliseconds), grouped(log.folded),
                Self.remark(log),
            ]
            table.append(row)
        }
        return table
    }

    private static func remark(_ log: Log) -> String {
        var remarks: [String] = []
        if log.isOwn { remarks.append("its own") }
        if let decided = log.decided {
            remarks.append("closed by decision at \(grouped(decided))")
        } else if log.isFrozen {
            remarks.append("frozen: a fork")
        }
        if log.recorded > log.complete {
            remarks.append("\(grouped(log.recorded - log.complete)) more wait for bodies")
        }
        return remarks.joined(separator: ", ")
    }

    private func warning(_ origin: String) -> String {
        guard let decided = logs.first(where: { $0.origin == origin })?.decided else {
            return "FORK: \(origin) signed two histories. Nothing more of it is taken. See concord forks list."
        }
        return "\(origin) signed two histories; an authority let it end with \(counted(decided, "entry", "entries"))"
    }
}
