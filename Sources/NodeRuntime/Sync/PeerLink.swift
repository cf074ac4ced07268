package import Transport
internal import Logging

/// An open connection to a node of the federation, as the replica's owner sees it.
package protocol PeerLink: AnyObject, Sendable {
    /// Differs from every other link's of this node.
    var identifier: UInt64 { get }
    /// The peer's raw 32-byte Ed25519 public key.
    var peerKey: [UInt8] { get }
    var bytesSent: UInt64 { get }
    var bytesReceived: UInt64 { get }
    /// Queues a message, in the order of the calls.
    func send(type: UInt8, parts: [ArraySlice<UInt8>])
    /// Closes after what was sent.
    func close()
}

/// A link over TLS.
extension Link: PeerLink {
    package func send(type: UInt8, parts: [ArraySlice<UInt8>]) { _ = send(type: type, parts: parts) as Bool }
}

extension SyncService: LinkHandler {
    package func linkOpened(_ link: Link) { opened(link) }
    package func linkReceived(_ link: Link, _ frame: Frame) { received(frame.type, frame.payload, from: link) }
    package func linkWritabilityChanged(_ link: Link, isWritable: Bool) {}
    package func linkClosed(_ link: Link, _ reason: LinkClosure) { closed(link, "\(reason)") }

    package func linkFailed(remoteAddress: String, isInitiator: Bool, _ reason: LinkClosure) {
        if isInitiator {
            convergence.linkFailures.noteDialed(remoteAddress, "\(reason)") { text in
                logger.warning("no link to \(remoteAddress): \(text)")
            }
        } else {
            convergence.linkFailures.noteInbound(now: node.steadyMilliseconds, "\(reason)") { text in
                logger.warning("no link from \(remoteAddress): \(text)")
            }
        }
    }
}
