internal import Federation
internal import Scoring
package import Storage
internal import Synchronization

/// Which missing bodies no erasure excuses, and up to where the erasures stand that excuse the others, kept for every log, so
/// that the frontier need not be searched for.
final class Excuses: Sendable {
    struct Entry {
        /// The set and not how many: as bodies come and others turn out to be missing, their number may stay as it was.
        let missing: IndexBits
        /// How many erasures were folded into which history.
        let erasures: Int
        let history: ObjectIdentifier
        /// First indices whose bodies are missing without excuse.
        let unexcused: [UInt64]
        /// By the numbers of erasing logs, sizes that hold all erasures which excuse the bodies missing before those.
        let needs: [UInt32: UInt64]
    }

    /// More need not be known: the frontier ends at the first.
    private static let most = 4_096
    private let entries = Mutex<[OriginName: Entry]>([:])

    /// A log was cut: what was known of it is not so any more.
    func forget(_ origin: OriginName) { entries.withLock { $0[origin] = nil } }

    /// What is known of the missing bodies of a log; nil where none is missing.
    func known(_ state: LogState, node: Node) throws -> Entry? {
        if state.missing.isEmpty { return nil }
        let history = node.history
        let erasures = history.erasures
        let known = entries.withLock { $0[state.origin] }
        if let known, known.erasures == erasures.count, known.history == ObjectIdentifier(history),
            known.missing == state.missing
        {
            return known
        }
        var unexcused: [UInt64] = []
        var needs: [UInt32: UInt64] = [:]
        let number = try history.originNumber(state.origin.line)
        for index in state.missing.indices {
            guard unexcused.count < Self.most else { break }
            let excuses = node.excusing(number, index, of: state.origin, erasures)
            if excuses.isEmpty { unexcused.append(index) }
            guard unexcused.isEmpty else { continue }
            for erasure in excuses { needs[erasure.origin] = max(needs[erasure.origin] ?? 0, erasure.index + 1) }
        }
        let entry = Entry(
            missing: state.missing, erasures: erasures.count, history: ObjectIdentifier(history), unexcused: unexcused,
            needs: needs)
        entries.withLock { $0[state.origin] = entry }
        return entry
    }
}

extension Node {
    /// The erasures that count and name a position.
    func excusing(
        _ number: UInt32, _ index: UInt64, of target: OriginName, _ erasures: HistoryErasures
    ) -> [ErasureRecord] {
        erasures.erasures(ofOrigin: number, index: index).filter { erasure in
            guard let eraser = history.originLine(erasure.origin).flatMap({ OriginName($0) }) else { return false }
            return mayCorrect(eraser, target)
        }
    }

    /// Those of some items, each of one entry of a log, that no erasure which counts names.
    func unerased<Item>(_ items: [Item], of origin: OriginName, index: (Item) -> UInt64) throws -> [Item] {
        let erasures = history.erasures
        if erasures.isEmpty { return items }
        let number = try history.originNumber(origin.line)
        return items.filter { excusing(number, index($0), of: origin, erasures).isEmpty }
    }

    /// Up to where a log is held with everything: entries, and bodies or the erasures that excuse them.
    package func complete(_ state: LogState) throws -> (complete: UInt64, missing: [UInt64]) {
        let unexcused = try excuses.known(state, node: self)?.unexcused ?? []
        return (min(state.size, unexcused.first ?? state.size), unexcused)
    }
}
