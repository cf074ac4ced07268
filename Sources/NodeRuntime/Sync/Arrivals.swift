internal import Federation
internal import Synchronization

/// Which linked node each entry was taken from, counted since the start: shows the way that a log travelled.
final class Arrivals: Sendable {
    private let counts = Mutex<[OriginName: [Int: UInt64]]>([:])

    func note(_ origin: OriginName, from peer: Int, _ entries: UInt64) {
        counts.withLock { $0[origin, default: [:]][peer, default: 0] += entries }
    }

    /// By index in the topology, in its order.
    func counts(of origin: OriginName) -> [(peer: Int, entries: UInt64)] {
        let counts = counts.withLock { $0[origin] ?? [:] }
        return counts.keys.sorted().map { ($0, counts[$0] ?? 0) }
    }
}
