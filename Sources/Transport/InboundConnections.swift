import NIOCore
import Synchronization

/// The connections that a listener has accepted and that are not closed, and the limits on them.
final class InboundConnections: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var handshakes = 0
        var isClosed = false
    }

    private let maximum: Int
    private let maximumHandshakes: Int
    private let state = Mutex(State())

    init(_ configuration: LinkConfiguration) {
        maximum = configuration.maximumInboundLinks
        maximumHandshakes = configuration.maximumInboundHandshakes
    }

    /// Counts a new connection, which is in the handshake; false if there is no room for it.
    func admit(_ channel: any Channel) -> Bool {
        let isAdmitted = state.withLock { state in
            guard !state.isClosed, state.channels.count < maximum, state.handshakes < maximumHandshakes else {
                return false
            }
            state.channels[ObjectIdentifier(channel)] = channel
            state.handshakes += 1
            return true
        }
        guard isAdmitted else { return false }
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
        }
        return true
    }

    func handshakeEnded() {
        state.withLock { $0.handshakes -= 1 }
    }

    /// Admits nothing more and closes every connection.
    func close() async {
        let channels = state.withLock { state in
            state.isClosed = true
            return Array(state.channels.values)
        }
        for channel in channels { channel.close(promise: nil) }
        for channel in channels { _ = await channel.closeFuture.outcome() }
    }
}

extension EventLoopFuture where Value: Sendable {
    /// Waits for the end, whichever it is.
    func outcome() async -> Result<Value, any Error> {
        do { return .success(try await get()) } catch { return .failure(error) }
    }
}
