import COpenSSL

/// A node's link key with the TLS context made from it. Made once per node; copies share the context.
package struct LinkIdentity: Sendable {
    /// Why a key could not be used; the text is OpenSSL's.
    package enum Failure: Error, Equatable {
        case seedLength(Int)
        case openSSL(String)
    }

    /// The raw Ed25519 public key that peers pin: 32 bytes.
    package let publicKey: [UInt8]
    let context: TLSContext

    /// - Parameter seed: the 32-byte Ed25519 private key of RFC 8032 section 5.1.5.
    package init(seed: [UInt8]) throws(Failure) {
        guard seed.count == 32 else { throw .seedLength(seed.count) }
        OpenSSLLifetime.keepUntilProcessEnds()
        ERR_clear_error()
        guard let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, seed, seed.count) else {
            throw .openSSL(OpenSSLError().description)
        }
        defer { EVP_PKEY_free(key) }
        guard let publicKey = rawEd25519PublicKey(key), let certificate = selfSignedCertificate(key) else {
            throw .openSSL(OpenSSLError().description)
        }
        defer { X509_free(certificate) }
        guard let context = TLSContext(key: key, certificate: certificate) else {
            throw .openSSL(OpenSSLError().description)
        }
        self.publicKey = publicKey
        self.context = context
    }
}

/// The 32 bytes of an Ed25519 public key, or nil if the key is of another kind.
func rawEd25519PublicKey(_ key: OpaquePointer) -> [UInt8]? {
    guard EVP_PKEY_get_id(key) == EVP_PKEY_ED25519 else { return nil }
    var raw = [UInt8](repeating: 0, count: 32)
    var count = raw.count
    guard EVP_PKEY_get_raw_public_key(key, &raw, &count) == 1, count == 32 else { return nil }
    return raw
}

/// A certificate that carries the key and says nothing else. Peers look only at the key, so names, serial number and
/// dates are constants (the end is RFC 5280 section 4.1.2.5's "no well-defined expiration date"): no clock is read, and
/// the same key always gives the same certificate.
private func selfSignedCertificate(_ key: OpaquePointer) -> OpaquePointer? {
    guard let certificate = X509_new() else { return nil }
    let name = X509_get_subject_name(certificate)
    let isComplete =
        X509_set_version(certificate, 2) == 1
        && ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1
        && X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, "concord link", -1, -1, 0) == 1
        && X509_set_issuer_name(certificate, name) == 1
        && ASN1_TIME_set_string(X509_getm_notBefore(certificate), "19700101000000Z") == 1
        && ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z") == 1
        && X509_set_pubkey(certificate, key) == 1
        && X509_sign(certificate, key, nil) > 0
    guard isComplete else {
        X509_free(certificate)
        return nil
    }
    return certificate
}
