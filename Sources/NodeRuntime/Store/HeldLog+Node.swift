internal import Cryptography
internal import Federation
internal import Replication
internal import Scoring
internal import Storage
internal import SyncProtocol
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

    /// Folds entries of which later ones were folded before: their bodies arrived late, or they were mended.
    ///
    /// - Parameter pieces: entries of the log, each piece with the index of its first, in the order of their indices.
    func foldLate(_ origin: OriginName, _ pieces: [(first: UInt64, entries: PackedEntries)]) throws {
        guard let first = pieces.first?.first else { return }
        var folding = EntryFolding(history: history)
        folding.begin(origin: try history.originNumber(origin.line), first: first)
        for piece in pieces {
            var hashes: [Digest] = []
            piece.entries.appendLeafHashes(to: &hashes)
            folding.add(piece.entries, first: piece.first, hashes: hashes[...])
        }
        try noteErasures(in: folding.batch, by: origin)
        try history.insertLate(folding.batch)
    }
}

extension EntriesMessage.Item {
    /// The entry alone, as it is stored.
    var packed: PackedEntries {
        var builder = PackedEntriesBuilder()
        builder.append(entry: entry, body: body)
        return builder.finish()
    }
}
