import NIOCore
import Testing

@testable import Transport

@Suite struct PinningTests {
    @Test func anUnknownClientIsRefusedAndBothSidesSayWhy() async throws {
        let nodes = try await TwoNodes.listening()
        await nodes.dialing(as: TwoNodes.mallory) {
            #expect(await nodes.server.failure() == .unknownPeerKey(lowercaseHex(TwoNodes.mallory.publicKey)))
            #expect(await nodes.client.end() == .refusedByPeer(.unknownAuthority))
            #expect(!nodes.server.events.contains { if case .opened = $0 { true } else { false } })
        }
        await nodes.close()
    }

    @Test func aServerWithAnotherKeyIsRefusedAndBothSidesSayWhy() async throws {
        let nodes = try await TwoNodes.listening()
        await nodes.dialing(expecting: TwoNodes.mallory) {
            #expect(await nodes.client.failure() == .unknownPeerKey(lowercaseHex(TwoNodes.alice.publicKey)))
            #expect(await nodes.server.failure() == .refusedByPeer(.unknownAuthority))
        }
        await nodes.close()
    }

    @Test func theRefusalReachesAClientThatHasSentMuchAlready() async throws {
        let client = Recorder { event in
            if case .opened(let link) = event { link.send(type: 1, payload: pattern(4 << 20)) }
        }
        let nodes = try await TwoNodes.listening(client: client)
        await nodes.dialing(as: TwoNodes.mallory) {
            #expect(await nodes.client.end() == .refusedByPeer(.unknownAuthority))
        }
        await nodes.close()
    }

    /// Closing at once would answer what the peer is still sending with a reset, which may overtake the alert.
    @Test func aRefusedPeerIsHeardOutBeforeTheConnectionCloses() async throws {
        let nodes = try await TwoNodes.listening { $0.lingerMilliseconds = 600_000 }
        let stranger = try await StrangeClient.authenticated(
            port: nodes.listener.port, as: TwoNodes.mallory, staysOpen: true)
        _ = await nodes.server.failure()
        for _ in 0..<20 {
            try await stranger.send(pattern(10_000))
            try await Task.sleep(for: .milliseconds(5))
        }
        try await stranger.channel.close().get()
        await nodes.close()
    }

    @Test func theMessagesSayWhatToDo() {
        #expect("\(LinkClosure.unknownPeerKey("ab"))".contains("topology"))
        #expect("\(LinkClosure.refusedByPeer(.unknownAuthority))".contains("tls_key"))
        #expect("\(LinkClosure.wrongProtocol)".contains("version"))
    }
}
