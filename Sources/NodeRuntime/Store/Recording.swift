internal import Cryptography
internal import Encoding
internal import Federation
internal import Scoring
internal import Storage
internal import Synchronization
internal import TransparencyLog

/// What the own log holds, as 8-byte hashes of all but time and salt: whether a draft was recorded before is answered
/// without touching the store. Observations without a reference are left out: two that are alike are two. Built on first
/// use from the log.
final class RecordedReferences: Sendable {
    private struct State {
        var hashes: Set<UInt64> = []
        /// Up to where the own log has been taken in.
        var upTo: UInt64 = 0
        /// Whether what is set aside has been.
        var hasAside = false
        /// How often all was forgotten.
        var forgotten = 0
    }

    private let salt: [UInt8]
    private let state = Mutex(State())

    /// - Parameter salt: random, so that nobody can make events that pass for others.
    init(salt: [UInt8]) { self.salt = salt }

    /// For every draft, whether the same stands in the own log, or before it among the drafts.
    func known(_ drafts: [Draft], node: Node) throws -> [Bool] {
        try state.withLock { state in
            try catchUp(&state, node)
            return drafts.map { draft in
                guard case .body(let day, let subject, let content) = draft,
                    let hash = hash(day, subject, content)
                else { return false }
                return !state.hashes.insert(hash).inserted
            }
        }
    }

    /// How often all was forgotten so far.
    var forgotten: Int { state.withLock { $0.forgotten } }

    /// Entries of the own log that stand there now need not be read from it, if their drafts were all asked for since nothing
    /// has been forgotten any more.
    func note(recorded entries: Range<UInt64>, forgotten: Int) {
        state.withLock { state in
            if state.forgotten == forgotten, state.upTo == entries.lowerBound { state.upTo = entries.upperBound }
        }
    }

    /// Drafts that were taken for recorded but failed are read from the log again.
    func forget() { state.withLock { $0 = State(forgotten: $0.forgotten + 1) } }

    private func catchUp(_ state: inout State, _ node: Node) throws {
        if !state.hasAside {
            try node.log.forEachAside { insert($0.items, &state) }
            state.hasAside = true
        }
        let size = node.log.state(node.origin)?.size ?? 0
        while state.upTo < size {
            let end = min(size, (state.upTo / 256 + 64) * 256)
            for piece in try node.log.packed(node.origin, state.upTo..<end) {
                insert(piece, &state)
                state.upTo += UInt64(piece.count)
            }
        }
    }

    private func insert(_ piece: PackedEntries, _ state: inout State) {
        piece.forEach { _, item in
            guard !item.isVerbatim, let kind = EventKind(rawValue: item.bytes[1]), kind != .erasure,
                let body = try? Body(decoding: Array(item.body), kind: kind),
                let hash = hash(body.day, body.subject, body.content)
            else { return }
            state.hashes.insert(hash)
        }
    }

    /// Nil for an observation without a reference.
    private func hash(_ day: UInt32, _ subject: SubjectID, _ content: Body.Content) -> UInt64? {
        if case .observation(_, _, let reference) = content, reference.isEmpty { return nil }
        var writer = ByteWriter(capacity: 128)
        writer.uint8(content.kind.rawValue)
        Body(salt: salt, day: day, subject: subject, content: content).encode(to: &writer)
        return sha256(writer.bytes).prefix
    }
}

extension Node {
    /// Records drafts in the own log, all or none, and waits until they are durable and in the next answer.
    package func record(_ drafts: [Draft], isDeduplicated: Bool = true) throws -> RecordResult {
        let roomsMade = writer.roomsMade
        var check = DraftCheck(self)
        for (offset, draft) in drafts.enumerated() {
            if let flaw = try check.flaw(of: draft) {
                throw NodeFailure(.invalid, drafts.count == 1 ? flaw : "event \(offset + 1) of \(drafts.count): \(flaw)")
            }
        }
        let outcome = Mutex<Result<RecordResult, NodeFailure>?>(nil)
        let done = Signal()
        writer.submit(
            .record(
                RecordJob(drafts: drafts, isDeduplicated: isDeduplicated, roomsMade: roomsMade) { result in
                    outcome.withLock { $0 = result }
                    done.raise()
                }))
        writer.lane.wait(for: done)
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("a record job has a result") }
        if case .failure = result { recorded.forget() }
        return try result.get()
    }
}

extension Array {
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
