package import Cryptography

/// Coordinates of C2SP tlog-tiles v0.1.0: a tile holds up to 256 consecutive hashes of the level `8 * level` of the tree,
/// a bundle up to 256 consecutive entries.
package enum Tiling {
    /// Hashes of a full tile and entries of a full bundle.
    package static let width: UInt64 = 256
    package static let height = 8

    /// The tiles of a log of `size` leaves: for every level its full tiles and, at the end, the partial one.
    package static func levels(size: UInt64) -> [(level: Int, full: UInt64, partial: Int)] {
        var levels: [(Int, UInt64, Int)] = []
        var count = size
        var level = 0
        while count > 0 {
            levels.append((level, count / width, Int(count % width)))
            count /= width
            level += 1
        }
        return levels
    }

    /// `tile/<L>/<N>[.p/<W>]`: N in groups of three digits, all but the last with an x before them.
    package static func path(kind: String, number: UInt64, partial: Int) -> String {
        var groups = [threeDigits(number % 1_000)]
        var rest = number / 1_000
        while rest > 0 {
            groups.insert("x" + threeDigits(rest % 1_000), at: 0)
            rest /= 1_000
        }
        let name = kind + "/" + groups.joined(separator: "/")
        return partial == 0 ? name : name + ".p/\(partial)"
    }

    private static func threeDigits(_ value: UInt64) -> String {
        let text = String(value)
        return String(repeating: "0", count: 3 - text.count) + text
    }
}

/// Bytes of a tile: its hashes one after another.
package func tileBytes(_ hashes: some Sequence<Digest>) -> [UInt8] { hashes.flatMap(\.bytes) }

/// Hashes of a tile's bytes; nil where their count is no multiple of 32.
package func tileHashes(_ bytes: [UInt8]) -> [Digest]? {
    guard bytes.count % Digest.byteCount == 0 else { return nil }
    return bytes.withUnsafeBytes { buffer in
        (0..<(buffer.count / Digest.byteCount)).map { Digest(loading: buffer.baseAddress! + $0 * Digest.byteCount) }
    }
}
