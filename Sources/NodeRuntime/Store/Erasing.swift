internal import Federation
internal import Scoring
internal import Storage
internal import TransparencyLog

// Erasures hide their targets at once; the bytes go when a cut that contains them is attested, or after 24 hours.
extension Node {
    static let erasureDelayMilliseconds: UInt64 = 24 * 3_600_000

    /// Notes which stored bodies new erasures of a log take away, and which new entries were erased before they came.
    func noteErasures(in batch: HistoryBatch, by recorder: OriginName) throws {
        var targets: [(target: Position, erasure: Position)] = []
        for erasure in batch.erasures {
            guard let line = history.originLine(erasure.targetOrigin), let target = OriginName(line),
                mayCorrect(recorder, target)
            else { continue }
            targets.append(
                (Position(origin: line, index: erasure.targetIndex), Position(origin: recorder.line, index: erasure.index)))
        }
        let erasures = history.erasures
        if !erasures.isEmpty {
            for index in batch.first..<batch.end {
                guard let erasure = counting(erasures, batch.origin, index, of: recorder) else { continue }
                targets.append((Position(origin: recorder.line, index: index), erasure))
            }
        }
        guard !targets.isEmpty else { return }
        let now = Int64(wallMilliseconds)
        let due = targets
        try log.write { transaction in
            for (target, erasure) in due { try transaction.markErased(target, by: erasure, sinceMilliseconds: now) }
        }
    }

    /// An erasure that counts and names a position; nil where there is none.
    private func counting(
        _ erasures: HistoryErasures, _ number: UInt32, _ index: UInt64, of target: OriginName
    ) -> Position? {
        var found: Position?
        erasures.forEach(ofOrigin: number, index: index) { erasure in
            if found == nil, let line = history.originLine(erasure.origin), let eraser = OriginName(line),
                mayCorrect(eraser, target)
            {
                found = Position(origin: line, index: erasure.index)
            }
        }
        return found
    }

    /// Erasures that this node owes to a subject who has withdrawn: of its own entries about it.
    func erasuresOwed(to subject: SubjectID) throws -> [Draft] {
        guard rulebook.population == .enrolled else { return [] }
        let sizes = try visibleSizes()
        let history = try history(of: subject)
        let context = try scoringContext(sizes: sizes, day: today, about: [history])
        var scorer = Scorer(context.scoring)
        return scorer.withdrawnPositions(history, ofNode: origin.nodeLine).map { .erasure(target: $0, ground: .request) }
    }

    /// Subjects with a withdrawal in any log; none in a synthetic population.
    func withdrawnSubjects() throws -> [SubjectID] {
        guard rulebook.population == .enrolled else { return [] }
        var withdrawn: [SubjectID] = []
        for partition in try history.snapshot().partitions(1) {
            try partition.forEachSubject { subject, history in
                if history.records.contains(where: { $0.kind == EventKind.withdrawal.rawValue }) { withdrawn.append(subject) }
            }
        }
        return withdrawn
    }

    /// Whether another node erases what this one has recorded and not published. It cannot know that entry: what it names is
    /// what stood there before this log lost it, and comes back to stand there again.
    private func isUnmeant(_ pending: PendingErasure) -> Bool {
        pending.target.origin == origin.line && pending.target.index >= log.state(origin)?.signedSize ?? 0
            && OriginName(pending.erasure.origin)?.nodeLine != origin.nodeLine
    }

    /// Drops the bytes of erased bodies: those whose erasure lies inside an attested cut, or is a day old. Returns how many.
    @discardableResult
    func dropErasedBodies(attested cut: Cut?) throws -> Int {
        let now = wallMilliseconds
        let due = try log.pendingErasures().filter { pending in
            guard !isUnmeant(pending) else { return false }
            return now >= UInt64(max(0, pending.sinceMilliseconds)) + Self.erasureDelayMilliseconds
                || pending.erasure.index < cut?.size(of: pending.erasure.origin) ?? 0
        }
        if due.isEmpty {
            // What was owed, since the disk was full, or was dropped by a repair.
            try log.forgetDroppedBytes()
            return 0
        }
        var removals: [HistoryRemoval] = []
        for pending in due {
            guard let origin = OriginName(pending.target.origin),
                let stored = try log.hiddenEntry(origin, pending.target.index),
                let entry = try? Entry(decoding: stored.entry), let body = try? Body(decoding: stored.body, kind: entry.kind)
            else { continue }
            let number = try history.originNumber(origin.line)
            removals.append(HistoryRemoval(subject: body.subject, origin: number, index: pending.target.index))
        }
        try noteStandingsStale()
        _ = try history.removeRecords(removals)
        try log.write { _ = try $0.dropBodies(due.map(\.target)) }
        try log.forgetDroppedBytes()
        return due.count
    }
}
