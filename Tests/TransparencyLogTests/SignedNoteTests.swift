import Cryptography
import Encoding
import TestSupport
import Testing
import TransparencyLog

struct SignedNoteTests {
    private let first = SigningKey(seed: [UInt8](repeating: 1, count: 32))!
    private let second = SigningKey(seed: [UInt8](repeating: 2, count: 32))!

    private func key(_ name: String, _ key: SigningKey) -> VerifierKey {
        VerifierKey(name: Array(name.utf8), key: VerifyingKey(key.publicKey)!)
    }

    /// The signature line alone.
    private func line(_ text: String, _ name: String, _ key: SigningKey) -> [UInt8] {
        Array(SignedNote.sign(Array(text.utf8), name: Array(name.utf8), with: key).dropFirst(text.utf8.count + 1))
    }

    private func note(_ text: String, _ lines: [UInt8]...) -> [UInt8] { Array("\(text)\n".utf8) + lines.flatMap { $0 } }

    @Test(arguments: ["a\n", "\n", "\n\n", "two\nlines\n", "an empty line\n\nin it\n", "— not a signature\n", "上海\n"])
    func aTextThatEndsWithANewlineIsSignedAndReadBack(text: String) throws {
        let signed = try SignedNote(SignedNote.sign(Array(text.utf8), name: Array("node".utf8), with: first))
        #expect(signed.text == Array(text.utf8))
        #expect(try signed.verified(by: [key("node", first)]).map(\.name) == [Array("node".utf8)])
    }

    @Test func everyKnownSignerIsNamedOnceAndUnknownOnesAreIgnored() throws {
        let keys = [key("a", first), key("b", second)]
        let text = "x\n"
        let both = note(text, line(text, "b", second), line(text, "stranger", first), line(text, "a", first))
        #expect(try SignedNote(both).verified(by: keys).map(\.name) == [Array("b".utf8), Array("a".utf8)])
        let twice = note(text, line(text, "a", first), line(text, "a", first))
        #expect(try SignedNote(twice).signatures.count == 2)
        #expect(try SignedNote(twice).verified(by: keys).count == 1)
        #expect(throws: NoteFailure.noKnownSignature) { try SignedNote(both).verified(by: []) }
        // The same name with another key has another id: it is a stranger.
        #expect(throws: NoteFailure.noKnownSignature) { try SignedNote(both).verified(by: [key("a", second)]) }
    }

    @Test func aKnownSignatureThatFailsRejectsTheNoteWhereverItStands() throws {
        let keys = [key("a", first), key("b", second)]
        let bad = line("another text\n", "b", second)
        for lines in [[line("x\n", "a", first), bad], [bad, line("x\n", "a", first)], [line("x\n", "b", second), bad]] {
            let signed = try SignedNote(Array("x\n\n".utf8) + lines.flatMap { $0 })
            #expect(throws: NoteFailure.invalidSignature("b")) { try signed.verified(by: keys) }
        }
    }

    @Test func aNoteThatIsMalformedIsRefused() {
        let good = Array(VerifierKeyTests.exampleNote.utf8)
        let text = String(decoding: good, as: UTF8.self)
        let line = text.split(separator: "\n").last!
        let malformed = [
            "", "\n", "\n\n", "\n\n\n", "x", "x\n", "x\n\n", "x\n\n\n", String(text.dropLast()), text + "\n", text + "\n\n",
            "This is an example message.\n\(line)\n", "This is an example message.\r\n\r\n\(line)\r\n",
            "x\n\n\(line)", "x\n\n\(line)\n ", "x\n\n\(line) \n", "x\n\n \(line)\n", "x\n\n-\(line.dropFirst())\n",
            "x\n\n— name  YWJjZGU=\n", "x\n\n— YWJjZGU=\n", "x\n\n—  YWJjZGU=\n", "x\n\n— na+me YWJjZGU=\n",
            "x\n\n— na\u{a0}me YWJjZGU=\n", "x\n\n— name YWJjZA==\n", "x\n\n— name YWJjZGU\n", "x\n\n— name \n",
            "x\n\n— name YWJjZGU= more\n", "x\n\n— name YWJjZGV=\n", "x\u{0}\n\n\(line)\n", "x\ty\n\n\(line)\n",
            "x\n\n\(line)\nnot a signature\n",
        ]
        for note in malformed {
            #expect(throws: NoteFailure.self, "\(note.debugDescription)") { try SignedNote(Array(note.utf8)) }
        }
        #expect(throws: NoteFailure.self) { try SignedNote([0xff] + good) }
        #expect(throws: NoteFailure.self) { try SignedNote(good.dropLast() + [0xc3, 0x0a]) }
    }

    @Test func sizeAndSignaturesAreLimited() throws {
        let line = Array("— name YWJjZGU=\n".utf8)
        func note(_ count: Int) -> [UInt8] { Array("x\n\n".utf8) + (0..<count).flatMap { _ in line } }
        #expect(try SignedNote(note(100)).signatures.count == 100)
        #expect(throws: NoteFailure.self) { try SignedNote(note(101)) }
        let long = [UInt8](repeating: 0x61, count: SignedNote.maximumBytes) + Array("\n\n".utf8) + line
        #expect(throws: NoteFailure.self) { try SignedNote(long) }
    }

    @Test func aTurnedBitAnywhereRejectsTheNote() throws {
        let keys = [try VerifierKey(VerifierKeyTests.example)]
        for note in tampered(Array(VerifierKeyTests.exampleNote.utf8)) {
            #expect(throws: NoteFailure.self) { try SignedNote(note).verified(by: keys) }
        }
    }
}

/// A note with one bit turned at every byte, cut after every byte, and lengthened.
func tampered(_ note: [UInt8]) -> [[UInt8]] {
    var variants: [[UInt8]] = []
    for index in note.indices {
        var changed = note
        changed[index] ^= 1 << UInt8(index % 8)
        variants.append(changed)
        variants.append(Array(note[..<index]))
    }
    for extra: UInt8 in [0x00, 0x0a, 0x20, 0x41, 0xff] {
        variants.append(note + [extra])
        variants.append([extra] + note)
    }
    return variants
}
