package import Cryptography
package import Federation
package import Scoring
internal import Storage

/// A page of the standings was asked for whose table is forgotten: it has to be begun anew.
package struct ForgottenStandings: Error {
    package init() {}
}

extension NodeCommands {
    /// The standings of a day for what tells of all subjects together and of none of them; they may be some seconds old. Nil
    /// while they are being computed: ask again.
    package func standingsTable(day: UInt32) throws -> StandingsTable? {
        try node.standingsTables.table(day: day, node: node)
    }

    /// The table whose pages are being turned, by its root.
    package func standingsTable(root: Digest) throws -> StandingsTable {
        guard let held = node.standingsTables.table(root: root, node: node) else { throw ForgottenStandings() }
        return held
    }

    /// A page of the standings, taken down as read.
    /// - Parameter subject: the last one of the page before.
    package func page(
        of table: StandingsTable, after subject: SubjectID?, limit: Int, reader: Reader
    ) throws -> ArraySlice<StandingsLine> {
        let lines = table.lines(after: subject, limit: limit)
        if let first = lines.first, let last = lines.last {
            try note(.standings, from: first.subject, to: last.subject, by: reader)
        }
        return lines
    }

    /// A subject's explanation on a day, and its score on others, taken down as read.
    package func course(
        of subject: SubjectID, explainedOn day: UInt32, days: [UInt32], reader: Reader
    ) throws -> (explanation: Explanation, scores: [Int64?]) {
        try note(.explanation, of: subject, by: reader)
        return (try node.explain(subject, day: day), try node.course(of: subject, days: days))
    }

    package var today: UInt32 { node.today }

    /// The day that pages show where none is asked for: that of the newest cut, which was attested, or today.
    package var shownDay: UInt32 {
        guard let text = try? node.log.cuts(limit: 1).first?.text, let cut = try? Cut(text: text) else { return node.today }
        return cut.day
    }
}
