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

/// Standings tables that were made lately. Making one scores every subject, so one is made anew only when the logs have grown
/// and it has become old; until the new one is there the old one answers.
final class StandingsTables: Sendable {
    private struct Held {
        let table: StandingsTable
        let sizes: [OriginName: UInt64]
        let madeSteady: UInt64
        let costMilliseconds: UInt64
    }

    private struct State {
        var held: [Held] = []
        var isMaking = false
    }

    /// Tables kept: the newest, and those whose pages somebody may still be turning.
    private static let maximumTables = 3
    private static let leastAgeMilliseconds: UInt64 = 2_000
    /// A table that took long is made as rarely as keeps it to a tenth of the time.
    private static let ageForCost: UInt64 = 10

    private let state = Mutex(State())

    /// The table of a day: one that is at most a little old, or the first of its day.
    func table(day: UInt32, node: Node) throws -> StandingsTable {
        let newest = state.withLock { state in state.held.last { $0.table.day == day } }
        guard let newest else { return try make(day, node) }
        let age = node.steadyMilliseconds - newest.madeSteady
        if age >= max(Self.leastAgeMilliseconds, Self.ageForCost * newest.costMilliseconds),
            try node.visibleSizes() != newest.sizes,
            state.withLock({ state in
                defer { state.isMaking = true }
                return !state.isMaking
            })
        {
            DispatchQueue.global(qos: .utility).async { [self, node] in
                _ = try? make(day, node)
                state.withLock { $0.isMaking = false }
            }
        }
        return newest.table
    }

    /// A table that was given before; nil once it is forgotten.
    func table(root: Digest) -> StandingsTable? { state.withLock { $0.held.last { $0.table.root == root }?.table } }

    private func make(_ day: UInt32, _ node: Node) throws -> StandingsTable {
        let started = node.steadyMilliseconds
        let sizes = try node.visibleSizes()
        var lines: [StandingsLine] = []
        let summary = try node.standings(sizes: sizes, day: day) { lines.append($0) }
        let table = StandingsTable(day: day, root: summary.root, atMilliseconds: node.wallMilliseconds, lines: lines)
        let ended = node.steadyMilliseconds
        let held = Held(table: table, sizes: sizes, madeSteady: ended, costMilliseconds: ended - started)
        state.withLock { state in
            state.held.removeAll { $0.table.root == table.root && $0.table.day == day }
            state.held.append(held)
            if state.held.count > Self.maximumTables { state.held.removeFirst() }
        }
        return table
    }
}
