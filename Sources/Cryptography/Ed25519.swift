internal import COpenSSL

/// An Ed25519 private key (RFC 8032) with its public half.
package final class SigningKey: @unchecked Sendable {
    // OpenSSL only reads an EVP_PKEY when it signs, from any thread; that is what the unchecked conformance rests on.
    private let handle: OpaquePointer
    package let seed: [UInt8]
    package let publicKey: [UInt8]

    /// From a seed of 32 bytes; nil for another count.
    package init?(seed: [UInt8]) {
        guard seed.count == 32, let handle = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count)
        else { return nil }
        var publicKey = [UInt8](repeating: 0, count: 32)
        var length = 32
        guard EVP_PKEY_get_raw_public_key(handle, &publicKey, &length) == 1, length == 32 else {
            EVP_PKEY_free(handle)
            return nil
        }
        self.handle = handle
        self.seed = seed
        self.publicKey = publicKey
    }

    /// From the system's random generator.
    package static func generate() -> SigningKey {
        guard let key = SigningKey(seed: randomBytes(32)) else { preconditionFailure("OpenSSL makes no Ed25519 key") }
        return key
    }

    deinit { EVP_PKEY_free(handle) }

    /// The 64-byte signature of a message.
    package func signature(of message: [UInt8]) -> [UInt8] {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: 64)
        var length = 64
        precondition(
            EVP_DigestSignInit(context, nil, nil, nil, handle) == 1
                && EVP_DigestSign(context, &signature, &length, message, message.count) == 1 && length == 64,
            "OpenSSL does not sign with an Ed25519 key that it made")
        return signature
    }
}

/// An Ed25519 public key.
package final class VerifyingKey: @unchecked Sendable {
    private let handle: OpaquePointer
    package let bytes: [UInt8]

    /// From 32 bytes; nil for another count. Bytes that are no point of the curve verify nothing.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32, let handle = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, bytes.count)
        else { return nil }
        self.handle = handle
        self.bytes = bytes
    }

    deinit { EVP_PKEY_free(handle) }

    /// Whether the 64 bytes are this key's signature of a message; false for another count.
    package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard signature.count == 64 else { return false }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, nil, nil, handle) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}
