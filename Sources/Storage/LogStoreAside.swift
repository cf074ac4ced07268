internal import Cryptography
package import Federation
internal import GRDB
internal import TransparencyLog

/// Consecutive entries of the node's own that were recorded and never published, kept beside the logs until the past that
/// belongs before them is known.
package struct AsideRun: Sendable {
    /// Where entries stood before they were set aside.
    package struct Place: Sendable {
        /// The log from whose end they were taken.
        package let origin: OriginName
        /// How often entries of that log had been set aside before and still were: a log that was cut can grow again, by
        /// other entries, and be cut again. What is set aside later stands before what is from the same index on.
        package let generation: UInt64
        /// The index that the first of them had there.
        package let first: UInt64
    }

    /// Nil for entries that were recorded while others were aside, and never had a place.
    package let place: Place?
    package let items: PackedEntries
}

extension LogState {
    /// Entries that something signed covers: a checkpoint, or the proof that leads to one. More than are stored, where the end of
    /// the log is damaged.
    package var signedSize: UInt64 { max(checkpoint?.size ?? 0, proving?.stored ?? 0) }
}

extension LogTransaction {
    /// Takes the entries that nothing signed covers off the end of a log and keeps them aside, in their order. Returns how
    /// many.
    @discardableResult
    package func setAsideUnsigned(_ origin: OriginName) throws -> UInt64 {
        guard let log = state(origin) else { return 0 }
        return try setAside(origin, from: log.signedSize)
    }

    /// Takes all entries from an index on off the end of a log and keeps them aside, in their order. Returns how many.
    @discardableResult
    package func setAside(_ origin: OriginName, from end: UInt64) throws -> UInt64 {
        guard let log = state(origin), end < log.size else { return 0 }
        let generation = try guarded { try nextGeneration(log.number) }
        let unmeant = try guarded { try hiddenByOthers(log, from: log.signedSize) }
        try change(origin) { staged in
            var start = end
            while start < log.size {
                let bundle = start / Tiling.width
                let next = min((bundle + 1) * Tiling.width, log.size)
                let part = Int(start - bundle * Tiling.width)..<Int(next - bundle * Tiling.width)
                let hidden = Set(
                    log.erased.bits(ofBundle: bundle).indices
                        .filter { part.contains($0) && !unmeant.contains(bundle * Tiling.width + UInt64($0)) }
                        .map { $0 - part.lowerBound })
                let items = try staged.items(bundle, database).slice(part)
                try putAside(
                    hidden.isEmpty ? items : items.withoutBodies(at: hidden), origin: log.number,
                    first: RowKey.make(generation, start))
                start = next
            }
        }
        try hideAgain(truncate(origin, to: end), by: log.number)
        return log.size - end
    }

    /// Entries that nothing signed covers and an erasure of another node hides. Nobody else knows them: what it names is what
    /// stood there before this log lost it.
    private func hiddenByOthers(_ log: LogState, from first: UInt64) throws -> Set<UInt64> {
        var indices: Set<UInt64> = []
        let keys = RowKey.all(log.number)
        try database.forEachRow(
            "SELECT key, line FROM erased JOIN origin ON number = eraser WHERE key BETWEEN ? AND ?",
            [RowKey.make(log.number, first), keys.upperBound]
        ) { row in
            guard let eraser = OriginName(try row.bytes(1)), eraser.nodeLine != log.origin.nodeLine else { return }
            indices.insert(RowKey.index(try row.integer(0)))
        }
        return indices
    }

    func nextGeneration(_ origin: Int64) throws -> Int64 {
        try database.firstRow("SELECT max(first) FROM aside WHERE origin = ?", [origin]) { row in
            row.hasNull(atIndex: 0) ? 0 : RowKey.origin(try row.integer(0)) + 1
        } ?? 0
    }

    /// The index that stands for an erasure which is aside: no cut contains it, and no time makes it due.
    static let asideErasure = RowKey.maximumSize - 1

    /// What an erasure has hidden stays hidden while the erasure has no place in a log; its bytes wait until it has one.
    func hideAgain(_ targets: [Position], by eraser: Int64) throws {
        for target in targets {
            guard let origin = OriginName(target.origin), let log = state(origin), target.index < log.size else { continue }
            try change(origin) { staged in
                try database.run(
                    "INSERT INTO erased (key, since, eraser, erasure) VALUES (?, ?, ?, ?)",
                    [RowKey.make(log.number, target.index), Int64.max, eraser, Int64(Self.asideErasure)])
                staged.log.erased.insert(target.index)
            }
        }
    }

    /// Keeps entries aside that are recorded now, behind those that are there.
    package func putAside(_ pieces: [PackedEntries]) throws {
        try guarded {
            var next = try database.firstRow("SELECT max(first) FROM aside WHERE origin = 0", []) { row in
                row.hasNull(atIndex: 0) ? 0 : try row.integer(0) + 1
            }
            for piece in pieces where piece.count > 0 {
                try putAside(piece, origin: 0, first: next ?? 0)
                next = (next ?? 0) + 1
            }
        }
    }

    func putAside(_ items: PackedEntries, origin: Int64, first: Int64) throws {
        var hashes: [Digest] = []
        items.appendLeafHashes(to: &hashes)
        try database.run(
            "INSERT INTO aside (origin, first, hashes, items) VALUES (?, ?, ?, ?)",
            [origin, first, blob(hashes), blob(items.bytes)])
    }

    /// Forgets what was set aside, after it was put back. What its erasures hid is shown until they are folded, which the
    /// caller has to see to at once.
    package func clearAside() throws {
        var erasers: [Int64] = []
        try guarded {
            try database.run("DELETE FROM aside")
            try database.forEachRow(
                "SELECT DISTINCT eraser FROM erased WHERE erasure = ? ORDER BY eraser", [Int64(Self.asideErasure)]
            ) { erasers.append(try $0.integer(0)) }
        }
        for eraser in erasers { _ = try liftMarks(setBy: eraser, from: Self.asideErasure) }
    }

    /// What was set aside, in the order in which it is to be put back.
    package func forEachAside(_ visit: (AsideRun) throws -> Void) throws {
        try guarded { try AsideRun.forEach(database, visit) }
    }
}

extension LogStore {
    package func forEachAside(_ visit: (AsideRun) throws -> Void) throws {
        try read("read entries that were set aside") { try AsideRun.forEach($0, visit) }
    }

    /// Entries that are set aside.
    package func asideCount() throws -> UInt64 {
        try read("count entries that were set aside") { database in
            try database.firstRow("SELECT coalesce(sum(length(hashes)), 0) FROM aside", []) { try $0.natural(0) } ?? 0
        } / UInt64(Digest.byteCount)
    }
}

extension AsideRun {
    /// Entries that had a place come first, by log and index, those behind a later cut before those behind an earlier one:
    /// so entries come before what names them. Then those that never had a place.
    fileprivate static func forEach(_ database: Database, _ visit: (AsideRun) throws -> Void) throws {
        try database.forEachRow(
            """
            SELECT line, first, hashes, items FROM aside LEFT JOIN origin ON number = origin
            ORDER BY origin = 0, origin, first >> 40 DESC, first
            """, []
        ) { row in
            var hashes: [Digest] = []
            guard let items = try? PackedEntries(checking: row.bytes(3)) else { throw damaged }
            items.appendLeafHashes(to: &hashes)
            guard try row.digests(2) == hashes else { throw damaged }
            let line = try row.bytes(0)
            let key = try row.integer(1)
            let place = OriginName(line).map {
                Place(origin: $0, generation: UInt64(RowKey.origin(key)), first: RowKey.index(key))
            }
            try visit(AsideRun(place: place, items: items))
        }
    }

    private static var damaged: StoreFailure {
        StoreFailure(
            .corrupt,
            "entries that were recorded and never published are damaged in log.sqlite: restore the file from a backup, or record them again"
        )
    }
}
