import Dispatch
import Synchronization

/// What the fold knows about each subject, derived from the log and disposable: `standings.sqlite`.
///
/// A log-structured merge tree (O'Neil et al., 1996) whose runs lie in SQLite: one indexed row per event would be nine
/// times too slow. Records collect in a table in memory, where they are visible at once; a full table is sorted and
/// written as a run, together with the positions up to which it folds the logs, in one transaction; runs of one size
/// are merged into one of the next. A subject's history is what the tables and one or two segments of each run say.
///
/// All calls may come from any thread; appends to one origin come in the order of its log. Calls that touch the disk
/// block, and throw ``HistoryFailure``.
package final class HistoryStore: Sendable {
    /// Stands for all factors and foreign origins beyond the limits: matches no number.
    package static let unknownNumber = UInt32.max

    /// What queries and appends share. Held for moments only, never while the disk is waited for.
    struct State {
        /// Takes the appends.
        var active: HistoryTable
        /// Full, waiting to be written; the oldest first.
        var sealed: [HistoryTable] = []
        var runs: [HistoryRun] = []
        /// By origin number: next index to fold, counting what is in memory, and what is in the file.
        var visible: [UInt64] = []
        var durable: [UInt64] = []
        var erasures = HistoryErasures()
        /// Tables sealed and tables written since the start.
        var sealedCount = 0
        var writtenCount = 0
        /// Set for good by damage and by `close`.
        var failure: HistoryFailure?
        var isClosed = false
        /// Set while the disk refuses writes.
        var stall: HistoryFailure?
        /// Whether everything is to be merged, and how often that was done.
        private(set) var isCompactionWanted = false
        private(set) var compactions = 0
        /// Threads that wait for any of this to change.
        var waiters = 0

        /// Asks for a compaction; it is done when `compactions` has reached the result.
        mutating func wantCompaction() -> Int {
            isCompactionWanted = true
            return compactions + 1
        }

        mutating func noteCompaction() {
            if isCompactionWanted { compactions += 1 }
            isCompactionWanted = false
        }
    }

    /// What only the work in the background uses; its lock is free but for that.
    struct Background {
        var nextRun: Int64
        var merge: HistoryMergeJob?
        /// Set when a merge failed, until a table could be written.
        var isMergingPaused = false
        /// Merged runs that a snapshot still reads: a removal has to reach them too.
        var retired: [HistoryRunID: HistoryRun.Rows] = [:]
    }

    struct Numbers {
        var origins: HistoryLimitedNumbers
        var factors: HistoryLimitedNumbers
    }

    let options: HistoryOptions
    let database: HistoryDatabase
    let trash = HistoryTrash()
    let state: Mutex<State>
    let background: Mutex<Background>
    let numbers: Mutex<Numbers>
    /// Held by a thread while it puts records into the table in memory, before the lock of `state`, which queries need too.
    let appending = Mutex<Void>(())
    /// Held by a thread while it inserts late records; whether there may be some of which it is not known that they are durable.
    /// After a start what is in the file may be what the process before could write and not sync.
    let lateInsertion = Mutex(true)
    let change = DispatchSemaphore(value: 0)
    let queue: any HistoryBackground
    /// Whether ``openOrRebuild(path:options:)`` found damage and began anew: everything has to be folded again.
    package let wasRebuilt: Bool

    /// Opens the file at `path`, creating it where there is none. Its folder has to exist.
    package convenience init(path: String, options: HistoryOptions = HistoryOptions()) throws {
        try self.init(path: path, options: options, wasRebuilt: false)
    }

    /// Opens the file at `path`; deletes it and starts with an empty one if it is damaged or of another version.
    package static func openOrRebuild(path: String, options: HistoryOptions = HistoryOptions()) throws -> HistoryStore {
        do {
            return try HistoryStore(path: path, options: options, wasRebuilt: false)
        } catch HistoryFailure.damaged {
            try HistoryDatabase.delete(path: path, files: options.files)
            return try HistoryStore(path: path, options: options, wasRebuilt: true)
        }
    }

    private init(path: String, options: HistoryOptions, wasRebuilt: Bool) throws {
        self.options = options
        self.wasRebuilt = wasRebuilt
        queue = options.makeBackground()
        database = try HistoryDatabase(path: path, files: options.files)
        var origins = HistoryLimitedNumbers(limit: options.originLimit)
        var factors = HistoryLimitedNumbers(limit: options.factorLimit)
        let positions = try database.restoreOrigins(&origins)
        try database.restoreFactors(&factors)
        numbers = Mutex(Numbers(origins: origins, factors: factors))

        let runs = try database.runs(trash: trash)
        let leftovers = try database.leftovers(besides: Set(runs.map(\.id)))
        let last = (runs.map(\.id) + leftovers).map(\.number).max() ?? 0
        background = Mutex(Background(nextRun: last + 1))
        var state = State(active: HistoryTable(capacity: options.tableRecords, payloadCapacity: options.tableBytes))
        state.runs = runs
        state.visible = positions
        state.durable = positions
        state.erasures = try database.erasures()
        self.state = Mutex(state)

        for run in leftovers { trash.add(run) }
        trash.onAddition { [weak self] in self?.wake() }
        wake()
    }

    // MARK: Numbers

    /// The number of a log that is folded here, or whose line the topology lists: never refused for the limit.
    ///
    /// Throws ``HistoryFailure/outgrown(_:)`` if corrections may have named it before it was known.
    package func originNumber(_ line: [UInt8]) throws -> UInt32 {
        let number = numbers.withLock { numbers in line.withUnsafeBytes { numbers.origins.reserve($0) } }
        guard let number else { throw HistoryFailure.outgrown("origin \(String(decoding: line, as: UTF8.self))") }
        return number
    }

    /// The number of an origin that a correction or an erasure names; ``unknownNumber`` beyond the limit.
    package func targetOriginNumber(_ line: UnsafeRawBufferPointer) -> UInt32 {
        numbers.withLock { $0.origins.number(line) }
    }

    /// The number of a factor code that an observation names; ``unknownNumber`` beyond the limit. Does not allocate for
    /// codes seen before.
    package func factorNumber(_ code: UnsafeRawBufferPointer) -> UInt32 {
        numbers.withLock { $0.factors.number(code) }
    }

    /// The number of a factor code of the rulebook: never refused for the limit. To be called for all of them before
    /// anything is folded, and again when the rulebook changes.
    ///
    /// Throws ``HistoryFailure/outgrown(_:)`` if observations may have named it before it was known.
    package func reserveFactor(_ code: [UInt8]) throws -> UInt32 {
        let number = numbers.withLock { numbers in code.withUnsafeBytes { numbers.factors.reserve($0) } }
        guard let number else { throw HistoryFailure.outgrown("factor \(String(decoding: code, as: UTF8.self))") }
        return number
    }

    /// The line of an origin's number; nil for a number that was not given.
    package func originLine(_ number: UInt32) -> [UInt8]? {
        numbers.withLock { numbers in
            let table = numbers.origins.table
            return Int(number) < table.count ? [UInt8](table[number]) : nil
        }
    }

    /// How many numbers were given; those that were given stay as they are.
    package struct NumberCounts: Equatable, Sendable {
        let origins: Int
        let factors: Int
    }

    package var numberCounts: NumberCounts {
        numbers.withLock { NumberCounts(origins: $0.origins.table.count, factors: $0.factors.table.count) }
    }

    /// All origin lines by number.
    package var originLines: [[UInt8]] { numbers.withLock { $0.origins.all } }
    /// All factor codes by number.
    package var factorCodes: [[UInt8]] { numbers.withLock { $0.factors.all } }

    // MARK: Positions

    /// Next index to fold of an origin, counting what is only in memory.
    package func visibleUpTo(_ origin: UInt32) -> UInt64 {
        state.withLock { Int(origin) < $0.visible.count ? $0.visible[Int(origin)] : 0 }
    }

    /// Next index to fold of an origin after a crash.
    package func foldedUpTo(_ origin: UInt32) -> UInt64 {
        state.withLock { Int(origin) < $0.durable.count ? $0.durable[Int(origin)] : 0 }
    }

    /// All erasures appended so far.
    package var erasures: HistoryErasures { state.withLock { $0.erasures } }
}
