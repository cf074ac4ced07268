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
        return HeldLog(
            origin: state.origin, stored: state.size, complete: complete, checkpoint: state.checkpoint,
            missing: missing, isFrozen: state.isForked)
    }

    /// Folds entries whose bodies arrived after them, or were mended.
    func foldLate(_ origin: OriginName, _ indices: [UInt64]) throws {
        var folding = EntryFolding(history: history)
        let number = try history.originNumber(origin.line)
        for index in indices {
            guard let piece = try log.packed(origin, index..<(index + 1)).first else { continue }
            var hashes: [Digest] = []
            piece.appendLeafHashes(to: &hashes)
            folding.begin(origin: number, first: index)
            folding.add(piece, first: index, hashes: hashes[...])
            try history.insertLate(folding.batch)
        }
    }
}
