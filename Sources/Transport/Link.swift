// Transport: links between nodes, that is TLS 1.3 over TCP with pinned Ed25519 keys, and frames on it.
// May import COpenSSL, Cryptography and NIO; knows nothing of events, logs or messages.

import NIOCore
import Synchronization

/// An open connection to a node whose link key is allowed. May be used from any thread.
package final class Link: Sendable {
    /// Differs from every other link's of this process.
    package let identifier: UInt64
    /// The peer's raw 32-byte Ed25519 public key.
    package let peerKey: [UInt8]
    /// This side dialed.
    package let isInitiator: Bool
    /// Where the peer is; for the initiator the address that was dialed.
    package let remoteAddress: String

    private let maximumFrameLength: Int
    private let channel: any Channel
    private let counters: WireCounters
    private let outbox: Mutex<Outbox>
    private let paused = Atomic(false)
    private let ended = Atomic(false)

    private static let nextIdentifier = Atomic<UInt64>(1)

    init(
        peerKey: [UInt8], isInitiator: Bool, remoteAddress: String, configuration: LinkConfiguration,
        channel: any Channel, counters: WireCounters
    ) {
        self.identifier = Self.nextIdentifier.wrappingAdd(1, ordering: .relaxed).oldValue
        self.peerKey = peerKey
        self.isInitiator = isInitiator
        self.remoteAddress = remoteAddress
        self.maximumFrameLength = configuration.maximumFrameLength
        self.channel = channel
        self.counters = counters
        self.outbox = Mutex(Outbox(configuration))
    }

    /// Bytes on the wire in this direction, those of TLS and its handshake included.
    package var bytesSent: UInt64 { counters.sent.load(ordering: .relaxed) }
    package var bytesReceived: UInt64 { counters.received.load(ordering: .relaxed) }

    /// Bytes of frames that the socket has not taken.
    package var queuedBytes: Int { outbox.withLock { $0.queuedBytes } }

    /// False from when the high-water mark is passed until the low-water mark is reached.
    package var isWritable: Bool { outbox.withLock { $0.isWritable } }

    /// Queues a frame, in the order of the calls.
    ///
    /// Who goes on sending while `isWritable` is false loses the link at `maximumQueuedBytes`.
    ///
    /// - Parameter parts: the payload in pieces; they are not joined or copied.
    /// - Returns: false if the link is closed or closing; the frame is dropped then.
    @discardableResult
    package func send(type: UInt8, parts: [ArraySlice<UInt8>]) -> Bool {
        let payloadLength = parts.reduce(0) { $0 + $1.count }
        precondition(payloadLength < maximumFrameLength, "a frame must not be longer than the limit that peers check")
        let header = Frame.header(type: type, payloadLength: payloadLength)
        let frameBytes = Frame.headerLength + payloadLength
        switch outbox.withLock({ $0.add(header: header, parts: parts, frameBytes: frameBytes) }) {
        case .queued(let mustWake):
            if mustWake { tell(.drain) }
            return true
        case .overflow:
            tell(.drain)
            return false
        case .closed:
            return false
        }
    }

    @discardableResult
    package func send(type: UInt8, payload: [UInt8]) -> Bool {
        send(type: type, parts: [payload[...]])
    }

    /// Ends the link: what is queued is still sent, as far as the linger time allows; nothing more is received.
    package func close() {
        outbox.withLock { $0.close() }
        ended.store(true, ordering: .releasing)
        tell(.close)
    }

    /// Takes no more frames until `resumeReading`, so that the peer comes to a halt. Called in `linkReceived` it holds
    /// from the next frame on.
    package func pauseReading() {
        paused.store(true, ordering: .releasing)
        tell(.applyReading)
    }

    package func resumeReading() {
        paused.store(false, ordering: .releasing)
        tell(.applyReading)
    }

    var isPaused: Bool { paused.load(ordering: .acquiring) }

    /// No frame may be handed to the user any more.
    var hasEnded: Bool { ended.load(ordering: .acquiring) }

    /// The event loop's side of the outbox.
    func withOutbox<Result: Sendable>(_ body: (inout sending Outbox) -> sending Result) -> Result {
        outbox.withLock(body)
    }

    func markEnded() {
        outbox.withLock { $0.close() }
        ended.store(true, ordering: .releasing)
    }

    /// Always in a later turn of the event loop: calls from inside a `LinkHandler` do not re-enter the channel handler,
    /// and frames sent in one turn leave in one write.
    private func tell(_ command: LinkCommand) {
        let channel = channel
        channel.eventLoop.execute { channel.triggerUserOutboundEvent(command, promise: nil) }
    }
}

/// What a link asks of its channel handler.
enum LinkCommand {
    /// Look into the outbox.
    case drain
    /// Look whether reading is paused.
    case applyReading
    case close
    /// Make room for another connection, unless this one is a link.
    case giveWay
}

/// Bytes on the wire, counted from the first one of the handshake.
final class WireCounters: Sendable {
    let sent = Atomic<UInt64>(0)
    let received = Atomic<UInt64>(0)
}
