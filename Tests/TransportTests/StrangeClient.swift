import NIOCore
import NIOPosix
import Synchronization

@testable import Transport

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// A peer that does not behave: it writes what a test tells it to, in the clear or through TLS, and can stop reading.
final class StrangeClient: Sendable {
    let channel: any Channel

    private init(_ channel: any Channel) {
        self.channel = channel
    }

    /// Connects and sends nothing.
    static func plain(port: Int) async throws -> StrangeClient {
        let channel = try await ClientBootstrap(group: TwoNodes.group).connect(host: "127.0.0.1", port: port).get()
        return StrangeClient(channel)
    }

    /// Connects and does the handshake; what it sends goes through TLS.
    ///
    /// - Parameter staysOpen: does not close its own side when the other side has closed its output.
    static func authenticated(
        port: Int, as identity: LinkIdentity, staysOpen: Bool = false
    ) async throws -> StrangeClient {
        let ready = TwoNodes.group.next().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: TwoNodes.group)
            .channelOption(.allowRemoteHalfClosure, value: staysOpen)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StrangeTLSHandler(identity, ready))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try await ready.futureResult.get()
        return StrangeClient(channel)
    }

    func send(_ bytes: [UInt8]) async throws {
        try await channel.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    func stopReading() async throws {
        try await channel.setOption(.autoRead, value: false).get()
    }

    /// Waits for the other side to end the connection.
    func closed() async {
        _ = try? await channel.closeFuture.get()
    }

    func reset() async throws {
        guard let options = channel as? any SocketOptionProvider else {
            preconditionFailure("a TCP channel has socket options")
        }
        try await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        try await channel.close().get()
    }
}

/// Encrypts whatever is written; drops whatever arrives.
private final class StrangeTLSHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var session: TLSSession
    private let ready: EventLoopPromise<Void>

    init(_ identity: LinkIdentity, _ ready: EventLoopPromise<Void>) throws {
        session = try TLSSession(identity: identity, role: .initiator, isAllowed: { _ in true })
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) { advance(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        session.receive(unwrapInboundIn(data))
        advance(context)
    }

    private func advance(_ context: ChannelHandlerContext) {
        do {
            if try session.handshake() != nil { ready.succeed() }
        } catch {
            ready.fail(error)
        }
        if let output = session.takeOutbound() { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        do {
            try unwrapOutboundIn(data).withUnsafeReadableBytes { try session.write($0) }
        } catch {
            promise?.fail(error)
            return
        }
        guard let output = session.takeOutbound() else { return }
        context.write(wrapOutboundOut(output), promise: promise)
    }
}
