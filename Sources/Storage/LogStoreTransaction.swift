package import Cryptography
package import Federation
internal import GRDB
package import TransparencyLog

/// One write to the log store, valid only inside the closure of ``LogStore/write(_:)``. What it changes is seen by its own
/// methods at once and by readers after the commit. If a method fails, so does the whole write, even where the error is
/// caught.
package final class LogTransaction {
    let database: Database
    private let committed: (OriginName) -> LogState?
    private var staged: [OriginName: StagedLog] = [:]
    private var failure: (any Error)?
    /// Whether rows lose bytes which nobody may find again: ``LogStore/forgetDroppedBytes()`` has to follow.
    var dropsBytes = false
    /// What was appended, hashes included.
    private(set) var appendedBytes = 0

    init(_ database: Database, committed: @escaping (OriginName) -> LogState?) {
        self.database = database
        self.committed = committed
    }

    /// A log as this write leaves it; nil where nothing of it is stored.
    package func state(_ origin: OriginName) -> LogState? { staged[origin]?.log ?? committed(origin) }

    var changedStates: [LogState] { staged.values.map(\.log) }

    /// Changes one log. It is moved out while it changes, so that its arrays are not copied.
    func change<Value>(_ origin: OriginName, _ body: (inout StagedLog) throws -> Value) throws -> Value {
        try guarded {
            var log = try staged.removeValue(forKey: origin) ?? (committed(origin).map(StagedLog.init) ?? create(origin))
            let value = try body(&log)
            staged[origin] = log
            return value
        }
    }

    /// What failed halfway must not be committed.
    func guarded<Value>(_ body: () throws -> Value) throws -> Value {
        if let failure { throw failure }
        do { return try body() } catch {
            failure = error
            throw error
        }
    }

    private func create(_ origin: OriginName) throws -> StagedLog {
        let last = try database.firstRow("SELECT max(number) FROM origin", []) { row in
            row.hasNull(atIndex: 0) ? 0 : try row.integer(0)
        }
        let number = (last ?? 0) + 1
        guard number < RowKey.maximumOrigin else { throw StoreFailure(.rejected, "the log store holds no further origin") }
        try database.run("INSERT INTO origin (number, line, size, least) VALUES (?, ?, 0, 0)", [number, blob(origin.line)])
        return StagedLog(LogState(number: number, origin: origin))
    }

    /// Writes what is staged in memory only.
    func finish() throws {
        if let failure { throw failure }
        for origin in staged.keys.sorted() {
            try change(origin) { log in
                if log.needsReload {
                    log = StagedLog(try LogLoader(database).state(number: log.log.number, origin: origin))
                } else {
                    try log.flush(to: database)
                }
            }
        }
    }
}

extension LogTransaction {
    /// Appends entries to a log, which begins with its first append. `pieces` are of any length up to a bundle and stand
    /// anywhere; full bundles that come aligned are stored as they are. `leafHashes` holds one hash for each entry, made by
    /// the caller.
    ///
    /// - Parameter bundleRoots: the roots of those pieces that are whole bundles by themselves, in order, where the caller
    ///   has computed them; none where not.
    package func append(
        _ origin: OriginName, _ pieces: [PackedEntries], leafHashes: [Digest], bundleRoots: [Digest] = []
    ) throws {
        precondition(pieces.reduce(0) { $0 + $1.count } == leafHashes.count, "every entry comes with its leaf hash")
        try change(origin) { log in
            try log.requireSound()
            guard log.log.size + UInt64(leafHashes.count) < RowKey.maximumSize else {
                throw StoreFailure(.rejected, "the log \(origin) would outgrow the store")
            }
            var hashes = leafHashes[...]
            var roots = bundleRoots[...]
            for piece in pieces {
                let isBundle = log.log.tail.count == 0 && piece.count == Int(Tiling.width)
                try log.append(piece, hashes.prefix(piece.count), root: isBundle ? roots.popFirst() : nil, database)
                hashes = hashes.dropFirst(piece.count)
            }
        }
        appendedBytes += pieces.reduce(0) { $0 + $1.bytes.count } + leafHashes.count * Digest.byteCount
    }

    /// Stores a checkpoint that covers only what is stored. A smaller one than the last is left aside.
    package func setCheckpoint(_ checkpoint: SignedCheckpoint) throws {
        let origin = try name(checkpoint)
        try change(origin) { log in
            try log.requireSound()
            guard checkpoint.size <= log.log.size else {
                throw StoreFailure(
                    .rejected, "a checkpoint of \(origin) covers \(checkpoint.size) entries, \(log.log.size) are stored")
            }
            if let last = log.log.checkpoint, last.size >= checkpoint.size { return }
            guard try log.hashes(database).root(at: checkpoint.size) == checkpoint.root else {
                throw StoreFailure(.rejected, "a checkpoint of \(origin) states another root than the stored entries have")
            }
            try database.run(
                "INSERT OR REPLACE INTO checkpoint (origin, size, note) VALUES (?, ?, ?)",
                [log.log.number, Int64(checkpoint.size), blob(checkpoint.note)])
            log.log.checkpoint = checkpoint
            if let proving = log.log.proving, proving.stored <= checkpoint.size {
                try database.run("DELETE FROM proving WHERE origin = ?", [log.log.number])
                log.log.proving = nil
            }
        }
    }

    /// Stores what proves all entries stored so far: a checkpoint that may go beyond them, and the consistency proof from
    /// them to it.
    package func setProving(_ checkpoint: SignedCheckpoint, proof: [Digest]) throws {
        let origin = try name(checkpoint)
        if state(origin)?.size == checkpoint.size { return try setCheckpoint(checkpoint) }
        try change(origin) { log in
            try log.requireSound()
            let proving = LogProving(stored: log.log.size, checkpoint: checkpoint, proof: proof)
            guard proving.holds(for: log.log.root) else {
                throw StoreFailure(.rejected, "the checkpoint of \(origin) does not prove the \(log.log.size) stored entries")
            }
            try database.run(
                "INSERT OR REPLACE INTO proving (origin, stored, note, proof) VALUES (?, ?, ?, ?)",
                [log.log.number, Int64(proving.stored), blob(checkpoint.note), blob(proof)])
            log.log.proving = proving
        }
    }

    private func name(_ checkpoint: SignedCheckpoint) throws -> OriginName {
        guard let origin = OriginName(checkpoint.origin) else {
            throw StoreFailure(.rejected, "the checkpoint's origin is no origin line of a federation")
        }
        return origin
    }

    /// Leaf hashes of the entries from an index to the end, computed from the bytes that SQLite gives back for what this
    /// and earlier writes stored: what a checkpoint is to be signed over.
    package func readBack(_ origin: OriginName, from first: UInt64) throws -> [Digest] {
        try change(origin) { log in
            try log.requireSound()
            try log.flush(to: database)
            let hashes = try LogReadBack(database, log.log.number).leafHashes(from: min(first, log.log.size))
            guard UInt64(hashes.count) == log.log.size - min(first, log.log.size) else {
                throw StoreFailure(.corrupt, "entries of \(origin) were not read back; check the disk")
            }
            return hashes
        }
    }
}
