extension FuzzTarget {
    /// Every decoder that reads bytes from outside.
    package static let all: [FuzzTarget] =
        wireTargets + recordTargets + noteTargets + proofTargets + textTargets + fileTargets + importTargets
        + replicaTargets
}
