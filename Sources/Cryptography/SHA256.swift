// Cryptography: SHA-256, Ed25519, HMAC, random bytes, key files, over system OpenSSL. May import COpenSSL alone; no
// Foundation, no clock.

internal import COpenSSL

/// A SHA-256 hash: 32 bytes as four words, so that arrays of hashes lie flat in memory.
package struct Digest: Hashable, Sendable {
    package var words: (UInt64, UInt64, UInt64, UInt64)

    package static let byteCount = 32

    package init() { words = (0, 0, 0, 0) }

    /// From exactly 32 bytes; nil for another count.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.init()
        withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
    }

    /// From 32 bytes at an address.
    package init(loading pointer: UnsafeRawPointer) {
        self.init()
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: 32)) }
    }

    package var bytes: [UInt8] { withUnsafeBytes(of: words) { Array($0) } }

    /// The first eight bytes as a big-endian number: orders as the whole hash does, but for ties.
    package var prefix: UInt64 { UInt64(bigEndian: words.0) }

    package static func == (left: Digest, right: Digest) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1 && left.words.2 == right.words.2
            && left.words.3 == right.words.3
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
    }

    /// Bytewise order.
    package static func < (left: Digest, right: Digest) -> Bool {
        if left.words.0 != right.words.0 { return UInt64(bigEndian: left.words.0) < UInt64(bigEndian: right.words.0) }
        if left.words.1 != right.words.1 { return UInt64(bigEndian: left.words.1) < UInt64(bigEndian: right.words.1) }
        if left.words.2 != right.words.2 { return UInt64(bigEndian: left.words.2) < UInt64(bigEndian: right.words.2) }
        return UInt64(bigEndian: left.words.3) < UInt64(bigEndian: right.words.3)
    }
}

extension Digest: Comparable {}

/// SHA-256 (FIPS 180-4) of a message at hand.
@inline(__always)
package func sha256(_ message: UnsafeRawBufferPointer) -> Digest {
    var digest = Digest()
    withUnsafeMutableBytes(of: &digest.words) { output in
        concord_sha256(message.baseAddress, message.count, output.baseAddress!)
    }
    return digest
}

package func sha256(_ message: [UInt8]) -> Digest { message.withUnsafeBytes { sha256($0) } }

/// SHA-256 of a prefix byte and a message of at most 54 bytes, in one block.
@inline(__always)
package func sha256(prefix: UInt8, short message: UnsafeRawBufferPointer) -> Digest {
    precondition(message.count <= 54, "one block takes a message of at most 54 bytes behind its prefix")
    var digest = Digest()
    withUnsafeMutableBytes(of: &digest.words) { output in
        concord_sha256_prefixed(prefix, message.baseAddress, message.count, output.baseAddress!)
    }
    return digest
}

/// SHA-256(0x01 ‖ left ‖ right): an interior node of an RFC 6962 tree.
@inline(__always)
package func sha256Node(_ left: Digest, _ right: Digest) -> Digest {
    var digest = Digest()
    withUnsafeBytes(of: left.words) { left in
        withUnsafeBytes(of: right.words) { right in
            withUnsafeMutableBytes(of: &digest.words) { output in
                concord_sha256_node(left.baseAddress!, right.baseAddress!, output.baseAddress!)
            }
        }
    }
    return digest
}

/// HMAC-SHA-256 (RFC 2104).
package func hmacSHA256(key: [UInt8], _ message: [UInt8]) -> Digest {
    var output = [UInt8](repeating: 0, count: 32)
    var length: UInt32 = 0
    let isDone = HMAC(EVP_sha256(), key, Int32(key.count), message, message.count, &output, &length) != nil
    guard isDone, let digest = Digest(output) else { preconditionFailure("OpenSSL computes no HMAC") }
    return digest
}

/// Bytes from the system's random generator.
package func randomBytes(_ count: Int) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    precondition(RAND_bytes(&bytes, Int32(count)) == 1, "the system's random generator gives no bytes")
    return bytes
}
