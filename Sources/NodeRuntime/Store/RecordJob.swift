internal import Cryptography
internal import Federation
internal import Storage
internal import Synchronization
internal import TransparencyLog

/// What became of drafts.
package struct RecordResult: Sendable {
    /// The index of each in the own log; nil where the same event stands there already, and for all that are kept aside.
    package let indices: [UInt64?]
    /// Drafts that were recorded.
    package let added: Int
    /// They are durable, but get their place in the log only when the node has fetched its own past.
    package let isAside: Bool
}

/// Drafts that one caller wants recorded, all or none.
struct RecordJob: Sendable {
    let drafts: [Draft]
    /// Whether observations that stand in the own log already are left out.
    let isDeduplicated: Bool
    /// How often room had been made for the own past when the drafts were checked.
    var roomsMade: Int?
    let finish: @Sendable (Result<RecordResult, NodeFailure>) -> Void

    init(
        drafts: [Draft], isDeduplicated: Bool, roomsMade: Int? = nil,
        finish: @escaping @Sendable (Result<RecordResult, NodeFailure>) -> Void
    ) {
        self.roomsMade = roomsMade
        self.drafts = drafts
        self.isDeduplicated = isDeduplicated
        self.finish = finish
    }
}

extension RecordJob {
    /// Records nothing, and so only has signed what is stored and not signed yet.
    static let nothing = RecordJob(drafts: [], isDeduplicated: false) { _ in }

    static let outdated = NodeFailure(
        .unavailable, "the node has just begun to fetch its own past, and what the event names has moved: record it again")

    /// Whether it names positions that were looked up before entries were moved.
    func isOutdated(_ roomsMade: Int) -> Bool {
        guard let known = self.roomsMade, known != roomsMade else { return false }
        return drafts.contains { $0.namesTarget }
    }
}

/// The drafts of one commit made into entries behind the end of the own log.
struct StagedRecords {
    private let node: Node
    /// Index of the first entry.
    let first: UInt64
    private(set) var pieces: [PackedEntries] = []
    private(set) var hashes: [Digest] = []
    private(set) var results: [(RecordJob, RecordResult)] = []
    /// What a checkpoint signed now covers for the first time; more than this commit where signing had to wait.
    private(set) var publishedFrom: UInt64 = 0
    private(set) var publishedPieces: [PackedEntries] = []
    private let isSigningDue: Bool
    /// Where the memory of what is recorded was asked for all the drafts: how often it had forgotten all before that.
    private let forgotten: Int?
    let isAside: Bool

    /// - Parameter isAside: they are kept beside the log, since what belongs before them is still being fetched.
    init(_ jobs: [RecordJob], node: Node, isAside: Bool) throws {
        self.node = node
        self.isAside = isAside
        let state = node.log.state(node.origin)
        first = state?.size ?? 0
        isSigningDue = !jobs.isEmpty
        forgotten = !isAside && jobs.allSatisfy(\.isDeduplicated) ? node.recorded.forgotten : nil
        var builder = PackedEntriesBuilder()
        var position = first
        let count = jobs.reduce(0) { $0 + $1.drafts.count }
        let salts = node.environment.randomBytes(max(1, count * Body.saltBytes))
        var salt = 0
        for job in jobs {
            let isKnown = try job.isDeduplicated ? node.recorded.known(job.drafts, node: node) : []
            var added = 0
            var indices: [UInt64?] = []
            indices.reserveCapacity(job.drafts.count)
            for (offset, draft) in job.drafts.enumerated() {
                if job.isDeduplicated && isKnown[offset] {
                    indices.append(nil)
                    continue
                }
                append(draft, salts[salt..<(salt + Body.saltBytes)], &builder)
                salt += Body.saltBytes
                indices.append(isAside ? nil : position)
                added += 1
                position += 1
                if position % Tiling.width == 0 { pieces.append(builder.finish()) }
            }
            results.append((job, RecordResult(indices: indices, added: added, isAside: isAside)))
        }
        if builder.count > 0 { pieces.append(builder.finish()) }
    }

    private mutating func append(_ draft: Draft, _ salt: ArraySlice<UInt8>, _ builder: inout PackedEntriesBuilder) {
        let time = node.clock.withLock { $0.tick(wallMilliseconds: node.wallMilliseconds) }
        let entry: Entry
        var body: [UInt8] = []
        switch draft {
        case .erasure(let target, let ground): entry = Entry(erasing: target, ground: ground, recordedAt: time)
        case .body(let day, let subject, let content):
            body = Body(salt: Array(salt), day: day, subject: subject, content: content).encoded
            entry = Entry(kind: content.kind, recordedAt: time, commitment: sha256(body))
        }
        let encoded = entry.encoded
        hashes.append(leafHash(encoded))
        builder.append(entry: encoded, body: body)
    }

    /// To be called when the entries are durable.
    func remember() {
        guard let forgotten else { return }
        node.recorded.note(recorded: first..<(first + UInt64(hashes.count)), forgotten: forgotten)
    }

    /// Writes the entries, reads them back, and signs over what was read. The checkpoint is nil where nothing is to be
    /// published.
    mutating func store(in transaction: LogTransaction, mayPublish: Bool) throws -> SignedCheckpoint? {
        if isAside {
            try transaction.putAside(pieces)
        } else if !pieces.isEmpty {
            try transaction.append(node.origin, pieces, leafHashes: hashes)
            guard try transaction.readBack(node.origin, from: first) == hashes else {
                throw NodeFailure(.storage, "the store gives back other bytes than were written: check the disk and memory")
            }
        }
        guard isSigningDue, mayPublish, let state = transaction.state(node.origin), state.size > 0 else { return nil }
        let covered = state.checkpoint?.size ?? 0
        guard covered < state.size else { return nil }
        let checkpoint = Checkpoint(origin: node.origin.line, size: state.size, root: state.root)
        let signed = try SignedCheckpoint(signing: checkpoint, with: node.logKey)
        try transaction.setCheckpoint(signed)
        publishedFrom = covered
        publishedPieces = covered == first ? pieces : []
        return signed
    }
}
