import NIOCore
import Synchronization

/// One connection on its event loop: moves bytes between the socket, the TLS session and the link's user.
///
/// The last handler of its channel. This file holds its life; `+Inbound` and `+Outbound` hold the two directions.
final class LinkChannelHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// What the owner of the connection, a listener or a dialer, learns of it.
    struct Observer {
        /// The handshake succeeded.
        var opened: (Link) -> Void = { _ in }
        /// The link, or the attempt at one, is over; for how long it was open, if it was.
        var ended: (LinkClosure, _ openMilliseconds: Int64?) -> Void = { _, _ in }
    }

    enum Phase {
        case handshaking
        case open(Link)
        /// Ended by `Link.close()`: what is queued still goes out, what arrives is dropped.
        case flushing(Link)
        /// All is said. The output is closed or about to be, what arrives is dropped, until the peer closes too:
        /// closing with unread input would reset the connection, and the peer might never see the last alert.
        case lingering
        case ended
    }

    let configuration: LinkConfiguration
    let role: TLSSession.Role
    let remoteAddress: String
    let user: any LinkHandler
    private let observer: Observer
    let counters = WireCounters()

    var phase = Phase.handshaking
    var session: TLSSession
    var reader: FrameReader
    var stream = OutboundStream()
    /// Ciphertext that was written to the channel and not yet taken by the socket.
    var bytesInFlight = 0
    /// Bytes of frames that the socket has taken; only ever grows.
    var deliveredBytes: UInt64 = 0
    /// What the user was last told about writability.
    var announcedWritable = true
    private var hasStarted = false
    private var openedAt = NIODeadline.distantPast
    private var deadline: Scheduled<Void>?
    private var inboundWatch = StallWatch()
    private var outboundWatch = StallWatch()

    init(
        role: TLSSession.Role, remoteAddress: String, configuration: LinkConfiguration, user: any LinkHandler,
        observer: Observer
    ) throws(LinkClosure) {
        self.role = role
        self.remoteAddress = remoteAddress
        self.configuration = configuration
        self.user = user
        self.observer = observer
        self.session = try TLSSession(
            identity: configuration.identity, role: role, isAllowed: configuration.isAllowed)
        self.reader = FrameReader(maximumFrameLength: configuration.maximumFrameLength)
    }

    // MARK: Events of the channel

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { start(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        start(context)
        context.fireChannelActive()
    }

    private func start(_ context: ChannelHandlerContext) {
        guard !hasStarted else { return }
        hasStarted = true
        let limit = configuration.handshakeTimeoutMilliseconds
        schedule(milliseconds: limit, in: context) { handler, context in
            handler.end(.handshakeTimedOut(milliseconds: limit), in: context)
        }
        continueHandshake(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.connectionLost("the peer's end closed without a word"), in: context)
        deadline?.cancel()
        phase = .ended
        context.fireChannelInactive()
    }

    /// Comes last in any case, also for a connection that ended before it was active.
    func handlerRemoved(context: ChannelHandlerContext) {
        end(.connectionLost("the connection ended before it was set up"), in: context)
        deadline?.cancel()
        phase = .ended
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(.connectionLost("\(error)"), in: context)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard let command = event as? LinkCommand else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        switch command {
        case .drain: drain(context)
        case .applyReading: applyReading(context)
        case .close: end(.closedHere, in: context)
        case .giveWay: giveWay(in: context)
        }
        promise?.succeed()
    }

    // MARK: Life

    func open(peerKey: [UInt8], in context: ChannelHandlerContext) {
        let link = Link(
            peerKey: peerKey, isInitiator: role == .initiator, remoteAddress: remoteAddress,
            configuration: configuration, channel: context.channel, counters: counters)
        phase = .open(link)
        openedAt = context.eventLoop.now
        observer.opened(link)
        watchForStalls(context)
        user.linkOpened(link)
    }

    /// Ends the connection for the first reason that comes up; later ones change nothing.
    func end(_ reason: LinkClosure, in context: ChannelHandlerContext) {
        switch phase {
        case .handshaking:
            beginEnding(reason, in: context)
            user.linkFailed(remoteAddress: remoteAddress, isInitiator: role == .initiator, reason)
            observer.ended(reason, nil)
        case .open(let link):
            link.markEnded()
            if reason == .closedHere {
                phase = .flushing(link)
                closeAfterLinger(context)
                drain(context)
            } else {
                beginEnding(reason, in: context)
            }
            user.linkClosed(link, reason)
            observer.ended(reason, (context.eventLoop.now - openedAt).nanoseconds / 1_000_000)
        case .flushing:
            // The user knows already; a connection that fails now has nothing left to wait for.
            if reason != .closedHere { context.close(promise: nil) }
        case .lingering, .ended:
            break
        }
    }

    /// Another connection needs the room of one that is no link, or none any more.
    private func giveWay(in context: ChannelHandlerContext) {
        switch phase {
        case .handshaking: end(.gaveWay, in: context)
        case .lingering: context.close(promise: nil)
        case .open, .flushing, .ended: break
        }
    }

    /// Says the last word where there is someone to hear it, and lets the connection go.
    private func beginEnding(_ reason: LinkClosure, in context: ChannelHandlerContext) {
        phase = .lingering
        switch reason {
        case .connectionLost, .handshakeTimedOut, .peerNotReading, .sendQueueOverflow, .gaveWay:
            context.close(promise: nil)
        case .closedByPeer, .refusedByPeer:
            writeLastRecords(context)
            context.close(promise: nil)
        default:
            closeAfterLinger(context)
            closeOutput(context)
        }
    }

    /// After everything queued: `close_notify` (or the alert that the session has queued), then the end of output.
    func closeOutput(_ context: ChannelHandlerContext) {
        phase = .lingering
        writeLastRecords(context)
        context.close(mode: .output, promise: nil)
        // A paused link would never see the peer's end.
        context.channel.setOption(.autoRead, value: true).assumeIsolated().whenFailure { _ in }
    }

    private func writeLastRecords(_ context: ChannelHandlerContext) {
        session.shutdown()
        writeSessionOutput(context)
    }

    private func closeAfterLinger(_ context: ChannelHandlerContext) {
        schedule(milliseconds: configuration.lingerMilliseconds, in: context) { _, context in
            context.close(promise: nil)
        }
    }

    // MARK: Time

    private func watchForStalls(_ context: ChannelHandlerContext) {
        let limit = configuration.stallTimeoutMilliseconds
        schedule(milliseconds: max(1, limit / StallWatch.intervals), in: context) { handler, context in
            guard case .open(let link) = handler.phase else { return }
            if handler.inboundWatch.isStalled(
                progress: handler.reader.completed, isPending: handler.reader.isInsideFrame && !link.isPaused)
            {
                handler.end(.frameStalled(milliseconds: limit), in: context)
            } else if handler.outboundWatch.isStalled(
                progress: handler.deliveredBytes, isPending: link.queuedBytes > 0)
            {
                handler.end(.peerNotReading(milliseconds: limit), in: context)
            } else {
                handler.watchForStalls(context)
            }
        }
    }

    /// There is one deadline at a time: of the handshake, then of the stall watch, then of lingering.
    private func schedule(
        milliseconds: Int, in context: ChannelHandlerContext,
        _ body: @escaping (LinkChannelHandler, ChannelHandlerContext) -> Void
    ) {
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
            [weak self] in
            guard let self else { return }
            if case .ended = phase { return }
            body(self, context)
        }
    }
}
