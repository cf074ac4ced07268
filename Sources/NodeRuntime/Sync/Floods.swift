internal import Synchronization

/// Bytes of messages that this version does not know, by peer. A newer peer may send some; who sends more than could be of
/// any use is cut off, for longer each time, before its next handshake is done.
final class Floods: Sendable {
    private struct Peer {
        var bytes = 0
        var countedAt: UInt64 = 0
        var offences: UInt64 = 0
        var banUntil: UInt64 = 0
    }

    private static let burstBytes = 16 << 20
    private static let bytesPerMillisecond = 256
    private static let firstBanMilliseconds: UInt64 = 10_000
    private static let longestBanMilliseconds: UInt64 = 600_000
    /// A peer that was quiet for as long begins anew.
    private static let forgetMilliseconds: UInt64 = 3_600_000
    private let peers = Mutex<[Int: Peer]>([:])

    /// Counts a message that is passed over; the milliseconds for which the peer is cut off, where this one was too much.
    func note(_ bytes: Int, from peer: Int, now: UInt64) -> UInt64? {
        peers.withLock { peers in
            var known = peers[peer] ?? Peer()
            let elapsed = now - min(now, known.countedAt)
            if elapsed > Self.forgetMilliseconds { known = Peer() }
            known.bytes = max(0, known.bytes - Int(clamping: min(elapsed, 1 << 32)) * Self.bytesPerMillisecond)
            known.bytes += bytes
            known.countedAt = now
            defer { peers[peer] = known }
            guard known.bytes > Self.burstBytes, now >= known.banUntil else { return nil }
            let milliseconds = min(Self.firstBanMilliseconds << min(known.offences, 16), Self.longestBanMilliseconds)
            known.offences += 1
            known.bytes = 0
            known.banUntil = now + milliseconds
            return milliseconds
        }
    }

    func isCutOff(_ peer: Int, now: UInt64) -> Bool { peers.withLock { now < $0[peer]?.banUntil ?? 0 } }
}
