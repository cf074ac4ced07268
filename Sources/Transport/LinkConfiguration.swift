/// All that two nodes' links need to know, with every limit of a link in one place.
package struct LinkConfiguration: Sendable {
    /// The name of the protocol that both sides must agree on (ALPN, RFC 7301).
    static let applicationProtocol: [UInt8] = Array("concord/1".utf8)

    /// The key that this node shows.
    package var identity: LinkIdentity
    /// Decides on a peer's raw 32-byte Ed25519 public key. Called during the handshake, on the link's event loop.
    package var isAllowed: @Sendable ([UInt8]) -> Bool
    /// Largest value of a frame's length field (type and payload), in bytes.
    package var maximumFrameLength: Int
    /// From the first byte of the connection to the end of the TLS handshake.
    package var handshakeTimeoutMilliseconds = 10_000
    /// A frame that was begun must end, and a peer that is sent to must read, within this time. Time in which this
    /// side has paused reading does not count.
    package var stallTimeoutMilliseconds = 60_000
    /// How long a connection that this side ends may take to deliver what is still queued, the last alert included.
    package var lingerMilliseconds = 2_000
    /// The dialer's limit for name resolution and TCP connect.
    package var connectTimeoutMilliseconds = 10_000
    /// A link is not writable any more when more than this many bytes are queued for the peer,
    package var highWaterBytes = 8 << 20
    /// and is writable again when no more than this many are.
    package var lowWaterBytes = 2 << 20
    /// A link whose user goes on sending all the same is closed at this many queued bytes.
    package var maximumQueuedBytes = 64 << 20
    /// How many links a listener keeps open.
    package var maximumInboundLinks = 256
    /// How many of them one peer may have: with more, its oldest goes.
    package var maximumInboundLinksOfPeer = 4
    /// How many connections a listener keeps beside them, in the handshake or after a failed one: with more, the oldest of
    /// the address that has the most goes.
    package var maximumInboundHandshakes = 256

    package init(
        identity: LinkIdentity, maximumFrameLength: Int, isAllowed: @escaping @Sendable ([UInt8]) -> Bool
    ) {
        precondition(
            maximumFrameLength >= 1 && maximumFrameLength <= Int(UInt32.max),
            "a frame's length is 1 to 2^32 - 1")
        self.identity = identity
        self.maximumFrameLength = maximumFrameLength
        self.isAllowed = isAllowed
    }
}
