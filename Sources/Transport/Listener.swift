package import NIOCore
import NIOPosix
import Synchronization

/// Accepts links until it is closed. No connection's error ends it; should the system close its socket, it binds
/// again.
package final class Listener: Sendable {
    /// An address that cannot be listened on.
    package struct BindFailure: Error, CustomStringConvertible {
        package let address: String
        package let cause: String

        package var description: String {
            "cannot listen on \(address): \(cause); choose another address, or see who uses this one"
        }
    }

    private struct State {
        var channel: (any Channel)?
        var isClosed = false
    }

    private static let rebindMilliseconds: Int64 = 1_000

    private let group: any EventLoopGroup
    private let configuration: LinkConfiguration
    private let handler: any LinkHandler
    private let connections: InboundConnections
    private let state = Mutex(State())
    private let host: String
    /// The port that is listened on, also if 0 was asked for.
    package let port: Int

    /// - Parameters:
    ///   - host: an address or a name of this machine.
    ///   - port: 0 lets the system choose.
    ///   - handler: gets the links of all peers, each on its own event loop.
    package static func bind(
        host: String, port: Int, group: any EventLoopGroup, configuration: LinkConfiguration,
        handler: any LinkHandler
    ) async throws(BindFailure) -> Listener {
        let connections = InboundConnections(configuration)
        let address = ConnectionOptions.address(host: host, port: port)
        let bootstrap = bootstrap(group, configuration, handler, connections, address: address)
        let channel: any Channel
        do {
            channel = try await bootstrap.bind(host: host, port: port).get()
        } catch {
            throw BindFailure(address: address, cause: "\(error)")
        }
        return Listener(
            host: host, channel: channel, group: group, configuration: configuration, handler: handler,
            connections: connections)
    }

    private init(
        host: String, channel: any Channel, group: any EventLoopGroup, configuration: LinkConfiguration,
        handler: any LinkHandler, connections: InboundConnections
    ) {
        self.host = host
        self.port = channel.localAddress?.port ?? 0
        self.group = group
        self.configuration = configuration
        self.handler = handler
        self.connections = connections
        adopt(channel)
    }

    /// Stops listening and closes every link that came in here.
    package func close() async {
        let channel = state.withLock { state in
            state.isClosed = true
            return state.channel
        }
        channel?.close(promise: nil)
        _ = await channel?.closeFuture.outcome()
        await connections.close()
    }

    private func adopt(_ channel: any Channel) {
        let isClosed = state.withLock { state in
            state.channel = channel
            return state.isClosed
        }
        if isClosed { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { [weak self] _ in self?.bindAgain(on: channel.eventLoop) }
    }

    /// NIO closes a listening socket on errors of accept that Linux wants to be retried, a network that is down among
    /// them.
    private func bindAgain(on eventLoop: any EventLoop) {
        guard !state.withLock({ $0.isClosed }) else { return }
        eventLoop.scheduleTask(in: .milliseconds(Self.rebindMilliseconds)) { [weak self] in
            guard let self, !state.withLock({ $0.isClosed }) else { return }
            let address = ConnectionOptions.address(host: host, port: port)
            Self.bootstrap(group, configuration, handler, connections, address: address)
                .bind(host: host, port: port)
                .whenComplete { [weak self] result in
                    switch result {
                    case .success(let channel):
                        if let self { adopt(channel) } else { channel.close(promise: nil) }
                    case .failure(let error):
                        self?.handler.linkFailed(
                            remoteAddress: address, isInitiator: false, .acceptFailed("\(error)"))
                        self?.bindAgain(on: eventLoop)
                    }
                }
        }
    }

    private static func bootstrap(
        _ group: any EventLoopGroup, _ configuration: LinkConfiguration, _ handler: any LinkHandler,
        _ connections: InboundConnections, address: String
    ) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        AcceptErrorHandler { error in
                            handler.linkFailed(
                                remoteAddress: address, isInitiator: false, .acceptFailed("\(error)"))
                        })
                }
            }
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.recvAllocator, value: ConnectionOptions.allocator)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try initialize(channel, configuration, handler, connections)
                }
            }
    }

    private static func initialize(
        _ channel: any Channel, _ configuration: LinkConfiguration, _ handler: any LinkHandler,
        _ connections: InboundConnections
    ) throws {
        let remoteAddress = channel.remoteAddress?.text ?? "unknown address"
        guard connections.admit(channel) else {
            handler.linkFailed(remoteAddress: remoteAddress, isInitiator: false, .tooManyConnections)
            throw LinkClosure.tooManyConnections
        }
        let connection = try LinkChannelHandler(
            role: .responder, remoteAddress: remoteAddress, configuration: configuration, user: handler,
            observer: .init(opened: { connections.opened($0, channel) }))
        try channel.pipeline.syncOperations.addHandler(connection)
    }
}
