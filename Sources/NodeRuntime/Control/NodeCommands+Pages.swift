package import Cryptography
package import Federation
package import Scoring
internal import Storage

/// A page of the standings was asked for whose table is forgotten: it has to be begun anew.
package struct ForgottenStandings: Error {
    package init() {}
}

extension NodeCommands {
    /// The standings of a day for what tells of all subjects together and of none of them; they may be some seconds old.
    package func standingsTable(day: UInt32) throws -> StandingsTable {
        try node.standingsTables.table(day: day, node: node)
    }

    /// A page of the standings, taken down as read.
    /// - Parameters:
    ///   - root: of the table whose pages are being turned; nil for the first page.
    ///   - subject: the last one of the page before.
    package func standingsPage(
        day: UInt32, root: Digest?, after subject: SubjectID?, limit: Int, reader: Reader
    ) throws -> (table: StandingsTable, lines: ArraySlice<StandingsLine>) {
        let table: StandingsTable
        if let root {
            guard let held = node.standingsTables.table(root: root) else { throw ForgottenStandings() }
            table = held
        } else {
            table = try standingsTable(day: day)
        }
        let lines = table.lines(after: subject, limit: limit)
        if let first = lines.first, let last = lines.last {
            try note(.standings, from: first.subject, to: last.subject, by: reader)
        }
        return (table, lines)
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
