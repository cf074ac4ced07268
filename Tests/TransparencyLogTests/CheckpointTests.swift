import Cryptography
import Encoding
import TestSupport
import Testing
import TransparencyLog

struct CheckpointTests {
    private let vectors = Vectors.checkpoint
    private let keys = [try! VerifierKey(Vectors.checkpoint["verifier_key"]!.string)]
    private let signing = SigningKey(seed: bytes(hex: Vectors.checkpoint["private_key_seed"]!.string)!)!
    private let checkpoint = Checkpoint(
        origin: Array("pilot.concord.example/shanghai/1".utf8), size: 600, root: Vectors.log["roots"]!["600"]!.digest)

    @Test func theCheckpointOfTheVectorsIsMadeSignedAndRead() throws {
        #expect(checkpoint.text == vectors["checkpoint"]!.textBytes)
        #expect(try Checkpoint(text: vectors["checkpoint"]!.textBytes) == checkpoint)
        // Ed25519 is deterministic: the note is the same, byte for byte.
        let signed = try SignedCheckpoint(signing: checkpoint, with: signing)
        #expect(signed.note == vectors["signed"]!.textBytes)
        let read = try SignedCheckpoint(note: vectors["signed"]!.textBytes, keys: keys)
        #expect(read == signed)
        #expect(read.checkpoint == checkpoint)
        #expect(read.size == 600)
        #expect(try SignedCheckpoint(trusted: signed.note) == signed)
    }

    @Test func anUnknownSignatureBesideTheKnownOneIsIgnored() throws {
        let note = vectors["also_good_unknown_signature_ignored"]!.textBytes
        let read = try SignedCheckpoint(note: note, keys: keys)
        #expect(read.checkpoint == checkpoint)
        #expect(read.note == note)
    }

    @Test(arguments: Vectors.checkpoint["bad"]!.members.map(\.name))
    func everyBadCheckpointOfTheVectorsIsRefused(what: String) {
        #expect(throws: NoteFailure.self) {
            try SignedCheckpoint(note: vectors["bad"]![what]!.textBytes, keys: keys)
        }
    }

    @Test func badCheckpointsAreRefusedForWhatIsWrongWithThem() {
        #expect(vectors["bad"]!.members.count == 13)
        func failure(_ what: String) -> NoteFailure? {
            do {
                _ = try SignedCheckpoint(note: vectors["bad"]![what]!.textBytes, keys: keys)
                return nil
            } catch { return error }
        }
        let name = "pilot.concord.example/shanghai/1"
        for what in ["flipped size", "signature bit"] { #expect(failure(what) == .invalidSignature(name)) }
        for what in ["origin not the signer's", "only an unknown signer"] { #expect(failure(what) == .noKnownSignature) }
        for what in ["leading zero in size", "negative size", "size over 2^63"] {
            #expect(failure(what)?.description.contains("size") == true)
        }
        for what in ["short root", "root not canonical base64"] {
            #expect(failure(what)?.description.contains("root") == true)
        }
        #expect(failure("extension line")?.description.contains("three lines") == true)
        #expect(failure("hyphen for the dash")?.description.contains("em dash") == true)
    }

    @Test func aTurnedBitACutOrAnAdditionRejectsIt() {
        for key in ["signed", "also_good_unknown_signature_ignored"] {
            let note = vectors[key]!.textBytes
            // What belongs to the stranger's line alone may change, as long as it stays one.
            let stranger = vectors["signed"]!.textBytes.count
            for variant in tampered(note) {
                guard let read = try? SignedCheckpoint(note: variant, keys: keys) else { continue }
                #expect(read.checkpoint == checkpoint)
                #expect(variant.prefix(stranger) == note.prefix(stranger))
                #expect(key != "signed")
            }
        }
        for variant in tampered(vectors["signed"]!.textBytes) {
            #expect(throws: NoteFailure.self) { try SignedCheckpoint(note: variant, keys: keys) }
        }
    }

    @Test func nothingStandsBehindTheThreeLines() {
        for more in ["\n", "\nmore\n", "more\n", "more", "\n\n"] {
            #expect(throws: NoteFailure.self) { try Checkpoint(text: checkpoint.text + Array(more.utf8)) }
            let note = SignedNote.sign(checkpoint.text + Array("\(more)\n".utf8), name: checkpoint.origin, with: signing)
            #expect(throws: NoteFailure.self) { try SignedCheckpoint(note: note, keys: keys) }
        }
    }

    @Test func theSizeIsBelowTwoToTheSixtyThird() throws {
        for size in [0, 1, UInt64(Int64.max)] {
            let checkpoint = Checkpoint(origin: Array("a/b/1".utf8), size: size, root: Digest())
            #expect(try Checkpoint(text: checkpoint.text) == checkpoint)
        }
        let over = Checkpoint(origin: Array("a/b/1".utf8), size: UInt64(Int64.max) + 1, root: Digest())
        #expect(throws: NoteFailure.self) { try Checkpoint(text: over.text) }
        #expect(throws: NoteFailure.self) { try SignedCheckpoint(signing: over, with: signing) }
    }

    @Test(arguments: ["", "a b/c/1", "a+b/c/1", "a\tb/c/1", "a\u{3000}b/c/1", String(repeating: "a", count: 256)])
    func anOriginThatCannotSignIsRefused(origin: String) {
        let checkpoint = Checkpoint(origin: Array(origin.utf8), size: 1, root: Digest())
        #expect(throws: NoteFailure.self) { try Checkpoint(text: checkpoint.text) }
    }

    @Test func aKeyOfAnotherNameDoesNotVouchForTheOrigin() throws {
        let other = VerifierKey(name: Array("pilot.concord.example/suzhou/1".utf8), key: keys[0].key)
        let note = SignedNote.sign(checkpoint.text, name: other.name, with: signing)
        #expect(throws: NoteFailure.noKnownSignature) { try SignedCheckpoint(note: note, keys: [other] + keys) }
    }

    @Test func aNoteOverItsLimitIsRefused() throws {
        let line = Array("— someone.example YWJjZGU=\n".utf8)
        var note = vectors["signed"]!.textBytes
        while note.count + line.count <= SignedCheckpoint.maximumBytes { note += line }
        #expect(throws: NoteFailure.self) { try SignedCheckpoint(note: note + line, keys: keys) }
        // Below it, a hundred signatures are the limit.
        #expect((try? SignedCheckpoint(note: note, keys: keys)) == nil)
        #expect(try SignedCheckpoint(note: vectors["signed"]!.textBytes + line, keys: keys).size == 600)
    }
}

struct AttestationNoteTests {
    private let vectors = Vectors.cut
    private let keys = [try! VerifierKey(Vectors.cut["verifier_key"]!.string)]

    @Test func theSignedAttestationOfTheVectorsVerifies() throws {
        let note = try SignedNote(vectors["signed"]!.textBytes)
        #expect(note.text == vectors["attestation"]!.textBytes)
        #expect(try note.verified(by: keys).map(\.description) == [vectors["verifier_key"]!.string])
        let cut = base64(sha256(vectors["cut"]!.textBytes).bytes)
        #expect(vectors["attestation"]!.string.split(separator: "\n")[1] == cut)
    }

    @Test func aTurnedBitACutOrAnAdditionRejectsIt() {
        for variant in tampered(vectors["signed"]!.textBytes) {
            #expect(throws: NoteFailure.self) { try SignedNote(variant).verified(by: keys) }
        }
    }

    @Test func anAttestationIsNoCheckpoint() {
        #expect(throws: NoteFailure.self) { try SignedCheckpoint(note: vectors["signed"]!.textBytes, keys: keys) }
    }
}
