import COpenSSL
import NIOCore
import Testing

@testable import Transport

/// Handshakes with peers that are not nodes, in memory.
@Suite struct HandshakeTests {
    private func outcome(_ habits: ForeignPeer.Habits) throws -> (ours: LinkClosure?, alertToThem: TLSAlert?) {
        let (ours, alertToThem) = try ForeignPeer.handshake(habits)
        if case .failure(let reason) = ours { return (reason, alertToThem) }
        Issue.record("the handshake did not fail: \(ours)")
        return (nil, alertToThem)
    }

    private func isHandshakeFailure(_ reason: LinkClosure?) -> Bool {
        if case .handshakeFailed = reason { true } else { false }
    }

    @Test func anotherTLSLibraryWithTheRightHabitsGetsThrough() throws {
        let (ours, alert) = try ForeignPeer.handshake(ForeignPeer.Habits())
        #expect(try ours.get()?.count == 32)
        #expect(alert == nil)
    }

    @Test func severalProtocolsMayBeOfferedIfOursIsAmongThem() throws {
        let (ours, _) = try ForeignPeer.handshake(ForeignPeer.Habits(protocols: ["h2", "concord/2", "concord/1"]))
        #expect(try ours.get() != nil)
    }

    @Test func aClientThatOffersOtherProtocolsIsRefused() throws {
        let (ours, alert) = try outcome(ForeignPeer.Habits(protocols: ["h2", "concord/11", "concord/"]))
        #expect(ours == .wrongProtocol && alert == .noApplicationProtocol)
    }

    @Test func aClientThatOffersNoProtocolIsRefused() throws {
        let (ours, alert) = try outcome(ForeignPeer.Habits(protocols: []))
        #expect(ours == .wrongProtocol && alert == .noApplicationProtocol)
    }

    @Test func aServerThatChoosesNoProtocolIsRefused() throws {
        let (ours, _) = try outcome(ForeignPeer.Habits(isClient: false))
        #expect(ours == .wrongProtocol)
    }

    @Test func tls12IsRefused() throws {
        let (ours, alert) = try outcome(ForeignPeer.Habits(version: TLS1_2_VERSION))
        #expect(isHandshakeFailure(ours) && alert == .protocolVersion)
    }

    @Test func aTLS12ServerIsRefused() throws {
        let (ours, _) = try outcome(ForeignPeer.Habits(isClient: false, version: TLS1_2_VERSION))
        #expect(ours == .refusedByPeer(.protocolVersion))
    }

    @Test func aClientWithoutACertificateIsRefused() throws {
        let (ours, alert) = try outcome(ForeignPeer.Habits(key: nil))
        #expect(isHandshakeFailure(ours) && alert == .certificateRequired)
    }

    @Test func aClientWithAnotherKindOfKeyIsRefused() throws {
        let (ours, alert) = try outcome(ForeignPeer.Habits(key: .p256))
        #expect(isHandshakeFailure(ours) && alert == .certificateRequired)
    }

    @Test func aServerWithAnotherKindOfKeyIsRefused() throws {
        let (ours, _) = try outcome(ForeignPeer.Habits(isClient: false, key: .p256))
        #expect(ours == .refusedByPeer(.handshakeFailure))
    }

    @Test func anUnknownKeyIsNamedAndGetsAnAlert() throws {
        let (ours, alert) = try ForeignPeer.handshake(ForeignPeer.Habits(), isAllowed: { _ in false })
        guard case .failure(.unknownPeerKey(let key)) = ours else {
            Issue.record("not refused as unknown: \(ours)")
            return
        }
        #expect(key.count == 64)
        #expect(alert == .unknownAuthority)
    }

    /// One flipped bit in the ciphertext, after the handshake: in the record's header, content or tag.
    @Test(arguments: [0, 1, 5, 40, 105, 121])
    func aFlippedBitIsABrokenRecord(position: Int) throws {
        var pair = try Pair()
        try [UInt8](repeating: 1, count: 100).withUnsafeBytes { try pair.here.write($0) }
        let record = pair.here.takeOutbound()
        var bytes = Array(buffer: try #require(record))
        #expect(bytes.count == 122)
        bytes[position] ^= 0x10
        pair.there.receive(ByteBuffer(bytes: bytes))
        var reason: LinkClosure?
        do {
            var target = [UInt8](repeating: 0, count: 200)
            _ = try target.withUnsafeMutableBytes { try pair.there.read(into: $0) }
        } catch {
            reason = error as? LinkClosure
        }
        #expect({ if case .brokenRecord = reason { true } else { false } }())
    }

    @Test func noTicketFollowsTheHandshake() throws {
        var pair = try Pair()
        let isSilent = pair.here.takeOutbound() == nil && pair.there.takeOutbound() == nil
        #expect(isSilent)
    }

    /// Two of our sessions after their handshake.
    private struct Pair: ~Copyable {
        var here: TLSSession
        var there: TLSSession

        init() throws {
            var here = try TLSSession(identity: TwoNodes.alice, role: .initiator, isAllowed: { _ in true })
            var there = try TLSSession(identity: TwoNodes.bob, role: .responder, isAllowed: { _ in true })
            for _ in 0..<3 {
                _ = try here.handshake()
                if let bytes = here.takeOutbound() { there.receive(bytes) }
                _ = try there.handshake()
                if let bytes = there.takeOutbound() { here.receive(bytes) }
            }
            self.here = here
            self.there = there
        }
    }
}
