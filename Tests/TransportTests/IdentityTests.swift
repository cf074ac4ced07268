import Testing

@testable import Transport

@Suite struct IdentityTests {
    /// RFC 8032 section 7.1, test 1.
    @Test func thePublicKeyIsThatOfTheSpecification() throws {
        let seed: [UInt8] = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
            0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ]
        let identity = try LinkIdentity(seed: seed)
        #expect(
            lowercaseHex(identity.publicKey) == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    }

    @Test(arguments: [0, 31, 33, 64])
    func aSeedOfAnotherLengthIsRefused(count: Int) {
        #expect(throws: LinkIdentity.Failure.seedLength(count)) {
            try LinkIdentity(seed: [UInt8](repeating: 0, count: count))
        }
    }
}
