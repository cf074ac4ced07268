import Federation
import Synchronization

/// Which run: its number, unique for the life of the file, and the table its rows are in.
struct HistoryRunID: Hashable, Sendable {
    /// Runs written from memory and runs written by merges grow at the same time. Each kind has a table of its own, so
    /// that rows are only ever added at the end of one, where a full page needs no rebalancing.
    enum Home: Int64, Sendable, CaseIterable {
        case fresh = 0
        case merged = 1

        var table: String { self == .fresh ? "fresh" : "merged" }
    }

    let home: Home
    let number: Int64

    /// Segments have the sequence numbers from 0, the rows of the index those from here.
    static let firstIndexSequence: Int64 = 1 << 31

    /// Ids of rows are positive.
    static let maximumNumber: Int64 = (1 << 31) - 2

    /// Row id of a segment or of a row of the index.
    func row(_ sequence: Int64) -> Int64 { number << 32 | sequence }
    var rows: Range<Int64> { row(0)..<(number + 1) << 32 }
}

/// A sorted part of the history on disk, with the first subject of each of its segments in memory.
struct HistoryRun: Sendable {
    /// Where the rows are and what is in them, without the right to read them.
    struct Rows: Sendable {
        let id: HistoryRunID
        /// Number of records.
        var records: Int
        /// A lower bound of the subjects in each segment, ascending: the first one in it, unless it has become empty.
        private(set) var firsts: [SubjectID]
    }

    let lease: HistoryRunLease
    var rows: Rows

    init(_ rows: Rows, trash: HistoryTrash) {
        self.rows = rows
        lease = HistoryRunLease(rows.id, trash: trash)
    }

    var id: HistoryRunID { rows.id }
}

extension HistoryRun.Rows {
    /// The segments that can hold records about subjects in `lower...upper`.
    func segments(from lower: SubjectID, through upper: SubjectID) -> Range<Int> {
        // The segment before the first that starts at or above `lower` may end with it.
        let start = max(0, partitionPoint { $0 >= lower } - 1)
        return start..<max(start, partitionPoint { $0 > upper })
    }

    /// Notes the first subject of a rewritten segment; one that has become empty (nil) takes over the bound of the
    /// segment behind it, so that no subject stays in the index that is nowhere else.
    mutating func setFirst(_ subject: SubjectID?, of segment: Int) {
        let behind = segment + 1 < firsts.count ? firsts[segment + 1] : SubjectID(high: .max, low: .max)
        firsts[segment] = subject ?? behind
    }

    private func partitionPoint(_ belongsToSecond: (SubjectID) -> Bool) -> Int {
        var low = 0
        var high = firsts.count
        while low < high {
            let middle = (low + high) / 2
            if belongsToSecond(firsts[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// Keeps the rows of a run in the file for as long as anybody may read them: when a merge has replaced the run and the
/// last query or snapshot has let go of it, its rows go to the trash. So readers need no long transactions.
final class HistoryRunLease: Sendable {
    let id: HistoryRunID
    private let trash: HistoryTrash
    private let isRetired = Atomic(false)

    init(_ id: HistoryRunID, trash: HistoryTrash) {
        self.id = id
        self.trash = trash
    }

    func retire() { isRetired.store(true, ordering: .releasing) }

    deinit {
        if isRetired.load(ordering: .acquiring) { trash.add(id) }
    }
}

/// The runs whose rows nobody needs any more.
final class HistoryTrash: Sendable {
    private struct Contents {
        var runs: [HistoryRunID] = []
        var wake: (@Sendable () -> Void)?
    }

    private let contents = Mutex(Contents())

    /// Sets what is called, from any thread, after something was added.
    func onAddition(_ wake: @escaping @Sendable () -> Void) {
        contents.withLock { $0.wake = wake }
    }

    func add(_ run: HistoryRunID) {
        let wake = contents.withLock { contents in
            contents.runs.append(run)
            return contents.wake
        }
        wake?()
    }

    var first: HistoryRunID? { contents.withLock { $0.runs.first } }

    func remove(_ run: HistoryRunID) {
        contents.withLock { $0.runs.removeAll { $0 == run } }
    }
}
