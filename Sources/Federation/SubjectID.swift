// Federation: events, subjects, hybrid time, topology, roles, limits. May import Encoding, Cryptography and
// TransparencyLog; no Foundation, no clock, no random numbers.

internal import Encoding

/// A subject: 16 bytes, ordered bytewise. Two big-endian words, so that comparing is cheap.
package struct SubjectID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package static let byteCount = 16

    @inlinable
    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// From exactly 16 bytes; nil for another count.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        var words: (UInt64, UInt64) = (0, 0)
        for (offset, byte) in bytes.enumerated() {
            if offset < 8 { words.0 = words.0 << 8 | UInt64(byte) } else { words.1 = words.1 << 8 | UInt64(byte) }
        }
        self.init(high: words.0, low: words.1)
    }

    /// From 32 hexadecimal digits.
    package init?(hex text: some StringProtocol) {
        guard let bytes = Encoding.bytes(hex: text) else { return nil }
        self.init(bytes)
    }

    package var bytes: [UInt8] {
        (0..<16).map { UInt8(truncatingIfNeeded: ($0 < 8 ? high : low) >> UInt64(56 - 8 * ($0 % 8))) }
    }

    package var description: String { hex(bytes) }

    @inlinable
    package static func < (left: SubjectID, right: SubjectID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}
