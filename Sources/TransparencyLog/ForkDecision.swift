package import Cryptography
package import Encoding

/// What an authority decided about an origin that signed two histories: the size and root with which its log ends for ever.
package struct ForkDecision: Equatable, Sendable {
    /// The origin line of the forked log.
    package let origin: [UInt8]
    /// From 1: of two decisions about one origin the one with the larger number counts.
    package let number: UInt64
    package let size: UInt64
    package let root: Digest

    package init(origin: [UInt8], number: UInt64, size: UInt64, root: Digest) {
        self.origin = origin
        self.number = number
        self.size = size
        self.root = root
    }

    private static let title = Array("concord/fork-decision/v1".utf8)

    /// The text that is signed: title, origin, number, size, root, a line each.
    package var text: [UInt8] {
        Self.title + [0x0a] + origin + Array("\n\(number)\n\(size)\n\(base64(root.bytes))\n".utf8)
    }

    package init(text: [UInt8]) throws(NoteFailure) {
        let lines = text.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.count == 6, lines[5].isEmpty, lines[0].elementsEqual(Self.title) else {
            throw .malformed("a fork decision is exactly five lines: its title, origin, number, size, root")
        }
        guard isSignerName(lines[1]), lines[1].count <= 255 else { throw .malformed("the origin line is not a signer's name") }
        guard let number = decimal(lines[2]), number >= 1 else {
            throw .malformed("the number is not a decimal from 1 without leading zeros")
        }
        guard let size = decimal(lines[3]) else {
            throw .malformed("the size is not a decimal below 2^63 without leading zeros")
        }
        guard let hash = Encoding.bytes(base64: lines[4]), let root = Digest(hash) else {
            throw .malformed("the root is not canonical base64 of 32 bytes")
        }
        self.init(origin: Array(lines[1]), number: number, size: size, root: root)
    }

    /// Whether this one counts where both are known: the larger number, and of equal ones the smaller hash of the text. An
    /// order of all decisions about an origin, so that nodes which hear them in any order end with the same.
    package func prevails(over other: ForkDecision) -> Bool {
        if number != other.number { return number > other.number }
        return text != other.text && sha256(text) < sha256(other.text)
    }

    /// Whether a checkpoint states the decided end of the log.
    package func isStated(by checkpoint: SignedCheckpoint) -> Bool {
        checkpoint.origin == origin && checkpoint.size == size && checkpoint.root == root
    }
}

/// A decision with all that it rests on, so that it verifies offline: the proof of the fork, the decision as the authority
/// signed it, and the checkpoint in which the origin itself stated the decided size and root.
package struct DecidedFork: Equatable, Sendable {
    package let proof: ForkProof
    /// The decision as a signed note.
    package let note: [UInt8]
    /// The origin's own checkpoint of the decided size and root; empty where the decided size is 0.
    package let checkpoint: [UInt8]

    package init(proof: ForkProof, note: [UInt8], checkpoint: [UInt8]) {
        self.proof = proof
        self.note = note
        self.checkpoint = checkpoint
    }

    /// Signs a decision and verifies it before it is returned.
    package init(
        deciding decision: ForkDecision, proof: ForkProof, checkpoint: [UInt8], signer: [UInt8], with key: SigningKey
    ) {
        self.init(
            proof: proof, note: SignedNote.sign(decision.text, name: signer, with: key), checkpoint: checkpoint)
    }

    /// Verifies proof, decision and checkpoint.
    ///
    /// - Parameters:
    ///   - keys: of origins; those named by the forked origin's line count.
    ///   - authorities: keys of the logs of nodes with the role authority. The forked log's own key decides nothing.
    package func verify(keys: [VerifierKey], authorities: [VerifierKey]) throws(ForkDecisionFailure) -> VerifiedForkDecision {
        let origin: [UInt8]
        do throws(ForkProofFailure) { origin = try proof.verify(keys: keys) } catch { throw .proof(error) }
        let decision: ForkDecision
        let signers: [VerifierKey]
        do throws(NoteFailure) {
            guard note.count <= SignedCheckpoint.maximumBytes else { throw .malformed("a decision is too long") }
            let signed = try SignedNote(note)
            decision = try ForkDecision(text: signed.text)
            signers = try signed.verified(by: authorities.filter { $0.name != origin })
        } catch { throw .note(error) }
        guard decision.origin == origin, let signer = signers.first else { throw .differentOrigins }
        if decision.size == 0 {
            guard checkpoint.isEmpty, decision.root == sha256([]) else { throw .notStated }
            return VerifiedForkDecision(decision: decision, checkpoint: nil, authority: signer.name, evidence: self)
        }
        let stated: SignedCheckpoint
        do throws(NoteFailure) { stated = try SignedCheckpoint(note: checkpoint, keys: keys) } catch {
            throw .checkpoint(error)
        }
        guard decision.isStated(by: stated) else { throw .notStated }
        return VerifiedForkDecision(decision: decision, checkpoint: stated, authority: signer.name, evidence: self)
    }
}

/// A decision whose signatures and evidence were verified.
package struct VerifiedForkDecision: Equatable, Sendable {
    package let decision: ForkDecision
    /// The origin's own statement of the decided size and root; nil where that size is 0.
    package let checkpoint: SignedCheckpoint?
    /// Origin line under which the authority signed.
    package let authority: [UInt8]
    package let evidence: DecidedFork

    package var size: UInt64 { decision.size }
    package var root: Digest { decision.root }
}

/// Why a decision does not count.
package enum ForkDecisionFailure: Error, Equatable, Sendable, CustomStringConvertible {
    case proof(ForkProofFailure)
    case note(NoteFailure)
    case checkpoint(NoteFailure)
    /// The decision is about another origin than the proof.
    case differentOrigins
    /// The origin did not sign the decided size and root.
    case notStated

    package var description: String {
        switch self {
        case .proof(let failure): "the fork is not proven: \(failure)"
        case .note(let failure): "the decision is not an authority's: \(failure)"
        case .checkpoint(let failure): "the checkpoint of the decided size is not good: \(failure)"
        case .differentOrigins: "the decision is about another origin than the proof"
        case .notStated: "the checkpoint does not state the decided size and root"
        }
    }
}

extension DecidedFork {
    /// `struct { ForkProof proof; opaque decision<1..4096>; opaque checkpoint<0..4096> } DecidedFork`
    package var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.vector(note, maximum: SignedCheckpoint.maximumBytes)
        writer.vector(checkpoint, maximum: SignedCheckpoint.maximumBytes)
        return proof.encoded + writer.bytes
    }

    package init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        try self.init(following: ForkProof(decoding: &reader), decoding: &reader)
    }

    /// The part behind a proof that was decoded.
    package init(following proof: ForkProof, decoding reader: inout ByteReader) throws(DecodingFailure) {
        self.proof = proof
        note = try reader.vector(1...SignedCheckpoint.maximumBytes)
        checkpoint = try reader.vector(0...SignedCheckpoint.maximumBytes)
    }
}
