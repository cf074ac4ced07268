import Scoring
import Synchronization

/// Records that come after their positions were folded.
extension HistoryStore {
    /// Adds records of entries that were folded without them, because their bodies were missing or damaged then, and
    /// returns when they are durable: no position would bring them back after a crash. What the store has already is
    /// passed over, and so are entries that are not folded yet; those are left to ``append(_:)``.
    ///
    /// One batch may hold entries from all over one log; each call writes a run, so few large ones are better.
    package func insertLate(_ batch: HistoryBatch) throws {
        // One at a time, so that nothing comes in between looking for a record and adding it.
        try lateInsertion.withLock { isOwed in
            let missing = try missing(of: batch)
            // What is known may be known from an attempt that the disk did not take: a crash would still lose it.
            guard isOwed || missing.count + missing.erasures.count > 0 else { return }
            isOwed = true
            try put(missing)
            try flush()
            // Commits are not synced here, and a power failure may take the last ones: positions that were durable before
            // would then hide for good that these are missing.
            try database.sync()
            isOwed = false
        }
    }

    private func missing(of batch: HistoryBatch) throws -> HistoryBatch {
        let position = visibleUpTo(batch.origin)
        let known = erasures
        var missing = HistoryBatch()
        missing.reset(origin: batch.origin, first: batch.first)
        var history = SubjectHistory()
        for place in 0..<batch.records(below: position) {
            try self.history(of: batch.subjects[place], into: &history)
            let index = batch.indexes[place]
            let isKnown = history.records.contains { $0.origin == batch.origin && $0.index == index }
            if !isKnown { missing.append(recordAt: place, of: batch) }
        }
        for erasure in batch.erasures where erasure.index < position {
            let same = known.erasures(ofOrigin: erasure.targetOrigin, index: erasure.targetIndex)
            if !same.contains(erasure) { missing.append(erasure) }
        }
        return missing
    }
}
