import Cryptography
import Encoding
import TestSupport
import Testing
import TransparencyLog

struct VerifierKeyTests {
    /// The example of the C2SP specification of signed notes.
    static let example = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
    static let exampleNote =
        "This is an example message.\n\n— example.com/foo "
        + "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"

    @Test func theExampleOfTheSpecificationVerifies() throws {
        let key = try VerifierKey(Self.example)
        #expect(key.name == Array("example.com/foo".utf8))
        #expect(key.identifier == 0x530d_903a)
        #expect(key.description == Self.example)
        let note = try SignedNote(Array(Self.exampleNote.utf8))
        #expect(note.text == Array("This is an example message.\n".utf8))
        #expect(try note.verified(by: [key]).map(\.description) == [Self.example])
    }

    @Test func theKeyOfTheVectorsIsThatOfItsSeed() throws {
        let stated = Vectors.checkpoint["verifier_key"]!.string
        let key = try VerifierKey(stated)
        let signing = try #require(SigningKey(seed: bytes(hex: Vectors.checkpoint["private_key_seed"]!.string)!))
        #expect(key.key.bytes == signing.publicKey)
        #expect(key.description == stated)
        #expect(VerifierKey(name: key.name, key: key.key).description == stated)
    }

    @Test(arguments: [
        "", "+", "++", "example.com/foo", "example.com/foo+530d903a",
        "+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/fooo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+0530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AukyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3Q==",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k ",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2kAA==",
        "example.com/foo+530d903a+",
    ])
    func whatIsNoVerifierKeyIsRefused(text: String) {
        #expect(throws: DecodingFailure.self) { try VerifierKey(text) }
    }
}
