package import Federation
package import Scoring

/// All that the logs said about all subjects at one moment.
///
/// It holds no lock and no transaction: appends and merges go on. Only a removal reaches into it.
package struct HistorySnapshot: Sendable {
    struct Table: Sendable {
        let view: HistoryTableView
        let places: [HistoryTablePlace]
    }

    let store: HistoryStore
    let runs: [HistoryRun]
    let tables: [Table]
    /// By origin number: the index up to which the snapshot folds each log.
    package let positions: [UInt64]
    package let erasures: HistoryErasures

    /// Cuts the subjects into at most `count` ranges of about equal numbers of records, to be read by as many threads.
    /// Each subject is in exactly one.
    package func partitions(_ count: Int) -> [HistoryPartition] {
        precondition(count >= 1, "there is at least one partition")
        // A segment holds some hundreds of records; the same stride through the tables gives them the same weight.
        var samples = runs.flatMap(\.rows.firsts)
        for table in tables {
            samples += stride(from: 0, to: table.places.count, by: 512).map { table.places[$0].subject }
        }
        samples.sort()
        var bounds: [SubjectID] = []
        for part in 1..<max(count, 1) where !samples.isEmpty {
            let bound = samples[samples.count * part / count]
            if bounds.last != bound { bounds.append(bound) }
        }
        let lowers = [nil] + bounds.map(Optional.some)
        let uppers = bounds.map(Optional.some) + [nil]
        return zip(lowers, uppers).map { HistoryPartition(snapshot: self, lower: $0, upper: $1) }
    }
}

/// A range of the subjects of a snapshot.
package struct HistoryPartition: Sendable {
    let snapshot: HistorySnapshot
    /// The first subject, and the one behind the last; nil stands for no bound.
    let lower: SubjectID?
    let upper: SubjectID?

    /// Calls `body` with each subject of the range and its history, ascending; the history is emptied afterwards, and
    /// its records are in no particular order.
    package func forEachSubject(_ body: (SubjectID, inout SubjectHistory) throws -> Void) throws {
        var history = SubjectHistory()
        var merge = try noting { try HistoryMerge(sources()) }
        while let subject = merge.head {
            try noting { try merge.take(subject) { try HistoryCoding.append($0, to: &history) } }
            try body(subject, &history)
            history.removeAll()
        }
    }

    private func sources() -> [any HistorySource] {
        let runs = snapshot.runs.map { HistoryRunSource($0, in: snapshot.store.database, from: lower, below: upper) }
        return runs + snapshot.tables.map { HistoryTableSource($0.view, places(of: $0)) }
    }

    private func places(of table: HistorySnapshot.Table) -> ArraySlice<HistoryTablePlace> {
        let start = lower.map { bound in partitionPoint(table.places) { $0.subject >= bound } } ?? 0
        let end = upper.map { bound in partitionPoint(table.places) { $0.subject >= bound } } ?? table.places.count
        return table.places[start..<max(start, end)]
    }

    private func partitionPoint(
        _ places: [HistoryTablePlace], _ belongsToSecond: (HistoryTablePlace) -> Bool
    ) -> Int {
        var low = 0
        var high = places.count
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecond(places[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Lets the store know of damage found here.
    private func noting<Result>(_ body: () throws -> Result) throws -> Result {
        do { return try body() } catch {
            snapshot.store.note(error)
            throw error
        }
    }
}
