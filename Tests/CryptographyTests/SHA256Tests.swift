import COpenSSL
import Cryptography
import Encoding
import Testing

struct SHA256Tests {
    /// FIPS 180-4, examples of NIST.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func theKnownHashesAreFound(message: String, expected: String) {
        #expect(hex(sha256(Array(message.utf8)).bytes) == expected)
    }

    @Test func aMillionLettersHashAsPublished() {
        let message = [UInt8](repeating: 0x61, count: 1_000_000)
        #expect(hex(sha256(message).bytes) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    }

    @Test(arguments: 0...200)
    func everyLengthIsPaddedAsTheGeneralRoutineDoes(count: Int) {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ count) }
        #expect(sha256(message).bytes == general(message))
        // The bytes of a message need not be aligned.
        let shifted = ([0] + message).withUnsafeBytes { sha256(UnsafeRawBufferPointer(rebasing: $0[1...])) }
        #expect(shifted.bytes == general(message))
    }

    @Test(arguments: 0...54)
    func aPrefixedMessageHashesAsTheTwoTogether(count: Int) {
        let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ 200) }
        for prefix: UInt8 in [0, 1, 0x80, 0xff] {
            let digest = message.withUnsafeBytes { sha256(prefix: prefix, short: $0) }
            #expect(digest.bytes == general([prefix] + message))
        }
    }

    @Test func aNodeHashesAsItsThreeParts() {
        for seed: UInt8 in [0, 1, 77, 254] {
            let left = sha256([seed, 1])
            let right = sha256([seed, 2])
            #expect(sha256Node(left, right).bytes == general([1] + left.bytes + right.bytes))
            #expect(sha256Node(left, right) != sha256Node(right, left))
        }
    }

    /// OpenSSL's own padding and streaming.
    private func general(_ message: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        #expect(EVP_Digest(message, message.count, &output, &count, EVP_sha256(), nil) == 1)
        return output
    }
}

struct DigestTests {
    @Test func aDigestIsExactlyItsBytes() throws {
        let bytes = (0..<32).map { UInt8(255 - $0) }
        let digest = try #require(Digest(bytes))
        #expect(digest.bytes == bytes)
        #expect(digest.prefix == 0xfffe_fdfc_fbfa_f9f8)
        #expect(bytes.withUnsafeBytes { Digest(loading: $0.baseAddress!) } == digest)
        #expect(Digest([0] + bytes) == nil)
        #expect(Digest(bytes.dropLast()) == nil)
        #expect(Digest([UInt8]()) == nil)
    }

    @Test func digestsAreOrderedByTheirBytes() throws {
        let base = [UInt8](repeating: 0x7f, count: 32)
        for index in 0..<32 {
            var larger = base
            larger[index] = 0x80
            for behind in (index + 1)..<33 where behind < 32 { larger[behind] = 0 }
            let low = try #require(Digest(base))
            let high = try #require(Digest(larger))
            #expect(low < high)
            #expect(!(high < low))
            #expect(low != high)
        }
        let one = try #require(Digest(base))
        #expect(!(one < one))
    }
}
