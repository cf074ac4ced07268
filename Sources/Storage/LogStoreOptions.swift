/// Sizes of the log store. The defaults suit a node at full rate.
package struct LogStoreOptions: Sendable {
    /// Bytes of a database page: at most 8,192 (``LogStoreSchema`` says why).
    package var pageBytes = 8_192
    /// Pages in the write-ahead log after which a commit moves them into the database file: 32 mebibytes, for which one
    /// commit in many takes a tenth of a second longer.
    package var checkpointPages = 4_096
    /// Kibibytes of page cache of the writing connection.
    package var cacheKibibytes = 16_384
    /// Connections that read at once.
    package var readers = 4
    /// Only reads: nothing is created, written, checkpointed or locked.
    package var isReadOnly = false
    /// Where the files lie.
    package var files: any StoreFiles = SystemStoreFiles()
    /// Hears of each step of a transaction, on the thread that writes.
    package var onStep: (@Sendable (LogStoreStep) -> Void)?

    package init() {}
}

/// What happens in a transaction of the log store, in this order.
package enum LogStoreStep: Sendable {
    case begun
    /// All is staged: what follows is the COMMIT, which writes and syncs the write-ahead log.
    case staged
    case durable
}
