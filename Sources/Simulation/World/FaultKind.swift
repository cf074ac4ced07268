/// What goes wrong in a simulation, each with a rate of its own and a counter in the report.
package enum FaultKind: String, CaseIterable, Sendable, Comparable {
    // The network.
    case brokenConnection, halfOpenConnection, secondConnection, slowLine, partition, oneWayPartition
    // Machines and their clocks.
    case deadProcess, powerFailure, deathInStep, restart, clockJump
    // Disks.
    case fullDisk, readOnlyDisk, failingDisk, olderImage, swappedDisks
    case flippedBit, truncatedFile, copiedChunk, olderChunk, misdirectedWrite
    // Operators at bad moments.
    case retraction, appeal, ruling, erasure, convergence, resync, verification, rescue
    // A hostile city.
    case twin, withholding, nonsense, wrongfulErasure
    // Other versions.
    case newerVersion, unknownMessage, unknownEntry

    // What follows from them, counted only.
    case delivered, held, lost, recorded, refusedRecord, excusedLoss, lostPast, refusedStart, decision

    /// Disks that lose what they had promised to keep: so seldom that no two do so before the first is well again, mostly.
    var isRare: Bool { FaultGroup.damage.kinds.contains(self) || [.olderImage, .swappedDisks].contains(self) }

    package static func < (left: FaultKind, right: FaultKind) -> Bool { left.rawValue < right.rawValue }
}

/// Groups of faults that can be chosen for a run.
package enum FaultGroup: String, CaseIterable, Sendable {
    case network, machines, disks, damage, operators, hostility, versions

    var kinds: [FaultKind] {
        switch self {
        case .network:
            [.brokenConnection, .halfOpenConnection, .secondConnection, .slowLine, .partition, .oneWayPartition]
        case .machines: [.deadProcess, .powerFailure, .deathInStep, .restart, .clockJump]
        case .disks: [.fullDisk, .readOnlyDisk, .failingDisk, .olderImage, .swappedDisks]
        case .damage: [.flippedBit, .truncatedFile, .copiedChunk, .olderChunk, .misdirectedWrite]
        case .operators: [.retraction, .appeal, .ruling, .erasure, .convergence, .resync, .verification]
        case .hostility: [.twin, .withholding, .nonsense, .wrongfulErasure]
        case .versions: [.newerVersion, .unknownMessage, .unknownEntry]
        }
    }
}
