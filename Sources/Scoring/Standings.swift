package import Cryptography
package import Federation
internal import TransparencyLog

/// Hash of a leaf of the standings: the subject's 16 bytes and the score as a big-endian int64.
package func standingsLeafHash(_ subject: SubjectID, _ score: Int64) -> Digest {
    let words = (subject.high.bigEndian, subject.low.bigEndian, score.bigEndian)
    return withUnsafeBytes(of: words) { leafHash($0) }
}

/// The standings' root and number of subjects, from scores fed in the order of the subjects' bytes.
package struct StandingsAccumulator: Sendable {
    private var range = CompactRange()
    private var last: SubjectID?

    package init() {}

    /// The subject must stand behind all that came before it.
    package mutating func append(_ subject: SubjectID, score: Int64) {
        if let last { precondition(last < subject, "standings are fed in the order of the subjects, each once") }
        last = subject
        range.append(standingsLeafHash(subject, score))
    }

    package var count: UInt64 { range.size }

    /// RFC 6962 root over the leaves so far.
    package var root: Digest { range.root }
}
