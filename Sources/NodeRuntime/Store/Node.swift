internal import Cryptography
package import Federation
package import Scoring
package import Storage
internal import Synchronization
internal import TransparencyLog

/// A node's data folder, opened: both stores, what the federation shares, and the one writer. All calls block their thread.
package final class Node: Sendable {
    package let folder: NodeFolder
    package let identity: NodeIdentity
    package let topology: Topology
    package let rulebook: Rulebook
    /// Index of this node in the topology.
    package let index: Int
    package let origin: OriginName
    let logKey: SigningKey
    let linkKey: SigningKey
    package let log: LogStore
    private let historyBox: Mutex<OpenHistory>
    let published: PublishedFile
    let clock = Mutex(HybridClock())
    /// Entries that were recorded or arrived since the stores were opened and that this release cannot read.
    let unreadableEntries = Atomic<UInt64>(0)
    let excuses = Excuses()
    /// Damaged places that the last verification found, or that a resync left.
    let knownDamage = Atomic(0)
    let recorded: RecordedReferences
    let readLog: ReadLog
    let standingsTables = StandingsTables()
    /// Why the store takes nothing at present; nil where it does.
    let trouble = Mutex<String?>(nil)
    /// Beats when more may be in this node's answers.
    let answersGrow = Pulse()
    /// Withdrawals may stand in the logs for which the own entries were not erased yet.
    private let mayOweErasures = Atomic(true)
    /// Whether the store says that it is this node's.
    let isStoreClaimed = Atomic(false)
    package let environment: NodeEnvironment
    /// Held until the stores are closed, whoever still holds this object then.
    private let lock: Mutex<(any Sendable)?>
    private let writerBox = Mutex<LogWriter?>(nil)

    /// Opens a data folder for this process alone.
    package convenience init(folder: NodeFolder, environment: NodeEnvironment = NodeEnvironment()) throws {
        try self.init(
            folder: folder, identity: NodeIdentity(folder: folder),
            files: FederationFiles(topologyPath: folder.topologyFile, rulebookPath: folder.rulebookFile),
            keys: folder.keys(), environment: environment)
    }

    /// Opens the stores of a node whose configuration was read before.
    package init(
        folder: NodeFolder, identity: NodeIdentity, files: FederationFiles, keys: NodeKeys, environment: NodeEnvironment
    ) throws {
        self.folder = folder
        self.identity = identity
        self.environment = environment
        topology = files.topology
        rulebook = files.rulebook
        guard let index = topology.index(ofNode: identity.node),
            let origin = OriginName("\(topology.federation)/\(identity.node)/\(identity.epoch)")
        else { throw NodeFailure(.invalid, "\(folder.topologyFile) names no node \(identity.node)") }
        self.index = index
        self.origin = origin
        logKey = keys.log
        linkKey = keys.link
        readLog = ReadLog(folder: folder.path, files: environment.files, lane: environment.makeLane(.readings))
        recorded = RecordedReferences(salt: environment.randomBytes(16))
        lock = Mutex(try environment.files.lock(folder))
        log = try LogStore.opening(
            path: folder.logFile, options: environment.logOptions, keys: files.topology.keys,
            servesWithoutWriting: true)
        historyBox = Mutex(try Self.history(folder, environment, obstacle: log.obstacle?.description))
        published = try PublishedFile(path: folder.publishedFile, origin: origin.line, files: environment.files)
        try claimStore()
        try restoreSignature()
        try makeRoomAtStart()
        try prepareHistory()
        trouble.withLock { $0 = obstacle }
        let writer = try LogWriter(node: self)
        writerBox.withLock { $0 = writer }
        restoreClock()
    }

    var wallMilliseconds: UInt64 { environment.wallMilliseconds() }
    var steadyMilliseconds: UInt64 { environment.steadyMilliseconds() }
    /// Today as a day number, UTC.
    package var today: UInt32 { environment.today }

    /// Why the store takes nothing at present; nil where it does.
    var storeTrouble: String? { trouble.withLock { $0 } }

    var writer: LogWriter {
        guard let writer = writerBox.withLock({ $0 }) else { preconditionFailure("the writer stands once the node is open") }
        return writer
    }

    package func close() throws {
        writer.close()
        readLog.settle(atMilliseconds: wallMilliseconds)
        historyBox.withLock { $0.close(environment) }
        try log.close()
        lock.withLock { $0 = nil }
    }

    /// Whether the peers have confirmed the own past and what waited for that is published; a disk may have to take it first.
    package var isConfirmed: Bool { writer.isConfirmed }

    var isAuthority: Bool { topology.nodes[index].isAuthority }

    /// What the logs say about each subject; another object after a rebuild.
    package var history: HistoryStore { historyBox.withLock { $0.store } }
    var historyAndNumbers: (HistoryStore, ScoringNumbers) { historyBox.withLock { ($0.store, $0.numbers) } }

    private func prepareHistory() throws {
        try emptyStaleStandings()
        for key in topology.keys { _ = try history.originNumber(key.name) }
        for factor in rulebook.factors { _ = try history.reserveFactor(Array(factor.code.utf8)) }
        // Logs that were restored from an older state are behind what was folded of them; those whose end is damaged are not.
        let isAhead = try log.states.contains {
            try history.visibleUpTo(history.originNumber($0.origin.line)) > max($0.size, $0.recordedSize)
        }
        if isAhead { try emptyHistory() }
        // Withdrawals may be among what is folded here, or stand in the log since before a crash.
        noteOwedErasures()
        try catchUpHistory()
        // Where that fails they count as missing still, and come again.
        try? foldStoredBodies()
    }

    func noteOwedErasures() { mayOweErasures.store(true, ordering: .releasing) }

    /// Has the erasures recorded that are owed for withdrawals: after a start, after the history was folded anew, and where
    /// they could not be recorded before. What fails is owed still.
    func settleWithdrawals() throws {
        guard mayOweErasures.exchange(false, ordering: .acquiringAndReleasing) else { return }
        do { writer.eraseOwn(try withdrawnSubjects()) } catch {
            noteOwedErasures()
            throw error
        }
    }

    /// The derived store, and the folder that it lies in where that is not the node's.
    private struct OpenHistory {
        let store: HistoryStore
        let numbers = ScoringNumbers()
        var scratch: String?
        /// Why it does not lie in the node's folder.
        var obstacle: String?

        func close(_ environment: NodeEnvironment) {
            store.close()
            if let scratch { environment.files.remove(scratch) }
        }
    }

    /// Where the node's folder cannot be written to, the history is folded anew in another place.
    private static func history(
        _ folder: NodeFolder, _ environment: NodeEnvironment, obstacle: String?
    ) throws -> OpenHistory {
        var obstacle = obstacle
        if obstacle == nil {
            do {
                return OpenHistory(
                    store: try HistoryStore.openOrRebuild(path: folder.standingsFile, options: environment.historyOptions))
            } catch let failure as HistoryFailure {
                guard case .unavailable = failure else { throw failure }
                obstacle = "\(folder.standingsFile): \(failure)"
            }
        }
        let scratch = try environment.files.scratchFolder()
        return OpenHistory(
            store: try HistoryStore(path: scratch + "/standings.sqlite", options: environment.historyOptions), scratch: scratch,
            obstacle: obstacle)
    }

    func emptyHistory() throws {
        try historyBox.withLock { history in
            history.close(environment)
            if history.scratch == nil {
                for suffix in ["", "-wal", "-shm"] { environment.files.remove(folder.standingsFile + suffix) }
            }
            history = try Self.history(folder, environment, obstacle: history.obstacle)
        }
    }

    /// Whether standings are folded in another place than the node's folder.
    var isHistoryElsewhere: Bool { historyBox.withLock { $0.scratch != nil } }

    /// Why stores were opened that cannot be written to, or not in their place; nil where all is as it should be.
    var obstacle: String? { log.obstacle?.description ?? historyBox.withLock { $0.obstacle } }

    /// Takes up writing again in a folder that could only be read, if it can be written to by now; while the writer rests.
    func regainStore() throws {
        guard obstacle != nil else { return }
        try log.reopen()
        let history = try Self.history(folder, environment, obstacle: nil)
        if let obstacle = history.obstacle {
            history.close(environment)
            throw NodeFailure(.storage, obstacle)
        }
        let old = historyBox.withLock { current in
            defer { current = history }
            return current
        }
        old.close(environment)
        // Names have other numbers there: nothing may be folded with the old ones, even if what follows fails.
        writer.historyChanged()
        try prepareHistory()
    }

    /// Throws the derived store away and folds everything again; while the writer rests.
    func rebuildHistory() throws {
        try emptyHistory()
        writer.historyChanged()
        try prepareHistory()
    }

    /// Folds what the log holds and the history does not: after a crash a little, after its loss everything. Returns the
    /// subjects of withdrawals among that which concern the own log.
    @discardableResult
    package func catchUpHistory() throws -> [SubjectID] {
        try log.states.flatMap { try catchUpHistory(of: $0, skipsDamage: true) }
    }

    /// The same for one log.
    func catchUpHistory(of state: LogState, skipsDamage: Bool = false) throws -> [SubjectID] {
        var withdrawn: [SubjectID] = []
        let concernsOwn = mayCorrect(state.origin, origin)
        try fold(state, upTo: state.size, into: history, skipsDamage: skipsDamage) { folded in
            try noteErasures(in: folded.batch, by: state.origin)
            if concernsOwn { withdrawn += folded.withdrawn }
        }
        return withdrawn
    }

    /// The hybrid clock goes on behind the last entry of the own log, and behind those that are aside: two entries of the same
    /// time would be taken for one when they are put back.
    private func restoreClock() {
        var last: UInt64 = 0
        if let state = log.state(origin), state.size > 0, let stored = try? log.entry(origin, state.size - 1),
            let entry = try? Entry(decoding: stored.entry)
        {
            last = entry.recordedAt
        }
        try? log.forEachAside { run in
            run.items.forEach { _, item in last = max(last, (try? Entry(decoding: item.entry))?.recordedAt ?? 0) }
        }
        clock.withLock { $0 = HybridClock(last: last) }
    }

    func observeTime(milliseconds: UInt64) {
        clock.withLock { $0.observe(milliseconds << 16, wallMilliseconds: wallMilliseconds) }
    }

    /// Whether what `recorder` records can take back what stands in the log of `target`: the same node, or an authority.
    func mayCorrect(_ recorder: OriginName, _ target: OriginName) -> Bool {
        recorder.nodeLine == target.nodeLine || topology.isAuthority(nodeLine: recorder.nodeLine)
    }
}
