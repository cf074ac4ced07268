internal import Storage

// Where the standings' file cannot be written to, standings are folded anew in another place until it can. What changes
// meanwhile among entries that the file has folded already, no position of the file tells.
extension Node {
    private static let staleMark = "standings"

    /// Says in the log, before such a change, that the file in the node's folder will lack it.
    func noteStandingsStale() throws {
        guard isHistoryElsewhere, try log.meta(Self.staleMark) == nil else { return }
        try log.write { try $0.setMeta(Self.staleMark, [0x31]) }
    }

    /// Empties the file in the node's folder where it lacks such a change, so that it is folded anew.
    func emptyStaleStandings() throws {
        guard !isHistoryElsewhere, !log.isReadOnly, try log.meta(Self.staleMark) != nil else { return }
        try emptyHistory()
        if isHistoryElsewhere { return }
        // The old file must not come back when the power fails, once nothing says any more that it is stale.
        try environment.historyOptions.files.syncFolder(of: folder.standingsFile)
        try log.write { try $0.setMeta(Self.staleMark, nil) }
    }
}
