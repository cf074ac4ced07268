internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring
internal import TransparencyLog

/// Signed statements: notes, checkpoints, keys, cuts, attestations, fork proofs.
extension FuzzTarget {
    static let noteTargets = [
        signedNote, checkpoint, signedCheckpoint, verifierKey, cut, attestation, forkProof, decisionText, decision,
        publishedSlot,
    ]

    private static let noteTokens = texts("\n\n", "— ", "\n— ", " ", "+", "\n0\n", "9223372036854775807", "\u{a0}", "==\n")

    private static func note(_ failure: NoteFailure, _ trace: inout FuzzTrace) {
        switch failure {
        case .malformed(let reason): trace.note(words: reason)
        case .invalidSignature: trace.note(2)
        case .noKnownSignature: trace.note(3)
        }
    }

    private static let signedNote = FuzzTarget(
        "signed-note", "a C2SP signed note", tokens: noteTokens,
        seeds: { [FuzzMaterial.note, FuzzMaterial.note + FuzzMaterial.note.suffix(120), Array("a\n\n— x AAAAAAA=\n".utf8)] },
        body: { input, trace throws(FuzzFailure) in
            let read: SignedNote
            do throws(NoteFailure) { read = try SignedNote(input) } catch { return note(error, &trace) }
            var bytes = read.text + [0x0a]
            for signature in read.signatures {
                let material = (0..<4).map { UInt8(truncatingIfNeeded: signature.identifier >> UInt32(24 - 8 * $0)) }
                bytes += Array("— ".utf8) + signature.name + [0x20] + Array(base64(material + signature.bytes).utf8) + [0x0a]
            }
            try trace.require(bytes == input, "its text and signatures do not give the note back")
            try trace.require(read.text.last == 0x0a, "its text does not end with a newline")
            trace.note(read.signatures.count)
            do throws(NoteFailure) { trace.note(try read.verified(by: FuzzMaterial.keys).count) } catch { note(error, &trace) }
        })

    private static let said = [
        FuzzMaterial.checkpoint(3), FuzzMaterial.checkpoint(8, isForking: true), FuzzMaterial.checkpoint(0),
    ]

    private static let checkpoint = FuzzTarget(
        "checkpoint", "a signed checkpoint under known keys", tokens: noteTokens + [FuzzMaterial.forking],
        seeds: { said.map(\.note) },
        body: { input, trace throws(FuzzFailure) in
            let checkpoint: SignedCheckpoint
            do throws(NoteFailure) { checkpoint = try SignedCheckpoint(note: input, keys: FuzzMaterial.keys) } catch {
                return note(error, &trace)
            }
            try trace.require(checkpoint.note == input, "it keeps another note than it read")
            // Nobody but the holders of the keys has signed anything: what verifies says what they said.
            let text = checkpoint.checkpoint.text
            try trace.require(said.contains { $0.checkpoint.text == text }, "a checkpoint that nobody signed verifies")
            let trusted = try? SignedCheckpoint(trusted: input)
            try trace.require(trusted == checkpoint, "read as a trusted one it is another")
        })

    /// The input is what a city signs: whether it is taken must depend on the text alone.
    private static let signedCheckpoint = FuzzTarget(
        "checkpoint-text", "the text of a checkpoint that its origin signed", maximumBytes: 1_024,
        tokens: noteTokens + [FuzzMaterial.forking],
        seeds: { [FuzzMaterial.checkpoint(3).checkpoint.text, FuzzMaterial.checkpoint(0).checkpoint.text] },
        body: { input, trace throws(FuzzFailure) in
            let read: Checkpoint
            do throws(NoteFailure) { read = try Checkpoint(text: input) } catch { return note(error, &trace) }
            try trace.require(read.text == input, "its parts do not give the text back")
            try trace.require(read.size <= UInt64(Int64.max), "a size of 2^63 or more")
            guard read.origin == FuzzMaterial.honest else { return trace.note(4) }
            let bytes = SignedNote.sign(input, name: read.origin, with: FuzzMaterial.honestKey)
            let signed = try? SignedCheckpoint(note: bytes, keys: FuzzMaterial.keys)
            try trace.require(signed?.checkpoint == read, "what its origin signed does not verify")
            trace.note(size: read.size)
        })

    private static let verifierKey = FuzzTarget(
        "verifier-key", "a C2SP verifier key", maximumBytes: 512, tokens: texts("+", "+AQ", "="),
        seeds: {
            FuzzMaterial.keys.map { Array($0.description.utf8) }
                + [Array("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".utf8)]
        },
        body: { input, trace throws(FuzzFailure) in
            // The key stands in JSON, whose strings are UTF-8.
            guard let text = String(validating: input, as: UTF8.self) else { return }
            let key: VerifierKey
            do throws(DecodingFailure) { key = try VerifierKey(text) } catch { return trace.note(error) }
            try trace.require(Array(key.description.utf8) == input, "its parts do not give the text back")
        })

    private static let cut = FuzzTarget.canonical(
        "cut", "the text of a cut that a peer asks to be attested", maximumBytes: 4_096,
        tokens: texts("\norigin ", "\nday ", " 0 ", "concord/cut/v1\n", "4294967295", "4294967296") + [FuzzMaterial.forking],
        isList: true, seeds: { [FuzzFiles.cut] },
        decode: { (text) throws(DecodingFailure) in try Cut(text: text) }, encode: \.text,
        look: { cut, trace throws(FuzzFailure) in
            trace.note(size: cut.origins.count)
            for origin in cut.origins { try trace.require(cut.origin(origin.line) == origin, "an origin is not found again") }
        })

    private static let attestation = FuzzTarget.canonical(
        "attestation", "the text of an attestation", maximumBytes: 512,
        tokens: texts("concord/attestation/v1\n", "\n0\n", "9223372036854775808"), isList: true,
        seeds: {
            [Attestation(cut: FuzzMaterial.leaves[0], standingsRoot: FuzzMaterial.leaves[1], subjects: 200).text]
        },
        decode: { (text) throws(DecodingFailure) in try Attestation(text: text) }, encode: \.text)

    private static let forkProof = FuzzTarget.canonical(
        "fork-proof", "a fork proof, verified with the keys of the topology", maximumBytes: 10_000,
        tokens: [FuzzMaterial.checkpoint(8).note, FuzzMaterial.checkpoint(13).note, FuzzMaterial.leaves[6].bytes],
        seeds: { (FuzzMaterial.forkProofs + FuzzMaterial.falseProofs).map(\.encoded) },
        decode: { (bytes) throws(DecodingFailure) in
            var reader = ByteReader(bytes)
            let proof = try ForkProof(decoding: &reader)
            try reader.finish()
            return proof
        },
        encode: \.encoded,
        look: { proof, trace throws(FuzzFailure) in
            let accused: [UInt8]
            do throws(ForkProofFailure) { accused = try proof.verify(keys: FuzzMaterial.keys) } catch {
                return trace.note(words: error.description)
            }
            try trace.require(accused == FuzzMaterial.forking, "\(String(decoding: accused, as: UTF8.self)) is accused")
            trace.note(20)
        })

    private static let decisionText = FuzzTarget(
        "decision-text", "the text of a decision on a fork", maximumBytes: 512,
        tokens: noteTokens + texts("concord/fork-decision/v1\n", "\n1\n"),
        seeds: {
            [ForkDecision(origin: FuzzMaterial.forking, number: 3, size: 13, root: FuzzMaterial.leaves[0]).text]
        },
        body: { input, trace throws(FuzzFailure) in
            let decision: ForkDecision
            do throws(NoteFailure) { decision = try ForkDecision(text: input) } catch { return note(error, &trace) }
            try trace.require(decision.text == input, "its parts do not give the text back")
            try trace.require(!decision.prevails(over: decision) && decision.number >= 1, "it prevails over itself")
            trace.note(size: decision.size)
        })

    private static let decision = FuzzTarget.canonical(
        "decision", "a decision on a fork with its evidence, verified with the keys of the topology", maximumBytes: 12_000,
        tokens: [FuzzMaterial.checkpoint(8).note, FuzzMaterial.decisions[0].note, FuzzMaterial.decisions[1].note],
        seeds: { FuzzMaterial.decisions.map(\.encoded) },
        decode: { (bytes) throws(DecodingFailure) in
            var reader = ByteReader(bytes)
            let decided = try DecidedFork(decoding: &reader)
            try reader.finish()
            return decided
        },
        encode: \.encoded,
        look: { decided, trace throws(FuzzFailure) in
            let verified: VerifiedForkDecision
            let authorities = [FuzzMaterial.verifier(FuzzMaterial.authority, FuzzMaterial.authorityKey)]
            do throws(ForkDecisionFailure) {
                verified = try decided.verify(keys: FuzzMaterial.keys, authorities: authorities)
            } catch { return trace.note(words: error.description) }
            try trace.require(verified.decision.origin == FuzzMaterial.forking, "a log that never forked is decided upon")
            // The authority signed two decisions and no others.
            try trace.require([0, 13].contains(verified.size), "a log ends with a size that nobody decided")
            trace.note(size: verified.size)
        })

    private static let publishedSlot = FuzzTarget(
        "published-slot", "a slot of the file of the last published checkpoint", maximumBytes: PublishedFile.slotBytes,
        tokens: noteTokens + [[0]], seeds: { [FuzzMaterial.note + [0, 0, 0], FuzzMaterial.note] },
        body: { input, trace throws(FuzzFailure) in
            guard let checkpoint = PublishedFile.checkpoint(inSlot: input[...]) else { return trace.note(1) }
            let note = Array(input.prefix { $0 != 0 })
            let slot = PublishedFile.slot(note)
            try trace.require(
                note.count >= PublishedFile.slotBytes || slot?.count == PublishedFile.slotBytes, "a slot of another length")
            guard let slot else { return trace.note(2) }
            try trace.require(PublishedFile.checkpoint(inSlot: slot[...]) == checkpoint, "written again it reads differently")
        })
}
