import NIOCore
import NIOPosix
import Transport

/// A listener and what is needed to dial it. Both run on real sockets of this machine.
struct TwoNodes {
    static let group = MultiThreadedEventLoopGroup.singleton
    static let alice = identity(1)
    static let bob = identity(2)
    static let mallory = identity(3)

    let listener: Listener
    let server: Recorder
    let client: Recorder

    static func identity(_ byte: UInt8) -> LinkIdentity {
        do {
            return try LinkIdentity(seed: [UInt8](repeating: byte, count: 32))
        } catch {
            preconditionFailure("a seed of 32 bytes makes a key: \(error)")
        }
    }

    static func configuration(_ identity: LinkIdentity, allowing peer: LinkIdentity) -> LinkConfiguration {
        let allowed = peer.publicKey
        return LinkConfiguration(identity: identity, maximumFrameLength: 8 << 20) { $0 == allowed }
    }

    /// Alice listens and allows Bob.
    static func listening(
        port: Int = 0, server: Recorder = Recorder(), client: Recorder = Recorder(),
        _ change: (inout LinkConfiguration) -> Void = { _ in }
    ) async throws -> TwoNodes {
        var configuration = configuration(alice, allowing: bob)
        change(&configuration)
        let listener = try await Listener.bind(
            host: "127.0.0.1", port: port, group: group, configuration: configuration, handler: server)
        return TwoNodes(listener: listener, server: server, client: client)
    }

    /// Bob, or another, dials and expects Alice, or another, for as long as `body` runs.
    func dialing<Value: Sendable>(
        as identity: LinkIdentity = bob, expecting peer: LinkIdentity = alice,
        _ change: (inout LinkConfiguration) -> Void = { _ in },
        _ body: () async throws -> Value
    ) async rethrows -> Value {
        var configuration = Self.configuration(identity, allowing: peer)
        change(&configuration)
        let dialer = Dialer(
            host: "127.0.0.1", port: listener.port, expectedKey: peer.publicKey, group: Self.group,
            configuration: configuration, handler: client,
            backoff: Backoff(initialMilliseconds: 10, maximumMilliseconds: 20), jitter: { _ in 0 })
        let running = Task { await dialer.run() }
        defer { running.cancel() }
        return try await body()
    }

    func close() async {
        await listener.close()
    }
}

/// Bytes that differ from their neighbours, so that a lost or doubled one is seen.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
        for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: (index &+ seed) &* 31 &+ index >> 8) }
        initialized = count
    }
}
