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
    private let historyBox: Mutex<HistoryStore>
    let published: PublishedFile
    let clock = Mutex(HybridClock())
    let excuses = Excuses()
    let recorded: RecordedReferences
    package let environment: NodeEnvironment
    private let lock: any Sendable
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
        recorded = RecordedReferences(salt: environment.randomBytes(16))
        lock = try environment.files.lock(folder)
        log = try LogStore(path: folder.logFile, options: environment.logOptions)
        historyBox = Mutex(
            try HistoryStore.openOrRebuild(path: folder.standingsFile, options: environment.historyOptions))
        published = try PublishedFile(path: folder.publishedFile, origin: origin.line, files: environment.files)
        try prepareHistory()
        let writer = try LogWriter(node: self)
        writerBox.withLock { $0 = writer }
        restoreClock()
    }

    var wallMilliseconds: UInt64 { environment.wallMilliseconds() }
    var steadyMilliseconds: UInt64 { environment.steadyMilliseconds() }
    /// Today as a day number, UTC.
    package var today: UInt32 { environment.today }

    var writer: LogWriter {
        guard let writer = writerBox.withLock({ $0 }) else { preconditionFailure("the writer stands once the node is open") }
        return writer
    }

    package func close() throws {
        writer.close()
        history.close()
        try log.close()
    }

    var isAuthority: Bool { topology.nodes[index].isAuthority }

    /// What the logs say about each subject; another object after a rebuild.
    package var history: HistoryStore { historyBox.withLock { $0 } }

    private func prepareHistory() throws {
        for key in topology.nodes.flatMap(\.keys) { _ = try history.originNumber(key.name) }
        for factor in rulebook.factors { _ = try history.reserveFactor(Array(factor.code.utf8)) }
        // Logs that were restored from an older state are behind what was folded of them; those whose end is damaged are not.
        let isAhead = try log.states.contains {
            try history.visibleUpTo(history.originNumber($0.origin.line)) > max($0.size, $0.recordedSize)
        }
        if isAhead { try emptyHistory() }
        try catchUpHistory()
    }

    private func emptyHistory() throws {
        try historyBox.withLock { history in
            history.close()
            for suffix in ["", "-wal", "-shm"] { environment.files.remove(folder.standingsFile + suffix) }
            history = try HistoryStore(path: folder.standingsFile, options: environment.historyOptions)
        }
    }

    /// Throws the derived store away and folds everything again; while the writer rests.
    func rebuildHistory() throws {
        try emptyHistory()
        try prepareHistory()
        writer.historyChanged()
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
        try fold(state, upTo: state.size, into: history, skipsDamage: skipsDamage) { folding in
            try noteErasures(in: folding.batch, by: state.origin)
            if concernsOwn { withdrawn += folding.withdrawn }
        }
        return withdrawn
    }

    /// The hybrid clock goes on behind the last entry of the own log.
    private func restoreClock() {
        guard let state = log.state(origin), state.size > 0, let last = try? log.entry(origin, state.size - 1),
            let entry = try? Entry(decoding: last.entry)
        else { return }
        clock.withLock { $0 = HybridClock(last: entry.recordedAt) }
    }

    func observeTime(milliseconds: UInt64) {
        clock.withLock { $0.observe(milliseconds << 16, wallMilliseconds: wallMilliseconds) }
    }

    /// Whether what `recorder` records can take back what stands in the log of `target`: the same node, or an authority.
    func mayCorrect(_ recorder: OriginName, _ target: OriginName) -> Bool {
        recorder.nodeLine == target.nodeLine || topology.isAuthority(nodeLine: recorder.nodeLine)
    }
}
