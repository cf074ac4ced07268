internal import Cryptography
internal import Federation
internal import Storage
internal import Synchronization
internal import TransparencyLog

/// What the writer tells the rest of the node, after the commit and the fold, on its own thread.
protocol LogWriterDelegate: AnyObject, Sendable {
    func writerIntegrated(_ origin: OriginName)
    func writerPublished(_ checkpoint: SignedCheckpoint, first: UInt64, pieces: [PackedEntries])
    func writerFailed(_ failure: NodeFailure)
}

/// The one writer of a node: takes what is to be stored in order and commits as much as is waiting in one transaction.
/// Recorded → integrated → published: entries are written, read back, hashed into the tree and signed over in one
/// transaction, and leave the node when its COMMIT has returned.
final class LogWriter: Sendable {
    enum Job: Sendable {
        case record(RecordJob)
        case integrate(ProvenRange, @Sendable (NodeFailure?) -> Void)
        /// Something that needs the writer to rest, outside a transaction.
        case exclusive(@Sendable (NodeFailure?) -> Void)
    }

    /// What waits to be stored, in order.
    private struct Pending {
        var jobs: [Job] = []
        var isClosed = false
    }

    /// Bytes that one transaction takes in, beyond which the next one begins.
    private static let groupBytes = 8 << 20

    unowned let node: Node
    let lane: any Lane
    private let pending = Mutex(Pending())
    private let delegate = Mutex<(any LogWriterDelegate)?>(nil)
    /// Whether checkpoints may be signed: not before the own past is confirmed by the peers.
    private let maySign: Mutex<Bool>
    private let folding: Mutex<EntryFolding>
    /// Whether what is recorded is kept aside, since the own past that belongs before it is not here yet.
    private let diverting: Mutex<Bool>
    /// What the history owes to the log.
    private let historyDebt = Mutex(HistoryDebt.none)
    /// The own log turned out to be forked.
    private let isStopped = Mutex(false)
    /// How often what was recorded had to make room for the own past: what was checked before that is not recorded after it.
    private let rooms = Mutex(0)

    /// The history does not hold what the log holds, since folding or cutting it failed after the log's commit.
    enum HistoryDebt {
        case none
        /// It is to be folded up to where the log is.
        case catchUp
        /// It holds what the log does not hold any more, and is to be made anew.
        case rebuild
    }

    init(node: Node) throws {
        self.node = node
        diverting = Mutex(try node.log.asideCount() > 0)
        lane = node.environment.makeLane(.writer)
        // A node without peers has nobody to ask.
        let hasPeers = node.topology.nodes.indices.contains { $0 != node.index && node.topology.areLinked(node.index, $0) }
        maySign = Mutex(false)
        folding = Mutex(EntryFolding(history: node.history))
        // Unless it has published more than it holds: then only a new epoch helps.
        if !hasPeers, node.published.initial?.size ?? 0 <= node.log.state(node.origin)?.signedSize ?? 0 { confirm() }
    }

    var isDiverting: Bool { diverting.withLock { $0 } }
    func setDiverting(_ isDiverting: Bool) { diverting.withLock { $0 = isDiverting } }
    var roomsMade: Int { rooms.withLock { $0 } }
    func noteRoomMade() { rooms.withLock { $0 += 1 } }
    func noteUnfolded() { historyDebt.withLock { if $0 == .none { $0 = .catchUp } } }
    /// To be called right after a commit that cut a log.
    func noteHistoryAhead() { historyDebt.withLock { $0 = .rebuild } }

    func setDelegate(_ delegate: any LogWriterDelegate) { self.delegate.withLock { $0 = delegate } }

    func submit(_ job: Job) {
        let isFirst = pending.withLock { pending -> Bool? in
            if pending.isClosed { return nil }
            pending.jobs.append(job)
            return pending.jobs.count == 1
        }
        switch isFirst {
        case true?: lane.async { [self] in work() }
        case false?: break
        case nil: refuse(job, NodeFailure(.unavailable, "the node is being stopped"))
        }
    }

    /// Does what was submitted so far, and refuses what comes after.
    func close() {
        pending.withLock { $0.isClosed = true }
        drain()
        // The delegate holds the node, which holds this writer: what is closed must let go, or the folder stays locked.
        delegate.withLock { $0 = nil }
    }

    /// The node's history was replaced.
    func historyChanged() {
        folding.withLock { $0 = EntryFolding(history: node.history) }
        historyDebt.withLock { $0 = .catchUp }
    }

    /// Brings the history to where the log is, if it is not, and erases what withdrawals in what was folded ask for; while
    /// the writer rests.
    func settleHistory() throws {
        switch historyDebt.withLock({ $0 }) {
        case .none: break
        case .rebuild: try node.rebuildHistory()
        case .catchUp:
            let withdrawn = try node.catchUpHistory()
            historyDebt.withLock { $0 = .none }
            eraseOwn(withdrawn)
        }
    }

    /// Waits until everything submitted so far is done.
    func drain() { lane.sync {} }

    /// Runs something while nothing is written, and waits for it.
    func exclusively<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let result = Mutex<Result<Value, any Error>?>(nil)
        let done = Signal()
        submit(
            .exclusive { refusal in
                let outcome = Result {
                    if let refusal { throw refusal }
                    return try body()
                }
                result.withLock { $0 = outcome }
                done.raise()
            })
        lane.wait(for: done)
        guard let outcome = result.withLock({ $0 }) else { preconditionFailure("an exclusive job has a result") }
        return try outcome.get()
    }

    /// A transaction of its own, waited for. Where it fails the store's trouble is known, as with what is recorded.
    func write(_ body: @escaping @Sendable (LogTransaction) throws -> Void) throws {
        try exclusively { [self] in
            do { try node.log.write(body) } catch { throw fail(error) }
        }
    }

    var isConfirmed: Bool { maySign.withLock { $0 } }

    /// What is recorded is kept, and signed when the past is confirmed again.
    func withdrawConfirmation() { maySign.withLock { $0 = false } }

    /// The own log turned out to be forked: what is recorded is kept, and published in the next epoch.
    func stopSigning() {
        isStopped.withLock { $0 = true }
        maySign.withLock { $0 = false }
    }

    /// The peers have confirmed the own past: what was recorded meanwhile is published, and from then on what is recorded.
    func confirm() {
        submit(
            .exclusive { [self] refusal in
                guard refusal == nil, !isConfirmed, !isStopped.withLock({ $0 }),
                    node.log.state(node.origin)?.isForked != true
                else { return }
                do {
                    if isDiverting {
                        try node.putBackAside()
                        noteUnfolded()
                    }
                    try commitEntries([.record(.nothing)], mayPublish: true)
                    setDiverting(false)
                    maySign.withLock { maySign in maySign = !isStopped.withLock { $0 } }
                } catch {
                    // The disk does not take it: what is aside stays there, and it is tried again.
                    fail(error)
                    lane.after(1_000) { [weak self] in self?.confirm() }
                }
            })
    }

    /// Signs over what is stored of the own log and not published yet, as soon as that may be.
    func publish() { submit(.record(.nothing)) }
}

// The queue's work.
extension LogWriter {
    private func work() {
        while true {
            let jobs = pending.withLock { $0.jobs }
            if jobs.isEmpty { return }
            let group = Self.group(jobs)
            commit(group)
            let isDone = pending.withLock { pending in
                pending.jobs.removeFirst(group.count)
                return pending.jobs.isEmpty
            }
            if isDone { return }
        }
    }

    /// As many jobs from the front as go into one transaction.
    private static func group(_ jobs: [Job]) -> ArraySlice<Job> {
        var bytes = 0
        var count = 0
        for job in jobs {
            switch job {
            case .record(let record): bytes += record.drafts.count * 160
            case .integrate(let range, _): bytes += range.pieces.reduce(0) { $0 + $1.bytes.count }
            case .exclusive: return jobs[..<max(count, 1)]
            }
            count += 1
            if bytes > groupBytes { break }
        }
        return jobs[..<count]
    }

    private func commit(_ group: ArraySlice<Job>) {
        switch group.first {
        case .exclusive(let body): body(nil)
        case .record, .integrate:
            do { try commitEntries(group, mayPublish: isConfirmed) } catch {
                // Drafts that were taken for recorded are not: tried again, they must not pass for known.
                node.recorded.forget()
                // One that cannot be stored must not take the others with it: each is tried alone.
                if group.count > 1 {
                    for job in group { commit([job]) }
                } else if let job = group.first {
                    refuse(job, fail(error))
                }
            }
        case nil: break
        }
    }

    @discardableResult
    func fail(_ error: any Error) -> NodeFailure {
        let failure = NodeFailure(error)
        delegate.withLock { $0 }?.writerFailed(failure)
        return failure
    }

    private func refuse(_ job: Job, _ failure: NodeFailure) {
        switch job {
        case .record(let record): record.finish(.failure(failure))
        case .integrate(_, let done): done(failure)
        case .exclusive(let body): body(failure)
        }
    }

    private func commitEntries(_ group: ArraySlice<Job>, mayPublish: Bool) throws {
        var recordJobs: [RecordJob] = []
        var outdated: [RecordJob] = []
        var stale: [(@Sendable (NodeFailure?) -> Void, NodeFailure)] = []
        var ranges: [(ProvenRange, @Sendable (NodeFailure?) -> Void)] = []
        var ends: [OriginName: UInt64] = [:]
        for job in group {
            switch job {
            case .record(let record):
                if record.isOutdated(roomsMade) {
                    outdated.append(record)
                } else {
                    recordJobs.append(record)
                }
            case .integrate(let range, let done):
                // A range that was asked for anew while it waited here comes twice. It must follow on what is stored.
                let end = ends[range.origin] ?? node.log.state(range.origin)?.size ?? 0
                guard range.first == end else {
                    let reason = "\(range.origin) ends at \(end): a range from \(range.first) on does not follow"
                    stale.append((done, NodeFailure(.internal, reason)))
                    continue
                }
                guard node.mayStore(range) else {
                    stale.append((done, NodeFailure(.refused, "\(range.origin) is forked: nothing more of it is taken")))
                    continue
                }
                ends[range.origin] = range.end
                ranges.append((range, done))
            case .exclusive: break
            }
        }
        func tellRefused() {
            for (done, failure) in stale { done(failure) }
            for job in outdated { job.finish(.failure(RecordJob.outdated)) }
        }
        guard !recordJobs.isEmpty || !ranges.isEmpty else { return tellRefused() }
        var staged = try StagedRecords(recordJobs, node: node, isAside: isDiverting)
        let checkpoint = try node.writeClaiming { transaction in
            for (range, _) in ranges { try store(range, transaction) }
            return try staged.store(in: transaction, mayPublish: mayPublish)
        }
        // From here on nothing may fail: what is committed must not be tried again.
        tellRefused()
        staged.remember()
        if let checkpoint { node.published.write(checkpoint) }
        let withdrawn = foldCommitted(ranges.map(\.0), staged)
        // What was recorded is known to the clients only when it is in the next answer.
        for (job, result) in staged.results { job.finish(.success(result)) }
        let delegate = delegate.withLock { $0 }
        if let checkpoint {
            delegate?.writerPublished(checkpoint, first: staged.publishedFrom, pieces: staged.publishedPieces)
        }
        for (range, done) in ranges {
            done(nil)
            delegate?.writerIntegrated(range.origin)
        }
        eraseOwn(withdrawn)
    }

    private func store(_ range: ProvenRange, _ transaction: LogTransaction) throws {
        try transaction.append(range.origin, range.pieces, leafHashes: range.hashes, bundleRoots: range.bundleRoots)
        if range.end == range.checkpoint.size {
            try transaction.setCheckpoint(range.checkpoint)
        } else {
            try transaction.setProving(range.checkpoint, proof: range.proof)
        }
    }

    /// What cannot be folded now is folded from the log before the next answer that needs it. Returns the subjects of
    /// withdrawals that concern the own log.
    private func foldCommitted(_ ranges: [ProvenRange], _ staged: StagedRecords) -> [SubjectID] {
        defer { node.answersGrow.beat() }
        do {
            if historyDebt.withLock({ $0 == .none }) { return try fold(ranges, staged) }
            try settleHistory()
            return []
        } catch {
            noteUnfolded()
            fail(error)
            return []
        }
    }

    /// Returns the subjects whose withdrawal concerns the own log: recorded here, or by an authority.
    private func fold(_ ranges: [ProvenRange], _ staged: StagedRecords) throws -> [SubjectID] {
        try folding.withLock { folding in
            var withdrawn: [SubjectID] = []
            for range in ranges {
                // A history that was made anew since has other numbers.
                if let folded = range.folded, folded.history === node.history {
                    try append(folded, range.origin)
                } else {
                    let number = try node.history.originNumber(range.origin.line)
                    folding.fold(range.pieces, origin: number, first: range.first, hashes: range.hashes)
                    try append(folding.folded, range.origin)
                }
                if node.mayCorrect(range.origin, node.origin) { withdrawn += (range.folded ?? folding.folded).withdrawn }
            }
            if staged.isAside || staged.pieces.isEmpty { return withdrawn }
            let number = try node.history.originNumber(node.origin.line)
            folding.fold(staged.pieces, origin: number, first: staged.first, hashes: staged.hashes)
            try append(folding.folded, node.origin)
            return withdrawn + folding.folded.withdrawn
        }
    }

    private func append(_ folded: FoldedEntries, _ origin: OriginName) throws {
        // Marks first: they are durable at once, and a history that is durable is not folded again.
        try node.noteErasures(in: folded.batch, by: origin)
        try node.history.append(folded.batch)
        node.unreadableEntries.add(folded.unreadable, ordering: .relaxed)
        node.clock.withLock { $0.observe(folded.latestTime, wallMilliseconds: node.wallMilliseconds) }
    }

    /// A withdrawal takes the node's own entries about its subject along. What fails here is owed still, and made up for
    /// later.
    func eraseOwn(_ withdrawn: [SubjectID]) {
        let roomsMade = roomsMade
        for subject in withdrawn {
            do {
                let erasures = try node.erasuresOwed(to: subject)
                if erasures.isEmpty { continue }
                let job = RecordJob(drafts: erasures, isDeduplicated: false, roomsMade: roomsMade) { [node] result in
                    if case .failure = result { node.noteOwedErasures() }
                }
                submit(.record(job))
            } catch {
                node.noteOwedErasures()
                fail(error)
            }
        }
    }
}
