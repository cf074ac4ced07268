/// The user of links. Every call about one link comes on that link's event loop, in order: opened, then frames and
/// changes of writability, then closed, once. Nothing may block in them.
package protocol LinkHandler: AnyObject, Sendable {
    /// The handshake is done on this side and the peer's key is allowed. (TLS 1.3 lets the initiator finish first: a
    /// responder that refuses the initiator's key shows as `linkClosed` with `refusedByPeer` right after this.)
    func linkOpened(_ link: Link)
    func linkReceived(_ link: Link, _ frame: Frame)
    /// More than the high-water mark is queued for the peer, or no more than the low-water mark is again.
    func linkWritabilityChanged(_ link: Link, isWritable: Bool)
    /// The last call about this link. Frames that arrived while reading was paused are dropped.
    func linkClosed(_ link: Link, _ reason: LinkClosure)
    /// A connection or an attempt at one ended before it became a link.
    ///
    /// - Parameter remoteAddress: where it came from; for the initiator the address that was dialed.
    func linkFailed(remoteAddress: String, isInitiator: Bool, _ reason: LinkClosure)
}
