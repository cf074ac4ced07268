/// Sizes of the log store. The defaults suit a node at full rate.
package struct LogStoreOptions: Sendable {
    /// Bytes of a database page: at most 8,192 (``LogStoreSchema`` says why).
    package var pageBytes = 4_096
    /// Pages in the write-ahead log after which a commit moves them into the database file.
    package var checkpointPages = 8_192
    /// Kibibytes of page cache of the writing connection.
    package var cacheKibibytes = 16_384
    /// Connections that read at once.
    package var readers = 4
    /// Only reads: nothing is created, written, checkpointed or locked.
    package var isReadOnly = false

    package init() {}
}
