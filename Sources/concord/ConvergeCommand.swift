internal import ArgumentParser
internal import Encoding
internal import NodeRuntime

struct ConvergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "converge", abstract: "Let every node attest the same standings, and show whether they agree.",
        discussion: """
            The node proposes a cut of what exists now, waits until every node holds it, and gathers the signed \
            attestations: equal roots mean that all compute the same score for everybody. Needs a running node. The exit \
            status is 0 only if every node of the topology agrees.

              concord converge --day 2025-12-31 --timeout 120
            """)

    @Option(help: ArgumentHelp("How long to wait for the nodes to reach the cut, 1 to 86400.", valueName: "seconds"))
    var timeout = 60

    @OptionGroup var day: DayOption
    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func validate() throws {
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout is a number of seconds from 1 to 86400, not \(timeout)")
        }
    }

    func run() throws {
        let members = day.members + [("timeout_ms", .integer(Int64(timeout) * 1_000))]
        let answer = try withNode(data) { try $0.callShowingProgress("converge", members) }
        let table = try ConvergenceTable(answer)
        if json.isWanted { try Output.json(answer) } else { try Output.lines(table.lines) }
        if !table.hasConverged { throw ExitCode(1) }
    }
}

/// What the nodes say to a cut, as the command `converge` answers.
struct ConvergenceTable {
    struct Row {
        let node: String
        let title: String
        let frontier: Int64
        /// Base64 of the standings root that it attests; nil where it attests none.
        let root: String?
        let verdict: String
    }

    let day: String
    let hasConverged: Bool
    let root: String?
    let subjects: Int64
    let rows: [Row]

    init(_ value: JSONValue) throws {
        var answer = try Answer(value)
        day = try answer.text("day")
        hasConverged = try answer.flag("converged")
        root = try answer.optionalText("root")
        subjects = try answer.number("subjects")
        rows = try answer.answers("nodes").map { node in
            var node = node
            return Row(
                node: try node.text("node"), title: try node.text("title"), frontier: try node.number("frontier"),
                root: try node.optionalText("root"), verdict: try node.text("verdict"))
        }
    }

    var lines: [String] {
        var table = Table([
            ("day", .left), ("city", .left), ("frontier", .right), ("standings root", .left), ("verdict", .left),
        ])
        for row in rows { table.append([day, row.title, grouped(row.frontier), row.root ?? "-", row.verdict]) }
        return table.lines + [summary]
    }

    private var summary: String {
        let agreeing = rows.filter { $0.verdict == "agrees" }.count
        let nodes = "\(counted(rows.count, "node")) \(rows.count == 1 ? "attests" : "attest")"
        guard hasConverged else { return "not converged on \(day): \(agreeing) of \(nodes) the root that most attest" }
        return "converged on \(day): \(nodes) the same scores of \(counted(subjects, "subject"))"
    }
}
