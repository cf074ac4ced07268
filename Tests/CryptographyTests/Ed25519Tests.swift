import Cryptography
import Encoding
import Testing

struct Ed25519Tests {
    struct Vector: Sendable {
        let seed: String
        let publicKey: String
        let message: String
        let signature: String

        var seedBytes: [UInt8] { bytes(hex: seed)! }
        var publicKeyBytes: [UInt8] { bytes(hex: publicKey)! }
        var messageBytes: [UInt8] { bytes(hex: message)! }
        var signatureBytes: [UInt8] { bytes(hex: signature)! }
    }

    /// RFC 8032 section 7.1: tests 1 to 3 and SHA(abc).
    static let vectors = [
        Vector(
            seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", message: "",
            signature: "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
                + "d25bf5f0595bbe24655141438e7a100b"),
        Vector(
            seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", message: "72",
            signature: "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
                + "387b2eaeb4302aeeb00d291612bb0c00"),
        Vector(
            seed: "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            publicKey: "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", message: "af82",
            signature: "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
                + "4a7c15e9716ed28dc027beceea1ec40a"),
        Vector(
            seed: "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            publicKey: "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            message: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd"
                + "454d4423643ce80e2a9ac94fa54ca49f",
            signature: "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030"
                + "3dca179c138ac17ad9bef1177331a704"),
    ]

    @Test(arguments: vectors)
    func theVectorsOfTheSpecificationHold(vector: Vector) throws {
        let key = try #require(SigningKey(seed: vector.seedBytes))
        #expect(hex(key.publicKey) == vector.publicKey)
        let message = vector.messageBytes
        #expect(hex(key.signature(of: message)) == vector.signature)
        let verifying = try #require(VerifyingKey(key.publicKey))
        #expect(verifying.isValid(key.signature(of: message), of: message))
    }

    @Test(arguments: vectors)
    func aFlippedBitAnywhereBreaksTheSignature(vector: Vector) throws {
        let key = try #require(VerifyingKey(vector.publicKeyBytes))
        let message = vector.messageBytes
        let signature = vector.signatureBytes
        for index in signature.indices {
            for bit in 0..<8 {
                var changed = signature
                changed[index] ^= 1 << UInt8(bit)
                #expect(!key.isValid(changed, of: message))
            }
        }
        for index in message.indices {
            var changed = message
            changed[index] ^= 1
            #expect(!key.isValid(signature, of: changed))
        }
        #expect(!key.isValid(signature, of: message + [0]))
        #expect(!key.isValid(signature + [0], of: message))
        #expect(!key.isValid(Array(signature.dropLast()), of: message))
        #expect(!key.isValid([], of: message))
    }

    /// RFC 8032 section 5.1.7: the second half must be below the order of the group, or a signature could be changed.
    @Test func aSignatureWithTheGroupsOrderAddedIsRefused() throws {
        let order = try #require(bytes(hex: "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010"))
        let vector = Self.vectors[1]
        var signature = vector.signatureBytes
        var carry = 0
        for index in 0..<32 {
            let sum = Int(signature[32 + index]) + Int(order[index]) + carry
            signature[32 + index] = UInt8(sum & 0xff)
            carry = sum >> 8
        }
        #expect(carry == 0)
        let key = try #require(VerifyingKey(vector.publicKeyBytes))
        #expect(!key.isValid(signature, of: vector.messageBytes))
    }

    @Test(arguments: [0, 1, 31, 33, 64])
    func keysOfAnotherLengthAreNone(count: Int) {
        #expect(SigningKey(seed: [UInt8](repeating: 1, count: count)) == nil)
        #expect(VerifyingKey([UInt8](repeating: 1, count: count)) == nil)
    }

    @Test func generatedKeysDiffer() {
        let first = SigningKey.generate()
        let second = SigningKey.generate()
        #expect(first.seed != second.seed)
        #expect(first.publicKey != second.publicKey)
        let message: [UInt8] = [1, 2, 3]
        #expect(VerifyingKey(first.publicKey)?.isValid(first.signature(of: message), of: message) == true)
        #expect(VerifyingKey(second.publicKey)?.isValid(first.signature(of: message), of: message) == false)
    }
}
