package import Cryptography
internal import Encoding

/// A node's statement of its log's size and root (C2SP tlog-checkpoint without extension lines).
package struct Checkpoint: Equatable, Sendable {
    package let origin: [UInt8]
    package let size: UInt64
    package let root: Digest

    package init(origin: [UInt8], size: UInt64, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    /// The text that is signed: origin, size, root, a line each.
    package var text: [UInt8] {
        origin + Array("\n\(size)\n\(base64(root.bytes))\n".utf8)
    }

    package init(text: [UInt8]) throws(NoteFailure) {
        let lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count == 4, lines[3].isEmpty else {
            throw .malformed("a checkpoint is exactly three lines: origin, size, root")
        }
        guard isSignerName(lines[0]), lines[0].count <= 255 else { throw .malformed("the origin line is not a signer's name") }
        guard let size = decimal(lines[1]) else {
            throw .malformed("the size is not a decimal below 2^63 without leading zeros")
        }
        guard let hash = Encoding.bytes(base64: lines[2]), let root = Digest(hash) else {
            throw .malformed("the root is not canonical base64 of 32 bytes")
        }
        self.init(origin: Array(lines[0]), size: size, root: root)
    }
}

/// A checkpoint together with the note that carries it, as received, and whose signature by its own origin was verified.
package struct SignedCheckpoint: Equatable, Sendable {
    package let checkpoint: Checkpoint
    package let note: [UInt8]

    package var origin: [UInt8] { checkpoint.origin }
    package var size: UInt64 { checkpoint.size }
    package var root: Digest { checkpoint.root }

    /// A checkpoint's note is short: three lines and a few signatures.
    package static let maximumBytes = 4_096

    /// Accepts a note only if the origin that it names has signed it with a key from `keys`.
    package init(note: [UInt8], keys: [VerifierKey]) throws(NoteFailure) {
        guard note.count <= Self.maximumBytes else { throw .malformed("a checkpoint is at most \(Self.maximumBytes) bytes") }
        let signed = try SignedNote(note)
        checkpoint = try Checkpoint(text: signed.text)
        self.note = note
        let origin = checkpoint.origin
        _ = try signed.verified(by: keys.filter { $0.name == origin })
    }

    /// Signs a checkpoint and verifies what was signed with the public key before it is returned: a signature made by
    /// faulty hardware must not leave.
    package init(signing checkpoint: Checkpoint, with key: SigningKey) throws(NoteFailure) {
        let note = SignedNote.sign(checkpoint.text, name: checkpoint.origin, with: key)
        guard let verifying = VerifyingKey(key.publicKey) else { throw .malformed("the public key is none") }
        try self.init(note: note, keys: [VerifierKey(name: checkpoint.origin, key: verifying)])
    }

    /// A note that was verified before it was stored; only its form is read again.
    package init(trusted note: [UInt8]) throws(NoteFailure) {
        checkpoint = try Checkpoint(text: SignedNote(note).text)
        self.note = note
    }
}
