package import Cryptography
package import Encoding

/// What a node states about a cut: the root of the standings there. It is signed as a note under the node's origin
/// line.
package struct Attestation: Equatable, Sendable {
    /// SHA-256 of the cut's text.
    package let cut: Digest
    package let standingsRoot: Digest
    package let subjects: UInt64

    package init(cut: Digest, standingsRoot: Digest, subjects: UInt64) {
        self.cut = cut
        self.standingsRoot = standingsRoot
        self.subjects = subjects
    }

    private static let firstLine = Array("concord/attestation/v1".utf8)

    /// The text that is signed.
    package var text: [UInt8] {
        Self.firstLine + Array("\n\(base64(cut.bytes))\n\(base64(standingsRoot.bytes))\n\(subjects)\n".utf8)
    }

    /// Reads the one form that an attestation's text has.
    package init(text: [UInt8]) throws(DecodingFailure) {
        let lines = try textLines(text, "an attestation")
        guard lines.count == 4, lines[0].elementsEqual(Self.firstLine) else {
            throw .malformed("an attestation is four lines: concord/attestation/v1, cut, standings root, subjects")
        }
        cut = try digest(lines[1], "cut")
        standingsRoot = try digest(lines[2], "standings root")
        guard let subjects = decimal(lines[3]) else {
            throw .malformed("the number of subjects is not a decimal below 2^63 without leading zeros")
        }
        self.subjects = subjects
    }
}
