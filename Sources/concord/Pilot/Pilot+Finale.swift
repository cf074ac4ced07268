internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring

// What it was for: all nodes attest the same standings, and anybody can see how a score comes about.
extension Pilot {
    /// Whether all nodes attest the same standings root.
    func finish() throws -> Bool {
        let client = try fleet.client(cast.aggregator)
        let day = ("day", JSONValue.integer(Int64(lastDay)))
        let value = try client.call("converge", [day, ("timeout_ms", 120_000)])
        let table = try ConvergenceTable(value)
        try board.say([""] + table.lines)
        let distribution = try ScoreDistribution(client, day: lastDay, rulebook: federation.rulebook)
        try board.say([""] + distribution.lines)
        if let explained = try mostInteresting(client) { try board.say([""] + explained.lines) }
        try board.say(["", lastLine(table)])
        return table.hasConverged && table.rows.count == federation.names.count
    }

    private func lastLine(_ table: ConvergenceTable) -> String {
        guard table.hasConverged, let root = table.root else {
            return
                "On \(table.day) the nodes do NOT attest the same standings: see the verdicts above and \(workspace.path)/<node>/node.log."
        }
        return "On \(table.day) all \(counted(table.rows.count, "node")) attest the standings root \(root)."
    }

    /// The resident whose explanation shows most.
    private func mostInteresting(_ client: NodeClient) throws -> ExplainedResident? {
        var best: ExplainedResident?
        for subject in feed.notable.candidates(32) {
            let value = try client.call("explain", [("subject", .string("\(subject)")), ("day", .integer(Int64(lastDay)))])
            guard let explained = try ExplainedResident(value) else { continue }
            if explained.interest > best?.interest ?? -1 { best = explained }
        }
        return best
    }
}

/// One resident's explanation with the consequences of the score.
struct ExplainedResident {
    let lines: [String]
    /// How many different things can be seen from it.
    let interest: Int

    /// Nil where the standings do not hold the resident.
    init?(_ value: JSONValue) throws {
        var answer = try Answer(value)
        let text = try answer.texts("lines")
        guard let json = value["json"], let standing = json["standing"], case .object = standing.content else { return nil }
        var standingAnswer = try Answer(standing)
        var explanation = try Answer(json)
        var fates: Set<String> = []
        for var entry in try explanation.answers("entries") { fates.insert(try entry.text("fate")) }
        let effects = try standingAnswer.answers("effects").map { effect in
            var effect = effect
            return (title: try effect.text("title"), kind: try effect.text("kind"))
        }
        let tier = try standingAnswer.text("tier")
        interest = 2 * fates.subtracting(["counted", "noted", "expired"]).count + (effects.isEmpty ? 0 : 3)
        var lines = ["How one resident's score comes about:"] + text.map { "  " + $0 }
        lines.append("What follows from tier \(tier) (simulated):")
        lines += effects.isEmpty ? ["  nothing: no advantage, no restriction"] : effects.map { "  \($0.kind): \($0.title)" }
        self.lines = lines
    }
}
