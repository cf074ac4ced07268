internal import GRDB
package import Scoring

/// What the file of a history says by itself, at one moment.
package struct HistoryFileState: Sendable {
    /// Next index to fold, by origin number.
    package let folded: [UInt64]
    package let erasures: [ErasureRecord]
}

extension HistoryStore {
    /// Reads the whole file and holds it against itself; throws ``HistoryFailure/damaged(_:)`` where it contradicts itself.
    ///
    /// What is in memory was read at the start: a file that was damaged since then, or whose pages are of different times,
    /// serves on until it is written to.
    package func checkedFile() throws -> HistoryFileState {
        let state = try database.fileState()
        for erasure in state.erasures
        where Int(erasure.origin) >= state.folded.count || erasure.index >= state.folded[Int(erasure.origin)] {
            throw HistoryFailure.damaged("it holds an erasure that is not folded yet")
        }
        return state
    }
}

extension HistoryDatabase {
    fileprivate func fileState() throws -> HistoryFileState {
        do {
            return try pool.read { database in
                let lines = try String.fetchAll(database, sql: "PRAGMA quick_check(20)")
                if lines != ["ok"] { throw HistoryFailure.damaged(lines.joined(separator: "; ")) }
                let rows = try Row.fetchAll(database, sql: "SELECT number, folded FROM origin ORDER BY number")
                let folded = try rows.enumerated().map { place, row in
                    guard try Self.checked({ try row.integer(0) }) == place else {
                        throw HistoryFailure.damaged("the numbers of its origins have gaps")
                    }
                    return UInt64(bitPattern: try Self.checked { try row.integer(1) })
                }
                return HistoryFileState(folded: folded, erasures: try Self.erasures(in: database))
            }
        } catch { throw Self.failure(error) }
    }
}
