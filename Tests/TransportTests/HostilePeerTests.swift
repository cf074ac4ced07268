import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// Every test ends with an honest peer that still gets its link.
@Suite struct HostilePeerTests {
    private func honestPeerStillConnects(_ nodes: TwoNodes) async {
        await nodes.dialing { _ = await nodes.client.link() }
        await nodes.close()
    }

    @Test(arguments: [
        Array("GET / HTTP/1.1\r\n\r\n".utf8), [UInt8](repeating: 0, count: 100),
        [UInt8](repeating: 0xff, count: 100_000),
        [0x16, 0x03, 0x01, 0xff, 0xff] + [UInt8](repeating: 1, count: 70_000),
    ])
    func garbageEndsOnlyItsOwnConnection(bytes: [UInt8]) async throws {
        let nodes = try await TwoNodes.listening()
        let stranger = try await StrangeClient.plain(port: nodes.listener.port)
        try? await stranger.send(bytes)
        let reason = await nodes.server.failure()
        #expect({ if case .handshakeFailed = reason { true } else { false } }())
        await stranger.closed()
        await honestPeerStillConnects(nodes)
    }

    @Test func aSilentStrangerIsSentAwayAfterTheHandshakeTime() async throws {
        let nodes = try await TwoNodes.listening { $0.handshakeTimeoutMilliseconds = 50 }
        let stranger = try await StrangeClient.plain(port: nodes.listener.port)
        #expect(await nodes.server.failure() == .handshakeTimedOut(milliseconds: 50))
        await stranger.closed()
        await nodes.close()
    }

    @Test func aTricklingStrangerGetsNoMoreTime() async throws {
        let nodes = try await TwoNodes.listening { $0.handshakeTimeoutMilliseconds = 100 }
        let stranger = try await StrangeClient.plain(port: nodes.listener.port)
        let trickle = Task {
            for byte in [0x16, 0x03, 0x01, 0x02, 0x00, 0x01] as [UInt8] + [UInt8](repeating: 0, count: 500) {
                try await stranger.send([byte])
                try await Task.sleep(for: .milliseconds(5))
            }
        }
        #expect(await nodes.server.failure() == .handshakeTimedOut(milliseconds: 100))
        await stranger.closed()
        _ = await trickle.result
        await nodes.close()
    }

    @Test func aResetIsALostConnection() async throws {
        let nodes = try await TwoNodes.listening()
        let peer = try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob)
        _ = await nodes.server.link()
        try await peer.reset()
        let reason = await nodes.server.closure()
        #expect({ if case .connectionLost = reason { true } else { false } }())
        await honestPeerStillConnects(nodes)
    }

    @Test func anEndWithoutCloseNotifyIsALostConnection() async throws {
        let nodes = try await TwoNodes.listening()
        let peer = try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob)
        _ = await nodes.server.link()
        try await peer.channel.close().get()
        let reason = await nodes.server.closure()
        #expect({ if case .connectionLost = reason { true } else { false } }())
        await honestPeerStillConnects(nodes)
    }

    @Test func aFrameAboveTheLimitEndsTheLink() async throws {
        let nodes = try await TwoNodes.listening { $0.maximumFrameLength = 1_000 }
        await nodes.dialing {
            await nodes.client.link().send(type: 1, payload: pattern(1_000))
            #expect(await nodes.server.closure() == .frameTooLong(announced: 1_001, limit: 1_000))
            #expect(await nodes.client.closure() == .closedByPeer)
        }
        await nodes.close()
    }

    @Test func aFrameWithoutATypeEndsTheLink() async throws {
        let nodes = try await TwoNodes.listening()
        let peer = try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob)
        try await peer.send([0, 0, 0, 0, 0])
        #expect(await nodes.server.closure() == .emptyFrame)
        await peer.closed()
        await honestPeerStillConnects(nodes)
    }

    @Test func aFrameThatIsNeverFinishedEndsTheLink() async throws {
        let nodes = try await TwoNodes.listening { $0.stallTimeoutMilliseconds = 100 }
        let peer = try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob)
        try await peer.send([0, 0, 0, 100, 1, 2, 3])
        #expect(await nodes.server.closure() == .frameStalled(milliseconds: 100))
        await honestPeerStillConnects(nodes)
    }

    @Test func aPeerThatNeverReadsLosesTheLink() async throws {
        let server = Recorder { event in
            guard case .opened(let link) = event else { return }
            for _ in 0..<32 { link.send(type: 1, payload: pattern(1 << 20)) }
        }
        let nodes = try await TwoNodes.listening(server: server) { $0.stallTimeoutMilliseconds = 200 }
        let peer = try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob)
        try await peer.stopReading()
        #expect(await nodes.server.closure() == .peerNotReading(milliseconds: 200))
        try await peer.channel.close().get()
        await nodes.close()
    }

    @Test func whereStrangersUseUpTheRoomOneGivesWayToAnHonestPeer() async throws {
        let nodes = try await TwoNodes.listening { $0.maximumInboundHandshakes = 2 }
        var strangers: [StrangeClient] = []
        for _ in 0..<3 { strangers.append(try await StrangeClient.plain(port: nodes.listener.port)) }
        #expect(await nodes.server.failure() == .gaveWay)
        // All the room is taken still, and stays so: those who are refused linger.
        await nodes.dialing { _ = await nodes.client.link() }
        for stranger in strangers { try? await stranger.channel.close().get() }
        await nodes.close()
    }

    @Test func aRefusedStrangerWhoStaysTakesNobodysRoom() async throws {
        let nodes = try await TwoNodes.listening {
            $0.maximumInboundHandshakes = 1
            $0.lingerMilliseconds = 60_000
        }
        let stranger = try await StrangeClient.plain(port: nodes.listener.port)
        try? await stranger.send([UInt8](repeating: 0, count: 100))
        _ = await nodes.server.failure()
        await nodes.dialing { _ = await nodes.client.link() }
        await stranger.closed()
        await nodes.close()
    }

    @Test func aPeerWithTooManyLinksLosesOneOfThem() async throws {
        let nodes = try await TwoNodes.listening { $0.maximumInboundLinksOfPeer = 2 }
        var peers: [StrangeClient] = []
        for count in 1...3 {
            peers.append(try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob))
            _ = await nodes.server.links(count)
        }
        #expect(await nodes.server.closure() == .closedHere)
        await peers[0].closed()
        for peer in peers { try? await peer.channel.close().get() }
        await nodes.close()
    }

    /// Of the address that has the most connections the oldest goes, so that one address cannot take the others' room.
    @Test func theAddressWithTheMostConnectionsGivesWay() throws {
        var configuration = TwoNodes.configuration(TwoNodes.alice, allowing: TwoNodes.bob)
        configuration.maximumInboundHandshakes = 4
        let connections = InboundConnections(configuration)
        var gone: [Int] = []
        func connect(_ number: Int, from host: String) throws -> EmbeddedChannel {
            let channel = EmbeddedChannel(handler: GivesWay { gone.append(number) })
            channel.remoteAddress = try SocketAddress(ipAddress: host, port: 1_000 + number)
            #expect(connections.admit(channel))
            return channel
        }
        var channels = [try connect(0, from: "192.0.2.1")]
        for number in 1...3 { channels.append(try connect(number, from: "192.0.2.2")) }
        channels.append(try connect(4, from: "192.0.2.3"))
        channels.append(try connect(5, from: "192.0.2.2"))
        for channel in channels { channel.embeddedEventLoop.run() }
        #expect(gone == [1, 2])
        for channel in channels { _ = try channel.finish() }
    }

    @Test func linksBeyondTheLimitAreTurnedAwayAndRoomComesBack() async throws {
        let nodes = try await TwoNodes.listening { $0.maximumInboundLinks = 1 }
        let first = try await StrangeClient.authenticated(port: nodes.listener.port, as: TwoNodes.bob)
        _ = await nodes.server.link()
        let second = try await StrangeClient.plain(port: nodes.listener.port)
        await second.closed()
        #expect(await nodes.server.failure() == .tooManyConnections)
        try await first.channel.close().get()
        await honestPeerStillConnects(nodes)
    }

    /// What the kernel does when there is no file descriptor left, on a channel that can be told to fail.
    @Test func anAcceptThatFailsRestsAndGoesOn() throws {
        var reports = 0
        let channel = EmbeddedChannel()
        var autoRead: [Bool] {
            channel.options.filter { $0.option is ChannelOptions.Types.AutoReadOption }.compactMap { $0.value as? Bool }
        }
        try channel.pipeline.syncOperations.addHandler(AcceptErrorHandler { _ in reports += 1 })
        for _ in 0..<3 { channel.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept")) }
        channel.pipeline.fireErrorCaught(LinkClosure.tooManyConnections)
        #expect(reports == 1)
        #expect(autoRead == [false])
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(autoRead == [true])
        channel.pipeline.fireErrorCaught(IOError(errnoCode: EMFILE, reason: "accept"))
        #expect(reports == 2)
        _ = try channel.finish()
    }
}

/// Hears that its connection has to make room.
private final class GivesWay: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    private let heard: () -> Void

    init(_ heard: @escaping () -> Void) { self.heard = heard }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        if case .giveWay? = event as? LinkCommand { heard() }
        promise?.succeed()
    }
}
