/// Why the history store cannot do what was asked. What is stored here is derived from the log, so nothing that goes
/// wrong here loses an event.
package enum HistoryFailure: Error, Equatable, CustomStringConvertible {
    /// What is on disk is not what was written there. The file has to be deleted and folded again:
    /// ``HistoryStore/openOrRebuild(path:options:)``.
    case damaged(String)
    /// A number table overflowed earlier (a hostile log named too many codes or origins), and a name that now matters
    /// was among those it left out. The file has to be deleted and folded again, with that name known beforehand.
    case outgrown(String)
    /// The disk is full, read-only or failing. The store goes on serving what it has, tries again by itself, and
    /// accepts appends for as long as its memory lasts.
    case unavailable(String)
    /// The batch does not continue its log: the entry at index `expected` has to come first.
    case gap(expected: UInt64)
    /// The batch alone is larger than a whole table in memory: split it.
    case batchTooLarge
    /// `close` was called.
    case closed

    package var description: String {
        switch self {
        case .damaged(let what): "the standings file is damaged: \(what); run concord resync, which folds it again from the log"
        case .outgrown(let what): "the standings file has no number for \(what); it has to be rebuilt from the log"
        case .unavailable(let what): "the standings file cannot be written or read at present: \(what)"
        case .gap(let expected): "the entry at index \(expected) has to be folded first"
        case .batchTooLarge: "the batch is larger than a table in memory"
        case .closed: "the standings store is closed"
        }
    }
}
