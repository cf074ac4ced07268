package import Federation

/// A place in the stream: the `ordinal`-th occurrence, counted from 0, that a node records.
package struct Target: Hashable, Sendable {
    /// Index of the node in `Scenario.nodes`.
    package let node: Int
    package let ordinal: UInt64

    package init(node: Int, ordinal: UInt64) {
        self.node = node
        self.ordinal = ordinal
    }
}

/// One thing to record: an event without its salt and time. Each node records its own in the order of the stream.
package struct Occurrence: Equatable, Sendable {
    package enum What: Equatable, Sendable {
        case observation(factor: [UInt8], quantity: Int32, reference: [UInt8])
        case retraction(target: Target, reason: [UInt8])
        case appeal(target: Target, reason: [UInt8])
        case ruling(target: Target, verdict: Verdict, reason: [UInt8])
        case erasure(target: Target, ground: ErasureGround)
    }

    /// Index in `Scenario.nodes` of the node that records it.
    package let node: Int
    /// Effective day: days since 1970-01-01, UTC. Of an erasure, which has none, the day of recording.
    package let day: UInt32
    /// Day on which it is recorded, in the same count; the stream never goes back in it.
    package let recordedOnDay: UInt32
    package let subject: SubjectID
    package let what: What

    /// What it corrects; nil for an observation.
    package var target: Target? {
        switch what {
        case .observation: nil
        case .retraction(let target, _), .appeal(let target, _), .ruling(let target, _, _), .erasure(let target, _):
            target
        }
    }
}
