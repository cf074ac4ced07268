import COpenSSL
import NIOCore

/// One TLS connection as an object over memory: ciphertext goes in with `receive` and comes out with `takeOutbound`;
/// between the two are the handshake, `read` and `write`. It does no I/O and reads no clock.
///
/// After a `LinkClosure` was thrown the session is over; what it still wants to tell the peer (the alert) is in
/// `takeOutbound`.
struct TLSSession: ~Copyable, PlaintextSource, PlaintextSink {
    enum Role {
        case initiator, responder
    }

    private let ssl: OpaquePointer
    private let pipe: CiphertextPipe
    private let verification: PeerVerification

    init(identity: LinkIdentity, role: Role, isAllowed: @escaping @Sendable ([UInt8]) -> Bool) throws(LinkClosure) {
        ERR_clear_error()
        let pipe = CiphertextPipe()
        let verification = PeerVerification(isAllowed: isAllowed)
        guard let ssl = SSL_new(identity.context.pointer) else { throw .handshakeFailed(OpenSSLError().description) }
        guard verification.attach(to: ssl), let bio = pipe.makeBIO() else {
            SSL_free(ssl)
            throw .handshakeFailed(OpenSSLError().description)
        }
        SSL_set_bio(ssl, bio, bio)
        switch role {
        case .initiator: SSL_set_connect_state(ssl)
        case .responder: SSL_set_accept_state(ssl)
        }
        self.ssl = ssl
        self.pipe = pipe
        self.verification = verification
    }

    deinit {
        // Before the pipe and the verification, which it points to.
        SSL_free(ssl)
    }

    /// Takes the handshake as far as the bytes at hand allow. The peer's raw key when it is done, nil before.
    mutating func handshake() throws(LinkClosure) -> [UInt8]? {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result != 1 {
            if SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ { return nil }
            if case .refused(let reason) = verification.outcome { throw reason }
            let error = OpenSSLError()
            if let alert = error.alertFromPeer { throw .refusedByPeer(alert) }
            throw .handshakeFailed(error.description)
        }
        guard hasApplicationProtocol else { throw .wrongProtocol }
        guard case .allowed(let key) = verification.outcome else { throw .unsupportedPeerKey }
        return key
    }

    private var hasApplicationProtocol: Bool {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &count)
        return UnsafeBufferPointer(start: name, count: Int(count)).elementsEqual(LinkConfiguration.applicationProtocol)
    }

    /// Takes bytes from the network. Follow it with `handshake` or `read`.
    mutating func receive(_ ciphertext: ByteBuffer) {
        pipe.receive(ciphertext)
    }

    mutating func read(into target: UnsafeMutableRawBufferPointer) throws(LinkClosure) -> Int {
        ERR_clear_error()
        let count = SSL_read(ssl, target.baseAddress, CInt(clamping: target.count))
        if count > 0 { return Int(count) }
        switch SSL_get_error(ssl, count) {
        case SSL_ERROR_WANT_READ: return 0
        case SSL_ERROR_ZERO_RETURN: throw .closedByPeer
        default:
            let error = OpenSSLError()
            if let alert = error.alertFromPeer { throw .refusedByPeer(alert) }
            throw .brokenRecord(error.description)
        }
    }

    /// Encrypts into the outbound buffer, in records of 16 KB and one for the rest. `bytes` must not be empty.
    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LinkClosure) {
        ERR_clear_error()
        let count = SSL_write(ssl, bytes.baseAddress, CInt(bytes.count))
        // The pipe takes everything, so OpenSSL never writes a part.
        guard Int(count) == bytes.count else { throw .brokenRecord(OpenSSLError().description) }
    }

    /// Queues `close_notify`.
    mutating func shutdown() {
        ERR_clear_error()
        _ = SSL_shutdown(ssl)
        ERR_clear_error()
    }

    mutating func takeOutbound() -> ByteBuffer? {
        pipe.takeOutbound()
    }

    /// Makes room for this many bytes of output at once.
    mutating func reserveOutbound(_ capacity: Int) {
        pipe.reserveOutbound(capacity)
    }
}
