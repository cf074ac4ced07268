import TransparencyLog

/// Sizes of the history store. The defaults suit a full-rate node; tests use small ones to reach every path quickly.
package struct HistoryOptions: Sendable {
    /// Records collected in memory before they are sorted and written as one run.
    package var tableRecords = 131_072
    /// Bytes of encoded records collected in memory before they are sorted and written as one run.
    package var tableBytes = 8 << 20
    /// Full tables that may wait for the disk before appends have to wait too.
    package var waitingTables = 2
    /// Runs of one size that are merged into one of the next.
    package var fanIn = 8
    /// Segments (of 16 KB) written or deleted in one transaction by work in the background.
    package var segmentsPerTransaction = 64
    /// Different factor codes that logs may bring along; later ones share ``HistoryStore/unknownNumber``.
    package var factorLimit = 65_536
    /// Different origin lines that corrections may name; later ones share ``HistoryStore/unknownNumber``.
    package var originLimit = 65_536
    /// Milliseconds after which a write that failed is tried again.
    package var retryMilliseconds = 1_000
    /// Where the files lie.
    package var files: any StoreFiles = SystemStoreFiles()
    /// Makes, for each store, what runs its work in the background.
    package var makeBackground: @Sendable () -> any HistoryBackground = { HistoryQueue() }

    package init() {}

    /// Bundles of entries that are folded at a time: a batch has to fit into a table whatever its entries hold.
    var bundlesPerBatch: UInt64 {
        let records = min(tableRecords, tableBytes / HistoryCoding.maximumRecordBytes)
        return UInt64(min(64, max(1, records / Int(Tiling.width))))
    }
}
