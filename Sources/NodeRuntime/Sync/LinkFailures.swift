internal import Synchronization

/// Failures of links, for the log: of those dialed each once until it changes; of those that came in only so many a minute,
/// since strangers could fill the disk with them.
final class LinkFailures: Sendable {
    private struct State {
        var last: [String: String] = [:]
        var minute: UInt64 = 0
        var told = 0
        var untold = 0
    }

    private static let maximumAddresses = 1_024
    private static let toldPerMinute = 10
    private let state = Mutex(State())

    /// A link that was dialed.
    func noteDialed(_ address: String, _ reason: String, _ tell: (String) -> Void) {
        let isNews = state.withLock { state in
            if state.last.count > Self.maximumAddresses { state.last = [:] }
            defer { state.last[address] = reason }
            return state.last[address] != reason
        }
        if isNews { tell(reason) }
    }

    /// A connection that came in and became no link.
    func noteInbound(now: UInt64, _ reason: String, _ tell: (String) -> Void) {
        let (isTold, untold) = state.withLock { state -> (Bool, Int) in
            var untold = 0
            if now / 60_000 != state.minute {
                untold = state.untold
                state.minute = now / 60_000
                state.told = 0
                state.untold = 0
            }
            guard state.told < Self.toldPerMinute else {
                state.untold += 1
                return (false, 0)
            }
            state.told += 1
            return (true, untold)
        }
        if isTold { tell(untold == 0 ? reason : "\(reason) (and \(untold) more connections before, which were not told of)") }
    }
}
