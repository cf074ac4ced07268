package import Cryptography
package import Federation
internal import Foundation
internal import Synchronization

/// The standings of one day at one moment, held in memory so that they can be read page by page: 40 bytes a subject.
package struct StandingsTable: Sendable {
    package let day: UInt32
    package let root: Digest
    package let atMilliseconds: UInt64
    /// In the order of the subjects.
    package let lines: [StandingsLine]

    /// Lines behind a subject.
    package func lines(after subject: SubjectID?, limit: Int) -> ArraySlice<StandingsLine> {
        guard let subject else { return lines.prefix(limit) }
        var low = 0
        var high = lines.count
        while low < high {
            let middle = (low + high) / 2
            if lines[middle].subject <= subject { low = middle + 1 } else { high = middle }
        }
        return lines[low...].prefix(limit)
    }
}

/// Standings tables that were made lately. Making one scores every subject, so no question waits for it: a table is made beside
/// the questions, one at a time, and anew only when the logs have grown and it has become old; until then the old one answers.
final class StandingsTables: Sendable {
    private struct Held {
        let table: StandingsTable
        let sizes: [OriginName: UInt64]
        let madeSteady: UInt64
        let costMilliseconds: UInt64
        var usedSteady: UInt64
    }

    private struct State {
        var held: [Held] = []
        var isMaking = false
        /// No table of another day is begun before: who asks for one day after another takes at most half of a core.
        var restsUntil: UInt64 = 0
        /// What the last making of a day ended with, for the next who asks for it.
        var failure: (day: UInt32, error: any Error)?
    }

    /// Tables kept: those that were used last, also by who is turning their pages.
    private static let maximumTables = 3
    private static let leastAgeMilliseconds: UInt64 = 2_000
    /// A table that took long is made as rarely as keeps it to a tenth of the time.
    private static let ageForCost: UInt64 = 10

    private let state = Mutex(State())

    /// The table of a day, at most a little old. Nil where none is there yet: it, or another day's before it, is being made.
    func table(day: UInt32, node: Node) throws -> StandingsTable? {
        let now = node.steadyMilliseconds
        let (newest, failure) = state.withLock { state -> (Held?, (any Error)?) in
            if let failure = state.failure, failure.day == day {
                state.failure = nil
                return (nil, failure.error)
            }
            guard let place = state.held.lastIndex(where: { $0.table.day == day }) else { return (nil, nil) }
            state.held[place].usedSteady = now
            return (state.held[place], nil)
        }
        if let failure { throw failure }
        guard let newest else {
            begin(day, node, isFirst: true)
            return nil
        }
        let age = now - min(now, newest.madeSteady)
        if age >= max(Self.leastAgeMilliseconds, Self.ageForCost * newest.costMilliseconds),
            try node.visibleSizes() != newest.sizes
        {
            begin(day, node, isFirst: false)
        }
        return newest.table
    }

    /// A table that was given before; nil once it is forgotten.
    func table(root: Digest, node: Node) -> StandingsTable? {
        let now = node.steadyMilliseconds
        return state.withLock { state in
            guard let place = state.held.lastIndex(where: { $0.table.root == root }) else { return nil }
            state.held[place].usedSteady = now
            return state.held[place].table
        }
    }

    /// Makes a table on a thread of its own, unless one is being made.
    private func begin(_ day: UInt32, _ node: Node, isFirst: Bool) {
        let now = node.steadyMilliseconds
        let isMine = state.withLock { state in
            guard !state.isMaking, !isFirst || now >= state.restsUntil else { return false }
            state.isMaking = true
            return true
        }
        guard isMine else { return }
        DispatchQueue.global(qos: .utility).async { [self, node] in
            let made = Result { try make(day, node) }
            state.withLock { state in
                state.isMaking = false
                let ended = node.steadyMilliseconds
                state.restsUntil = ended + (ended - min(ended, now))
                switch made {
                case .success(let held): Self.keep(held, &state)
                case .failure(let error): state.failure = (day, error)
                }
            }
        }
    }

    private static func keep(_ held: Held, _ state: inout State) {
        state.held.removeAll { $0.table.root == held.table.root && $0.table.day == held.table.day }
        state.held.append(held)
        if state.held.count > maximumTables,
            let oldest = state.held.dropLast().indices.min(by: { state.held[$0].usedSteady < state.held[$1].usedSteady })
        {
            state.held.remove(at: oldest)
        }
    }

    private func make(_ day: UInt32, _ node: Node) throws -> Held {
        let started = node.steadyMilliseconds
        let sizes = try node.visibleSizes()
        var lines: [StandingsLine] = []
        let summary = try node.standings(sizes: sizes, day: day) { lines.append($0) }
        let table = StandingsTable(day: day, root: summary.root, atMilliseconds: node.wallMilliseconds, lines: lines)
        let ended = node.steadyMilliseconds
        return Held(
            table: table, sizes: sizes, madeSteady: ended, costMilliseconds: ended - min(ended, started), usedSteady: ended)
    }
}
