package import NIOCore
import NIOPosix

/// Keeps a link to one peer: connects, and connects again after every end, until its task is cancelled.
package final class Dialer: Sendable {
    private let host: String
    private let port: Int
    private let address: String
    private let group: any EventLoopGroup
    private let configuration: LinkConfiguration
    private let handler: any LinkHandler
    private let backoff: Backoff
    private let jitter: @Sendable (Int) -> Int

    /// - Parameters:
    ///   - expectedKey: the peer's raw Ed25519 public key. Whoever answers with another one is refused, whatever
    ///     `configuration.isAllowed` says of it.
    ///   - jitter: a random number from 0 up to, but not including, its argument.
    package init(
        host: String, port: Int, expectedKey: [UInt8], group: any EventLoopGroup, configuration: LinkConfiguration,
        handler: any LinkHandler, backoff: Backoff = Backoff(), jitter: @escaping @Sendable (Int) -> Int
    ) {
        self.host = host
        self.port = port
        self.address = ConnectionOptions.address(host: host, port: port)
        self.group = group
        var configuration = configuration
        configuration.isAllowed = { $0 == expectedKey }
        self.configuration = configuration
        self.handler = handler
        self.backoff = backoff
        self.jitter = jitter
    }

    /// Returns when the task is cancelled; a link that is open then is closing. Every failure goes to the handler.
    package func run() async {
        var backoff = backoff
        while !Task.isCancelled {
            let openMilliseconds = await connectOnce()
            if let openMilliseconds, openMilliseconds >= backoff.resetAfterMilliseconds { backoff.reset() }
            let delay = backoff.next(jitter: jitter)
            try? await Task.sleep(for: .milliseconds(delay))
        }
    }

    /// One attempt and the link that comes of it, to its end. For how long it was open, or nil if it never was.
    private func connectOnce() async -> Int64? {
        let eventLoop = group.next()
        let ended = eventLoop.makePromise(of: Int64?.self)
        let connecting = ClientBootstrap(group: eventLoop)
            .connectTimeout(.milliseconds(Int64(configuration.connectTimeoutMilliseconds)))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.recvAllocator, value: ConnectionOptions.allocator)
            .connect(host: host, port: port)
            // Only now: a name with several addresses may have several connections started, of which one is chosen.
            .flatMapThrowing { [self] channel in
                do {
                    try addHandler(to: channel, ended)
                } catch {
                    channel.close(promise: nil)
                    throw error
                }
                return channel
            }
        connecting.whenFailure { [self] error in
            handler.linkFailed(remoteAddress: address, isInitiator: true, .connectFailed("\(error)"))
            ended.succeed(nil)
        }
        return await withTaskCancellationHandler {
            // The promise is never failed.
            (try? await ended.futureResult.get()) ?? nil
        } onCancel: {
            // A connection that comes about only now ends as soon as it is there.
            connecting.whenSuccess { $0.triggerUserOutboundEvent(LinkCommand.close, promise: nil) }
            ended.succeed(nil)
        }
    }

    private func addHandler(to channel: any Channel, _ ended: EventLoopPromise<Int64?>) throws {
        let connection = try LinkChannelHandler(
            role: .initiator, remoteAddress: address, configuration: configuration, user: handler,
            observer: .init(ended: { _, openMilliseconds in ended.succeed(openMilliseconds) }))
        try channel.pipeline.syncOperations.addHandler(connection)
    }
}
