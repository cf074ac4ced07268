import COpenSSL
import NIOCore

@testable import Transport

/// A TLS peer that is not one of ours: OpenSSL as it comes, over its own memory BIOs.
struct ForeignPeer: ~Copyable {
    struct Habits: Sendable {
        var isClient = true
        var version = TLS1_3_VERSION
        /// Names to offer, or to insist on.
        var protocols: [String] = ["concord/1"]
        /// Nil: shows no certificate.
        var key: Key? = .ed25519

        enum Key: Sendable {
            case ed25519, p256
        }
    }

    private let context: OpaquePointer
    private let ssl: OpaquePointer
    private let input: OpaquePointer
    private let output: OpaquePointer

    init(_ habits: Habits) {
        context = SSL_CTX_new(TLS_method())
        _ = concord_SSL_CTX_set_min_proto_version(context, habits.version)
        _ = concord_SSL_CTX_set_max_proto_version(context, habits.version)
        if habits.isClient, !habits.protocols.isEmpty {
            let list = habits.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
            _ = SSL_CTX_set_alpn_protos(context, list, UInt32(list.count))
        }
        if let key = habits.key { Self.install(key, in: context) }
        ssl = SSL_new(context)
        input = BIO_new(BIO_s_mem())
        output = BIO_new(BIO_s_mem())
        SSL_set_bio(ssl, input, output)
        if habits.isClient { SSL_set_connect_state(ssl) } else { SSL_set_accept_state(ssl) }
    }

    deinit {
        SSL_free(ssl)
        SSL_CTX_free(context)
    }

    private static func install(_ kind: Habits.Key, in context: OpaquePointer) {
        let algorithm = kind == .ed25519 ? EVP_PKEY_ED25519 : EVP_PKEY_EC
        let generator = EVP_PKEY_CTX_new_id(algorithm, nil)
        defer { EVP_PKEY_CTX_free(generator) }
        var key: OpaquePointer?
        EVP_PKEY_keygen_init(generator)
        if kind == .p256 { EVP_PKEY_CTX_set_ec_paramgen_curve_nid(generator, NID_X9_62_prime256v1) }
        EVP_PKEY_keygen(generator, &key)
        let certificate = X509_new()
        X509_set_version(certificate, 2)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8, "foreign", -1, -1, 0)
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate))
        ASN1_TIME_set_string(X509_getm_notBefore(certificate), "20000101000000Z")
        ASN1_TIME_set_string(X509_getm_notAfter(certificate), "99991231235959Z")
        X509_set_pubkey(certificate, key)
        X509_sign(certificate, key, kind == .ed25519 ? nil : EVP_sha256())
        SSL_CTX_use_certificate(context, certificate)
        SSL_CTX_use_PrivateKey(context, key)
        X509_free(certificate)
        EVP_PKEY_free(key)
    }

    /// Takes the handshake further: bytes in, bytes out. The alert that it received, if it did.
    mutating func step(_ received: ByteBuffer?) -> (sent: ByteBuffer?, alert: TLSAlert?) {
        if let received { received.withUnsafeReadableBytes { _ = BIO_write(input, $0.baseAddress, CInt($0.count)) } }
        ERR_clear_error()
        var alert: TLSAlert?
        if SSL_do_handshake(ssl) != 1 {
            alert = OpenSSLError().alertFromPeer
        } else {
            // A finished handshake may be followed by the other side's alert.
            var byte: UInt8 = 0
            if SSL_read(ssl, &byte, 1) <= 0 { alert = OpenSSLError().alertFromPeer }
        }
        var bytes = [UInt8](repeating: 0, count: 65_536)
        let count = BIO_read(output, &bytes, CInt(bytes.count))
        return (count > 0 ? ByteBuffer(bytes: bytes.prefix(Int(count))) : nil, alert)
    }

    /// Lets it shake hands with one of our sessions until neither has anything to say.
    static func handshake(
        _ habits: Habits, isAllowed: @escaping @Sendable ([UInt8]) -> Bool = { _ in true }
    ) throws -> (ours: Result<[UInt8]?, LinkClosure>, alertToThem: TLSAlert?) {
        var foreign = ForeignPeer(habits)
        var session = try TLSSession(
            identity: TwoNodes.alice, role: habits.isClient ? .responder : .initiator, isAllowed: isAllowed)
        var ours: Result<[UInt8]?, LinkClosure> = .success(nil)
        var alertToThem: TLSAlert?
        var toThem: ByteBuffer?
        for _ in 0..<10 {
            if case .success(nil) = ours {
                ours = Result { () throws(LinkClosure) in try session.handshake() }
            }
            toThem = session.takeOutbound()
            let (sent, alert) = foreign.step(toThem)
            alertToThem = alertToThem ?? alert
            if let sent { session.receive(sent) }
        }
        return (ours, alertToThem)
    }
}
