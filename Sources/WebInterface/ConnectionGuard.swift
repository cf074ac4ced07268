internal import NIOCore
internal import NIOHTTPTypes
internal import Synchronization

/// Counts the connections of each address.
final class ConnectionCount: Sendable {
    private let counts = Mutex<[String: Int]>([:])

    func enter(_ address: String) -> Bool {
        counts.withLock { counts in
            guard counts[address, default: 0] < WebLimits.connectionsPerAddress else { return false }
            counts[address, default: 0] += 1
            return true
        }
    }

    func leave(_ address: String) {
        counts.withLock { counts in
            counts[address, default: 1] -= 1
            if counts[address] == 0 { counts[address] = nil }
        }
    }
}

/// Closes a connection that keeps it waiting: for the head of a request, for the rest of its body, for the other side to take
/// what is written, or between two requests. So nobody holds connections open by dripping bytes (slow loris).
///
/// A head that arrives byte by byte is not seen here before it is whole, so its deadline is not moved by them.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let connections: ConnectionCount
    private var address: String?
    /// Requests whose head has come and whose answer has not ended.
    private var underWay = 0
    /// Whether the last request's body has not ended.
    private var isReadingBody = false
    private var reading: Scheduled<Void>?
    private var writing: Scheduled<Void>?

    init(_ connections: ConnectionCount) { self.connections = connections }

    func handlerAdded(context: ChannelHandlerContext) { if context.channel.isActive { begin(context) } }

    func channelActive(context: ChannelHandlerContext) {
        begin(context)
        context.fireChannelActive()
    }

    private func begin(_ context: ChannelHandlerContext) {
        guard reading == nil else { return }
        reading = deadline(WebLimits.headTime, context)
        guard let peer = context.channel.remoteAddress?.ipAddress, !isLoopback(peer) else { return }
        if connections.enter(peer) { address = peer } else { context.close(promise: nil) }
    }

    private func isLoopback(_ address: String) -> Bool { address == "::1" || address.hasPrefix("127.") }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    private func end() {
        reading?.cancel()
        writing?.cancel()
        if let address { connections.leave(address) }
        address = nil
    }

    private func deadline(_ time: TimeAmount, _ context: ChannelHandlerContext) -> Scheduled<Void> {
        let channel = context.channel
        return context.eventLoop.scheduleTask(in: time) { channel.close(promise: nil) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            underWay += 1
            isReadingBody = true
            reading?.cancel()
            reading = deadline(WebLimits.bodyTime, context)
        case .body: break
        case .end:
            isReadingBody = false
            reading?.cancel()
            if underWay == 0 { reading = deadline(WebLimits.idleTime, context) }
        }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .end = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        underWay -= 1
        if isReadingBody {
            // Who was answered before the body's end was refused: the rest of it is drained for a moment, so that the answer
            // is read, and no longer.
            reading?.cancel()
            reading = deadline(WebLimits.drainTime, context)
        } else if underWay == 0 {
            reading?.cancel()
            reading = deadline(WebLimits.idleTime, context)
        }
        context.write(data, promise: promise)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writing?.cancel()
        writing = context.channel.isWritable ? nil : deadline(WebLimits.writeTime, context)
        context.fireChannelWritabilityChanged()
    }
}
