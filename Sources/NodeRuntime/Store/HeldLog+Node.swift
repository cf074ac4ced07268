internal import Cryptography
internal import Federation
internal import Replication
internal import Scoring
internal import Storage
internal import TransparencyLog

extension Node {
    /// What the replica has to know of a stored log.
    func held(_ state: LogState) throws -> HeldLog {
        let (complete, missing) = try complete(state)
        // Of the own log only what is signed is final: the rest waits for the peers to confirm the past before it.
        let stored = state.origin == origin ? state.signedSize : state.size
        return HeldLog(
            origin: state.origin, stored: stored, complete: min(complete, stored), checkpoint: state.checkpoint,
            missing: missing, isFrozen: state.isForked)
    }

    /// Folds entries whose bodies arrived after them, or were mended.
    func foldLate(_ origin: OriginName, _ indices: [UInt64]) throws {
        guard let first = indices.min() else { return }
        var folding = EntryFolding(history: history)
        folding.begin(origin: try history.originNumber(origin.line), first: first)
        for index in indices.sorted() {
            guard let piece = try log.packed(origin, index..<(index + 1)).first else { continue }
            var hashes: [Digest] = []
            piece.appendLeafHashes(to: &hashes)
            folding.add(piece, first: index, hashes: hashes[...])
        }
        try noteErasures(in: folding.batch, by: origin)
        try history.insertLate(folding.batch)
    }
}
