internal import Cryptography
internal import Federation
internal import Scoring
internal import Storage
internal import SyncProtocol
internal import TransparencyLog

// Bodies that come after their entries, and entries that are folded after later ones.
extension Node {
    /// Stores bodies that were missing, and folds them; what was erased while they were on their way is not taken: nothing would
    /// take it away again. Returns whether any was.
    ///
    /// They are stored first, and count as missing until they are folded: whatever comes in between, neither does the standings'
    /// file hold what no entry accounts for, nor does the frontier promise what is not in the standings.
    func fill(_ origin: OriginName, _ items: [EntriesMessage.Item]) throws -> Bool {
        let wanted = try unerased(items, of: origin) { $0.index }.sorted { $0.index < $1.index }
        if wanted.isEmpty { return false }
        try log.write { transaction in
            for item in wanted {
                try transaction.fillBody(Position(origin: origin.line, index: item.index), item.body, staysMissing: true)
            }
        }
        try foldLate(origin, wanted.map { ($0.index, $0.packed) })
        try log.write { try $0.countBodies(origin, wanted.map(\.index)) }
        return true
    }

    /// Folds bodies that were stored, and not folded before the process ended.
    func foldStoredBodies() throws {
        for state in log.states where !state.missing.isEmpty && state.isSound {
            while let current = log.state(state.origin), try foldSomeStoredBodies(current) {}
        }
    }

    private func foldSomeStoredBodies(_ state: LogState) throws -> Bool {
        var found: [(first: UInt64, entries: PackedEntries)] = []
        for index in try complete(state).missing {
            let pieces = try log.packed(state.origin, index..<(index + 1))
            found += pieces.filter { !$0.unpacked[0].body.isEmpty }.map { (index, $0) }
        }
        if found.isEmpty { return false }
        try foldLate(state.origin, found)
        try log.write { try $0.countBodies(state.origin, found.map(\.first)) }
        return true
    }

    /// Folds entries of which later ones were folded before: their bodies arrived late, or they were mended.
    ///
    /// - Parameter pieces: entries of the log, each piece with the index of its first and of one bundle, in the order of their
    ///   indices.
    func foldLate(_ origin: OriginName, _ pieces: [(first: UInt64, entries: PackedEntries)]) throws {
        try noteStandingsStale()
        let number = try history.originNumber(origin.line)
        let most = history.bundlesPerBatch * Tiling.width
        var folding = EntryFolding(history: history)
        var count: UInt64 = 0
        for (place, piece) in pieces.enumerated() {
            if count == 0 { folding.begin(origin: number, first: piece.first) }
            var hashes: [Digest] = []
            piece.entries.appendLeafHashes(to: &hashes)
            folding.add(piece.entries, first: piece.first, hashes: hashes[...])
            count += UInt64(piece.entries.count)
            // A piece is of one bundle at most.
            guard place + 1 == pieces.count || count + Tiling.width > most else { continue }
            try noteErasures(in: folding.folded.batch, by: origin)
            try history.insertLate(folding.folded.batch)
            count = 0
        }
    }
}
