/// Why a link ended, or why it never opened.
///
/// What a peer or the network causes is one of these values and nothing else: no case ends a listener or a dialer.
/// `description` says what to do where there is something to do.
package enum LinkClosure: Error, Equatable, Sendable {
    /// `close()` was called on this side.
    case closedHere
    /// The peer ended the link in an orderly way (`close_notify`).
    case closedByPeer
    /// The peer's link key is not one that may connect. Lowercase hexadecimal of the raw 32 bytes. The handshake ends
    /// before the peer has proved that the key is its own, so this names a claim.
    case unknownPeerKey(String)
    /// The peer's certificate holds no Ed25519 key.
    case unsupportedPeerKey
    /// The peer ended the session with this TLS alert.
    case refusedByPeer(TLSAlert)
    /// The peer does not speak `concord/1` (ALPN).
    case wrongProtocol
    /// What arrived is not the TLS 1.3 handshake of a node. The text is OpenSSL's.
    case handshakeFailed(String)
    /// The handshake did not end in the time given.
    case handshakeTimedOut(milliseconds: Int)
    /// A record after the handshake does not authenticate or breaks TLS. The text is OpenSSL's.
    case brokenRecord(String)
    /// A frame announces more bytes than the limit allows. Nothing was allocated for it.
    case frameTooLong(announced: UInt32, limit: Int)
    /// A frame of length 0: it has no type.
    case emptyFrame
    /// A frame was begun and not finished in the time given.
    case frameStalled(milliseconds: Int)
    /// The peer took nothing of what was queued for it in the time given.
    case peerNotReading(milliseconds: Int)
    /// This side queued more for the peer than a link may hold.
    case sendQueueOverflow(limit: Int)
    /// As many links, or as many handshakes, as this node allows are open already.
    case tooManyConnections
    /// In the handshake still, or refused, when there was no room for a newer connection.
    case gaveWay
    /// A listener could not take a connection. It goes on listening.
    case acceptFailed(String)
    /// No connection came about: name resolution, routing, refusal, or the time given.
    case connectFailed(String)
    /// The connection broke without an orderly end.
    case connectionLost(String)
}

/// A fatal TLS alert by its number in RFC 8446 section 6.
package struct TLSAlert: Equatable, Sendable {
    package let code: UInt8

    package init(code: UInt8) {
        self.code = code
    }

    package static let handshakeFailure = TLSAlert(code: 40)
    package static let badCertificate = TLSAlert(code: 42)
    package static let unknownAuthority = TLSAlert(code: 48)
    package static let protocolVersion = TLSAlert(code: 70)
    package static let certificateRequired = TLSAlert(code: 116)
    package static let noApplicationProtocol = TLSAlert(code: 120)

    /// What the alert means between nodes, and what to do about it.
    var advice: String {
        switch self {
        case .unknownAuthority:
            "it does not know this node's link key; check that this node's tls_key is in the peer's topology"
        case .badCertificate, .certificateRequired:
            "it wants a certificate with an Ed25519 link key; check which program listens there"
        case .noApplicationProtocol:
            "it does not speak concord/1; check the address and the program's version there"
        case .protocolVersion, .handshakeFailure:
            "it has no TLS 1.3 with Ed25519 in common with this node; check which program listens there"
        default:
            "see RFC 8446 section 6 for the alert; its log says more"
        }
    }
}

extension LinkClosure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .closedHere: "closed by this node"
        case .closedByPeer: "closed by the peer"
        case .unknownPeerKey(let key):
            "link key \(key) is not allowed here; add it to the topology as a node's tls_key, or check the address"
        case .unsupportedPeerKey: "the peer's certificate holds no Ed25519 key; only nodes can connect here"
        case .refusedByPeer(let alert): "refused by the peer (TLS alert \(alert.code)): \(alert.advice)"
        case .wrongProtocol: "the peer does not speak concord/1; check the address and the program's version there"
        case .handshakeFailed(let detail): "no TLS 1.3 handshake with a node: \(detail)"
        case .handshakeTimedOut(let limit): "the TLS handshake did not end within \(limit) ms"
        case .brokenRecord(let detail): "broken TLS record: \(detail)"
        case .frameTooLong(let announced, let limit):
            "a frame of \(announced) bytes was announced; the limit is \(limit)"
        case .emptyFrame: "a frame without a type arrived"
        case .frameStalled(let limit): "a frame was begun and not finished within \(limit) ms"
        case .peerNotReading(let limit): "the peer has read nothing for \(limit) ms"
        case .sendQueueOverflow(let limit): "more than \(limit) bytes were queued for the peer"
        case .tooManyConnections: "too many connections; raise the limit or look who opens them"
        case .gaveWay: "its handshake was not done when newer connections needed the room; look who opens so many"
        case .acceptFailed(let detail): "could not accept a connection, trying again: \(detail)"
        case .connectFailed(let detail): "could not connect: \(detail)"
        case .connectionLost(let detail): "connection lost: \(detail)"
        }
    }
}
