internal import Cryptography

/// A generated population: its members' ids carry their own check, so that no real person's id can be one of them.
package struct SyntheticPopulation: Equatable, Sendable {
    package let seed: [UInt8]
    /// Number of members: indices `0..<size`.
    package let size: UInt64
    private let prefix: [UInt8]

    package init(seed: [UInt8], size: UInt64) {
        self.seed = seed
        self.size = size
        prefix = Array("concord/synthetic/v1".utf8) + seed
    }

    /// Id of the member with an index, whether or not it is below the size.
    package func subject(_ index: UInt64) -> SubjectID {
        let check = sha256(prefix + (0..<8).map { UInt8(truncatingIfNeeded: index >> UInt64(56 - 8 * $0)) })
        return SubjectID(high: index, low: check.prefix)
    }

    package func contains(_ subject: SubjectID) -> Bool {
        subject.high < size && self.subject(subject.high) == subject
    }
}
