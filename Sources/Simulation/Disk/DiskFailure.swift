/// Why a simulated disk does not do what it is asked for.
package enum DiskFailure: Error, Equatable {
    /// The program that asks is dead: the disk was halted, or the handle is from before a crash.
    case dead
    case inputOutput
    case full
    case readOnly
    case noSuchFile
}

/// Faults that a simulated disk shows to running programs, beside crashes.
package struct DiskFaults: Sendable, Equatable {
    /// Bytes of all files together beyond which nothing is taken; nil for no limit.
    package var capacity: Int?
    package var isReadOnly = false
    /// Reads, writes and syncs of a million that fail, each by chance. A failed write may have written a part; of half of
    /// the failed syncs the changes never become durable, whatever a later sync says.
    package var failedReadsPerMillion = 0
    package var failedWritesPerMillion = 0
    package var failedSyncsPerMillion = 0

    package init() {}
}

/// What a simulated disk did that lasts longer than the program that asked for it.
package enum DiskAction: String, Sendable, CaseIterable {
    case create, write, truncate, sync, delete, rename, syncFolder
}
