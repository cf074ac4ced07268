package import Cryptography
internal import Encoding

/// Why a note is not accepted.
package enum NoteFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case malformed(String)
    /// A signature under a known name and key id does not verify.
    case invalidSignature(String)
    /// No signature is by a known key.
    case noKnownSignature

    package var description: String {
        switch self {
        case .malformed(let reason): "the note is malformed: \(reason)"
        case .invalidSignature(let name): "the signature by \(name) does not verify"
        case .noKnownSignature: "no signature is by a known key"
        }
    }
}

/// A C2SP signed note (v1.0.0): text that ends with a newline, an empty line, signature lines.
package struct SignedNote: Equatable, Sendable {
    package struct Signature: Equatable, Sendable {
        package let name: [UInt8]
        package let identifier: UInt32
        package let bytes: [UInt8]
    }

    /// What is signed, with its last newline.
    package let text: [UInt8]
    package let signatures: [Signature]

    /// A note is at most a mebibyte and has at most 100 signatures (the specification leaves both open).
    package static let maximumBytes = 1 << 20
    package static let maximumSignatures = 100

    package init(_ bytes: [UInt8]) throws(NoteFailure) {
        guard bytes.count <= Self.maximumBytes else { throw .malformed("it is over \(Self.maximumBytes) bytes") }
        guard isUTF8(bytes) else { throw .malformed("it is not UTF-8") }
        guard !bytes.contains(where: { $0 < 0x20 && $0 != 0x0a }) else { throw .malformed("it holds a control character") }
        guard let gap = Self.lastEmptyLine(bytes) else { throw .malformed("an empty line before the signatures is missing") }
        text = Array(bytes[...gap])
        let lines = bytes[(gap + 2)...]
        guard lines.last == 0x0a else { throw .malformed("the last line has no newline") }
        let split = lines.dropLast().split(separator: 0x0a, omittingEmptySubsequences: false)
        guard split.count <= Self.maximumSignatures else {
            throw .malformed("it has over \(Self.maximumSignatures) signatures")
        }
        var signatures: [Signature] = []
        for line in split { signatures.append(try Self.signature(line)) }
        self.signatures = signatures
    }

    /// Index of the newline that ends the text; the one behind it is the empty line.
    private static func lastEmptyLine(_ bytes: [UInt8]) -> Int? {
        var index = bytes.count - 2
        while index >= 0 {
            if bytes[index] == 0x0a && bytes[index + 1] == 0x0a { return index }
            index -= 1
        }
        return nil
    }

    private static func signature(_ line: ArraySlice<UInt8>) throws(NoteFailure) -> Signature {
        let dash = Array("— ".utf8)
        guard line.starts(with: dash) else { throw .malformed("a signature line begins with an em dash and a space") }
        let parts = line.dropFirst(dash.count).split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 2, isSignerName(parts[0]) else {
            throw .malformed("a signature line is a dash, a name and base64, with single spaces")
        }
        guard let material = Encoding.bytes(base64: parts[1]), material.count > 4 else {
            throw .malformed("a signature is not canonical base64 of a key id and a signature")
        }
        let identifier = material[..<4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        return Signature(name: Array(parts[0]), identifier: identifier, bytes: Array(material[4...]))
    }

    /// The keys that signed this note, each once and at least one. Unknown signatures are ignored; a known one that fails
    /// rejects the note, and so it does if it stands behind a good one by the same key.
    package func verified(by keys: [VerifierKey]) throws(NoteFailure) -> [VerifierKey] {
        var signers: [VerifierKey] = []
        // One that stands there many times over is verified once: verifying is a hundred times dearer than sending.
        var valid: [Signature] = []
        for signature in signatures where !valid.contains(signature) {
            guard let key = keys.first(where: { $0.name == signature.name && $0.identifier == signature.identifier })
            else { continue }
            guard key.key.isValid(signature.bytes, of: text) else {
                throw .invalidSignature(String(decoding: signature.name, as: UTF8.self))
            }
            valid.append(signature)
            if !signers.contains(where: { $0.name == key.name && $0.identifier == key.identifier }) { signers.append(key) }
        }
        guard !signers.isEmpty else { throw .noKnownSignature }
        return signers
    }

    /// The bytes of a note with one signature over `text`, which must end with a newline.
    package static func sign(_ text: [UInt8], name: [UInt8], with key: SigningKey) -> [UInt8] {
        precondition(text.last == 0x0a, "a note's text ends with a newline")
        let identifier = VerifierKey.identifier(name: name, publicKey: key.publicKey)
        let material = bigEndianBytes(identifier) + key.signature(of: text)
        return text + [0x0a] + Array("— ".utf8) + name + [0x20] + Array(base64(material).utf8) + [0x0a]
    }
}
