import NIOCore
import Synchronization

/// The connections that a listener has accepted and that are not closed, and the limits on them.
///
/// A connection that is no link yet, or never became one, is a stranger's: there is room for so many of them, and where
/// it is used up the newest is taken and another gives way, the oldest of the address that has the most. So strangers who
/// stall or trickle cannot keep a node of the federation out: its handshake takes as long as its round trip.
final class InboundConnections: Sendable {
    private struct Stranger {
        let channel: any Channel
        let host: String
        let number: UInt64
    }

    private struct State {
        var strangers: [ObjectIdentifier: Stranger] = [:]
        var links: [ObjectIdentifier: (link: Link, channel: any Channel)] = [:]
        var count: UInt64 = 0
        var isClosed = false
    }

    private let maximumLinks: Int
    private let maximumLinksOfPeer: Int
    private let maximumStrangers: Int
    private let state = Mutex(State())

    init(_ configuration: LinkConfiguration) {
        maximumLinks = configuration.maximumInboundLinks
        maximumLinksOfPeer = configuration.maximumInboundLinksOfPeer
        maximumStrangers = configuration.maximumInboundHandshakes
    }

    /// Counts a new connection, which is a stranger's; false if there is no room for it.
    func admit(_ channel: any Channel) -> Bool {
        let host = channel.remoteAddress?.ipAddress ?? ""
        let (isAdmitted, victim) = state.withLock { state -> (Bool, (any Channel)?) in
            guard !state.isClosed, state.links.count < maximumLinks else { return (false, nil) }
            let victim = state.strangers.count < maximumStrangers ? nil : Self.removeVictim(&state)
            state.count += 1
            state.strangers[ObjectIdentifier(channel)] = Stranger(channel: channel, host: host, number: state.count)
            return (true, victim)
        }
        guard isAdmitted else { return false }
        victim?.triggerUserOutboundEvent(LinkCommand.giveWay, promise: nil)
        channel.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { state in
                state.strangers[ObjectIdentifier(channel)] = nil
                state.links[ObjectIdentifier(channel)] = nil
            }
        }
        return true
    }

    /// The oldest of the address that has the most.
    private static func removeVictim(_ state: inout State) -> (any Channel)? {
        var counts: [String: Int] = [:]
        for stranger in state.strangers.values { counts[stranger.host, default: 0] += 1 }
        let most = counts.values.max() ?? 0
        let victim = state.strangers.filter { counts[$0.value.host] == most }.min { $0.value.number < $1.value.number }
        guard let victim else { return nil }
        state.strangers[victim.key] = nil
        return victim.value.channel
    }

    /// A connection has become a link. Of too many by one peer the oldest goes: a peer that has lost its links without a
    /// word comes back with new ones.
    func opened(_ link: Link, _ channel: any Channel) {
        let surplus = state.withLock { state -> Link? in
            state.strangers[ObjectIdentifier(channel)] = nil
            guard channel.isActive else { return nil }
            state.links[ObjectIdentifier(channel)] = (link, channel)
            let own = state.links.values.map(\.link).filter { $0.peerKey == link.peerKey }
            return own.count > maximumLinksOfPeer ? own.min { $0.identifier < $1.identifier } : nil
        }
        surplus?.close()
    }

    /// Admits nothing more and closes every connection.
    func close() async {
        let channels = state.withLock { state in
            state.isClosed = true
            return state.strangers.values.map(\.channel) + state.links.values.map(\.channel)
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
