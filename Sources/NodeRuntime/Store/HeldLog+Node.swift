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

    /// Folds entries whose bodies arrived after them.
    func foldLate(_ origin: OriginName, _ items: [EntriesMessage.Item]) throws {
        try foldLate(origin, items.map(\.index)) { index in
            guard let item = items.first(where: { $0.index == index }) else { return nil }
            var builder = PackedEntriesBuilder()
            builder.append(entry: item.entry, body: item.body)
            return builder.finish()
        }
    }

    /// Folds entries that were mended.
    func foldLate(_ origin: OriginName, _ indices: [UInt64]) throws {
        try foldLate(origin, indices) { try log.packed(origin, $0..<($0 + 1)).first }
    }

    private func foldLate(
        _ origin: OriginName, _ indices: [UInt64], piece: (UInt64) throws -> PackedEntries?
    ) throws {
        guard let first = indices.min() else { return }
        var folding = EntryFolding(history: history)
        folding.begin(origin: try history.originNumber(origin.line), first: first)
        for index in indices.sorted() {
            guard let piece = try piece(index) else { continue }
            var hashes: [Digest] = []
            piece.appendLeafHashes(to: &hashes)
            folding.add(piece, first: index, hashes: hashes[...])
        }
        try noteErasures(in: folding.batch, by: origin)
        try history.insertLate(folding.batch)
    }
}
