import COpenSSL

/// Owns an `SSL_CTX` that is configured once and only read afterwards.
///
/// TLS 1.3 only, Ed25519 only, ALPN required, both sides show a certificate. Everything that TLS offers beyond that is
/// off: tickets, resumption, early data, renegotiation, compression.
///
/// `@unchecked Sendable`: OpenSSL allows concurrent use of an `SSL_CTX` that nobody changes any more.
final class TLSContext: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Nil with the reason in OpenSSL's error queue.
    init?(key: OpaquePointer, certificate: OpaquePointer) {
        guard let pointer = SSL_CTX_new(TLS_method()) else { return nil }
        self.pointer = pointer
        guard Self.restrict(pointer), Self.install(key: key, certificate: certificate, in: pointer) else { return nil }
        Self.setCallbacks(pointer)
    }

    deinit {
        SSL_CTX_free(pointer)
    }

    private static func restrict(_ context: OpaquePointer) -> Bool {
        concord_SSL_CTX_disable_resumption(context)
        concord_SSL_CTX_prefer_own_ciphers(context)
        // One Ed25519 certificate is about 300 bytes: bounds what a stranger can make this side hold.
        concord_SSL_CTX_set_max_cert_list(context, 8192)
        // AES-GCM first: with the CPU's AES instructions several times faster than ChaCha20.
        let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        return SSL_CTX_set_num_tickets(context, 0) == 1
            && concord_SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1
            && concord_SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1
            && SSL_CTX_set_ciphersuites(context, suites) == 1
            && concord_SSL_CTX_set1_groups_list(context, "X25519:P-256") == 1
            && concord_SSL_CTX_set1_sigalgs_list(context, "ed25519") == 1
            && concord_SSL_CTX_set1_client_sigalgs_list(context, "ed25519") == 1
    }

    private static func install(key: OpaquePointer, certificate: OpaquePointer, in context: OpaquePointer) -> Bool {
        let name = LinkConfiguration.applicationProtocol
        let list = [UInt8(name.count)] + name
        return SSL_CTX_use_certificate(context, certificate) == 1
            && SSL_CTX_use_PrivateKey(context, key) == 1
            && SSL_CTX_set_alpn_protos(context, list, UInt32(list.count)) == 0  // 0 is success, here alone
    }

    private static func setCallbacks(_ context: OpaquePointer) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        SSL_CTX_set_cert_verify_callback(context, verifyPeerKey, nil)
        SSL_CTX_set_client_hello_cb(context, requireApplicationProtocol, nil)
        SSL_CTX_set_alpn_select_cb(context, selectApplicationProtocol, nil)
    }
}

/// Replaces chain building: the peer's certificate counts only as the carrier of its key.
private func verifyPeerKey(_ store: OpaquePointer?, _: UnsafeMutableRawPointer?) -> CInt {
    guard let store, let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()) else { return 0 }
    let peer = PeerVerification.of(OpaquePointer(ssl))
    // The error chosen here chooses the alert that the peer gets.
    guard let key = X509_get0_pubkey(X509_STORE_CTX_get0_cert(store)), let raw = rawEd25519PublicKey(key) else {
        peer.outcome = .refused(.unsupportedPeerKey)
        X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED)  // bad_certificate
        return 0
    }
    guard peer.isAllowed(raw) else {
        peer.outcome = .refused(.unknownPeerKey(lowercaseHex(raw)))
        X509_STORE_CTX_set_error(store, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)  // unknown_ca
        return 0
    }
    peer.outcome = .allowed(raw)
    X509_STORE_CTX_set_error(store, X509_V_OK)
    return 1
}

/// OpenSSL asks for an ALPN choice only when the client offers one; a hello without an offer is refused here.
private func requireApplicationProtocol(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<CInt>?, _: UnsafeMutableRawPointer?
) -> CInt {
    var offer: UnsafePointer<UInt8>?
    var count = 0
    let type = UInt32(TLSEXT_TYPE_application_layer_protocol_negotiation)
    if SSL_client_hello_get0_ext(ssl, type, &offer, &count) == 1 { return SSL_CLIENT_HELLO_SUCCESS }
    if let ssl { PeerVerification.of(ssl).outcome = .refused(.wrongProtocol) }
    alert?.pointee = CInt(TLSAlert.noApplicationProtocol.code)
    return SSL_CLIENT_HELLO_ERROR
}

private func selectApplicationProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offer: UnsafePointer<UInt8>?, _ offerCount: UInt32,
    _: UnsafeMutableRawPointer?
) -> CInt {
    let wanted = LinkConfiguration.applicationProtocol
    // The offer is a list of uint8-prefixed names, whose shape OpenSSL has checked.
    var names = UnsafeBufferPointer(start: offer, count: Int(offerCount))[...]
    while let length = names.popFirst(), names.count >= Int(length) {
        let name = names.prefix(Int(length))
        if name.elementsEqual(wanted) {
            chosen?.pointee = UnsafeBufferPointer(rebasing: name).baseAddress
            chosenCount?.pointee = length
            return SSL_TLSEXT_ERR_OK
        }
        names = names.dropFirst(Int(length))
    }
    if let ssl { PeerVerification.of(ssl).outcome = .refused(.wrongProtocol) }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}

func lowercaseHex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
}
