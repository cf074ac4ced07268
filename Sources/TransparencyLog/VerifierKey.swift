package import Cryptography
package import Encoding

/// The name under which a note is signed and the key that proves it (C2SP signed-note, "verifier key"):
/// `<name>+<hex key id>+<base64(0x01 ‖ public key)>`.
package struct VerifierKey: Sendable, CustomStringConvertible {
    package let name: [UInt8]
    package let identifier: UInt32
    package let key: VerifyingKey

    package init(name: [UInt8], key: VerifyingKey) {
        self.name = name
        self.key = key
        identifier = Self.identifier(name: name, publicKey: key.bytes)
    }

    /// Reads the one form; the key id must be that of the name and key.
    package init(_ text: some StringProtocol) throws(DecodingFailure) {
        let parts = Array(text.utf8).split(separator: 0x2b, maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("a verifier key is <name>+<key id>+<base64 key>") }
        guard isSignerName(parts[0]) else { throw .malformed("a verifier key's name has no spaces, control characters or +") }
        guard let material = Encoding.bytes(base64: parts[2]), material.count == 33, material[0] == 1,
            let key = VerifyingKey(Array(material[1...]))
        else { throw .malformed("the key is not an Ed25519 one: base64 of the byte 1 and 32 bytes of key is expected") }
        self.init(name: Array(parts[0]), key: key)
        let stated = String(decoding: parts[1], as: UTF8.self)
        guard stated.utf8.count == 8, stated == hex(bigEndianBytes(identifier)) else {
            throw .malformed("the key id \(stated) is not that of the name and key, \(hex(bigEndianBytes(identifier)))")
        }
    }

    package var description: String {
        "\(String(decoding: name, as: UTF8.self))+\(hex(bigEndianBytes(identifier)))+\(base64([1] + key.bytes))"
    }

    /// First four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key).
    static func identifier(name: [UInt8], publicKey: [UInt8]) -> UInt32 {
        let hash = sha256(name + [0x0a, 0x01] + publicKey)
        return UInt32(truncatingIfNeeded: hash.prefix >> 32)
    }
}

func bigEndianBytes(_ value: UInt32) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * $0)) }
}

/// A signer's name is not empty and holds neither white space nor a plus sign.
func isSignerName(_ name: some Collection<UInt8>) -> Bool {
    guard !name.isEmpty, isUTF8(name) else { return false }
    return String(decoding: name, as: UTF8.self).unicodeScalars.allSatisfy {
        $0 != "+" && !$0.properties.isWhitespace && $0.properties.generalCategory != .control
    }
}
