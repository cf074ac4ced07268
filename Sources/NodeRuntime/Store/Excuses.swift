internal import Federation
internal import Scoring
internal import Storage
internal import Synchronization

/// Which missing bodies no erasure excuses, kept for every log, so that the frontier need not be searched for.
final class Excuses: Sendable {
    private struct Entry {
        /// The set and not how many: as bodies come and others turn out to be missing, their number may stay as it was.
        let missing: IndexBits
        /// How many erasures were folded into which history.
        let erasures: Int
        let history: ObjectIdentifier
        let unexcused: [UInt64]
    }

    /// More need not be known: the frontier ends at the first.
    private static let most = 4_096
    private let entries = Mutex<[OriginName: Entry]>([:])

    /// A log was cut: what was known of it is not so any more.
    func forget(_ origin: OriginName) { entries.withLock { $0[origin] = nil } }

    /// First indices of a log whose bodies are missing without excuse.
    func unexcused(_ state: LogState, node: Node) throws -> [UInt64] {
        if state.missing.isEmpty { return [] }
        let history = node.history
        let erasures = history.erasures
        let known = entries.withLock { $0[state.origin] }
        if let known, known.erasures == erasures.count, known.history == ObjectIdentifier(history),
            known.missing == state.missing
        {
            return known.unexcused
        }
        var unexcused: [UInt64] = []
        let number = try history.originNumber(state.origin.line)
        for index in state.missing.indices {
            guard unexcused.count < Self.most else { break }
            if try !node.isErased(number, index, of: state.origin, erasures) { unexcused.append(index) }
        }
        let entry = Entry(
            missing: state.missing, erasures: erasures.count, history: ObjectIdentifier(history), unexcused: unexcused)
        entries.withLock { $0[state.origin] = entry }
        return unexcused
    }
}

extension Node {
    /// Whether an erasure that counts names a position.
    func isErased(_ number: UInt32, _ index: UInt64, of target: OriginName, _ erasures: HistoryErasures) throws -> Bool {
        var isErased = false
        erasures.forEach(ofOrigin: number, index: index) { erasure in
            if !isErased, let line = history.originLine(erasure.origin), let eraser = OriginName(line) {
                isErased = mayCorrect(eraser, target)
            }
        }
        return isErased
    }

    /// Those of some items, each of one entry of a log, that no erasure which counts names.
    func unerased<Item>(_ items: [Item], of origin: OriginName, index: (Item) -> UInt64) throws -> [Item] {
        let erasures = history.erasures
        if erasures.isEmpty { return items }
        let number = try history.originNumber(origin.line)
        return try items.filter { try !isErased(number, index($0), of: origin, erasures) }
    }

    /// Up to where a log is held with everything: entries, and bodies or the erasures that excuse them.
    func complete(_ state: LogState) throws -> (complete: UInt64, missing: [UInt64]) {
        let unexcused = try excuses.unexcused(state, node: self)
        return (min(state.size, unexcused.first ?? state.size), unexcused)
    }
}
