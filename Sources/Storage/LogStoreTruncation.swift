internal import Cryptography
package import Federation
internal import Foundation
internal import GRDB
internal import TransparencyLog

// Cutting a log back: to what an authority decided of a forked one, or to what was published of a restored one.
extension LogTransaction {
    /// Removes all entries of a log from `size` on, with everything that was known because of them: marks, the checkpoint
    /// and the proof that reach beyond, and the marks that removed erasures had set in any log. A smaller checkpoint, or
    /// a proof of what is left, may be stored in the same write, and entries may be appended behind the cut.
    ///
    /// As after ``dropBodies(_:)``, ``LogStore/forgetDroppedBytes()`` has to follow for the files to forget their bodies. What
    /// must be kept of the removed entries is to be read before.
    ///
    /// Returns the positions, outside the removed part, whose body is shown again because the erasure that hid it is gone.
    /// Where another erasure covers one of them, ``markErased(_:by:sinceMilliseconds:)`` has to say so.
    @discardableResult
    package func truncate(_ origin: OriginName, to size: UInt64) throws -> [Position] {
        guard let log = state(origin), size < log.size else {
            if let log = state(origin), size == log.size { return [] }
            throw StoreFailure(
                .rejected, "the log \(origin) cannot be cut to \(size) entries: \(state(origin)?.size ?? 0) are stored")
        }
        try change(origin) { try $0.truncate(to: size, database) }
        let lifted = try liftMarks(setBy: log.number, from: size)
        dropsBytes = true
        return lifted
    }

    /// Takes back the marks that a log's erasures from an index on have set.
    func liftMarks(setBy eraser: Int64, from first: UInt64) throws -> [Position] {
        var lifted: [Position] = []
        try guarded {
            try database.forEachRow(
                """
                SELECT line, key FROM erased JOIN origin ON number = key >> 40
                WHERE eraser = ? AND erasure >= ? ORDER BY line, key
                """, [eraser, Int64(first)]
            ) { row in
                lifted.append(Position(origin: try row.bytes(0), index: RowKey.index(try row.integer(1))))
            }
            try database.run("DELETE FROM erased WHERE eraser = ? AND erasure >= ?", [eraser, Int64(first)])
        }
        for position in lifted {
            guard let origin = OriginName(position.origin) else { continue }
            try change(origin) { $0.log.erased.remove(position.index) }
        }
        return lifted
    }
}

extension StagedLog {
    mutating func truncate(to size: UInt64, _ database: Database) throws {
        try requireSound()
        let bundle = size / Tiling.width
        let hashes = hashes(database)
        let rest = Int(size % Tiling.width)
        // Read before anything goes: what is cut may lie in a full bundle.
        let tail = rest == 0 ? .empty : try items(bundle, database).slice(0..<rest)
        let tailHashes = rest == 0 ? [] : Array(try hashes.leafHashes(bundle).prefix(rest))
        let range = try hashes.range(of: size)
        try removeTailRows(database)
        try removeRows(from: size, database)
        try forgetSignatures(beyond: size, database)
        log.levels.truncate(to: bundle)
        log.range = range
        log.tail = tail
        log.tailHashes = tailHashes
        log.missing.removeAll(from: size)
        log.erased.removeAll(from: size)
        remarkMissing(from: bundle)
        if log.leastSize > size {
            try database.run("UPDATE origin SET least = ? WHERE number = ?", [Int64(size), log.number])
            log.leastSize = size
        }
        try flush(to: database)
    }

    /// Rows of full bundles at or behind the cut, and of marks behind it.
    private func removeRows(from size: UInt64, _ database: Database) throws {
        let last = RowKey.all(log.number).upperBound
        let bundle = RowKey.make(log.number, size / Tiling.width)
        for table in ["bundle", "root", "missing"] {
            try database.run("DELETE FROM \(table) WHERE key BETWEEN ? AND ?", [bundle, last])
        }
        try database.run("DELETE FROM erased WHERE key BETWEEN ? AND ?", [RowKey.make(log.number, size), last])
    }

    private mutating func forgetSignatures(beyond size: UInt64, _ database: Database) throws {
        if let checkpoint = log.checkpoint, checkpoint.size > size {
            try database.run("DELETE FROM checkpoint WHERE origin = ?", [log.number])
            log.checkpoint = nil
        }
        if let proving = log.proving, proving.stored > size {
            try database.run("DELETE FROM proving WHERE origin = ?", [log.number])
            log.proving = nil
        }
    }
}
