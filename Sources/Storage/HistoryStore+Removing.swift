import Dispatch
package import Federation
import Scoring
import Synchronization

/// A record to be taken out: the one about `subject` that the entry at (`origin`, `index`) left.
package struct HistoryRemoval: Hashable, Sendable {
    package var subject: SubjectID
    package var origin: UInt32
    package var index: UInt64

    package init(subject: SubjectID, origin: UInt32, index: UInt64) {
        self.subject = subject
        self.origin = origin
        self.index = index
    }
}

/// Removing records so that their bytes are gone from the file and its WAL.
///
/// Rows are rewritten in place, one page each, with `secure_delete` on, and the WAL is cut to nothing afterwards. A
/// removal reaches into snapshots: they no longer show what was removed after they were taken, as far as it was on
/// disk. The subject itself is gone with its last record.
extension HistoryStore {
    /// Takes the records out and returns when their bytes are gone; records that are not there are passed over. If it
    /// throws, it has to be called again.
    ///
    /// - Returns: the number of records removed.
    @discardableResult
    package func removeRecords(_ removals: [HistoryRemoval]) throws -> Int {
        try flush()
        do {
            return try queue.sync {
                try background.withLock { try remove(removals, &$0) }
            }
        } catch {
            note(error)
            throw error
        }
    }

    private func remove(_ removals: [HistoryRemoval], _ background: inout Background) throws -> Int {
        if let failure = state.withLock({ $0.failure }) { throw failure }
        // What a merge in progress has read and written so far would bring the bytes back.
        if let merge = background.merge {
            trash.add(merge.output)
            background.merge = nil
        }
        // Rows may be missing from a run in the trash, so that has to go before the retired runs are looked at.
        while try emptyTrash(&background) {}
        let wanted = Dictionary(grouping: removals, by: \.subject).mapValues(Set.init)
        var removed = 0
        for run in state.withLock({ $0.runs }) {
            var rows = run.rows
            // Also after a failure: what was written until then is written.
            defer {
                state.withLock { state in
                    guard let place = state.runs.firstIndex(where: { $0.id == run.id }) else { return }
                    state.runs[place].rows = rows
                }
            }
            removed += try remove(wanted, from: &rows)
        }
        for (id, var rows) in background.retired {
            defer { background.retired[id] = rows }
            _ = try remove(wanted, from: &rows)
        }
        try database.truncateLog()
        wake()
        return removed
    }

    /// Rewrites the segments of one run that hold any of the records; returns the number of records removed.
    private func remove(
        _ wanted: [SubjectID: Set<HistoryRemoval>], from rows: inout HistoryRun.Rows
    ) throws -> Int {
        var places = Set<Int>()
        for subject in wanted.keys { places.formUnion(rows.segments(from: subject, through: subject)) }
        var removed = 0
        var chunk: [HistoryRewriting] = []
        // From the end, so that a segment without records takes over the bound that the one behind it has afterwards.
        for place in places.sorted(by: >) {
            guard let rewriting = try HistoryRewriting(place, of: rows.id, without: wanted, in: database) else {
                continue
            }
            chunk.append(rewriting)
            removed += rewriting.removed
            if chunk.count == options.segmentsPerTransaction { try store(&chunk, in: &rows) }
        }
        try store(&chunk, in: &rows)
        return removed
    }

    private func store(_ chunk: inout [HistoryRewriting], in rows: inout HistoryRun.Rows) throws {
        if chunk.isEmpty { return }
        var changed = rows
        var index: [(row: Int64, bytes: [UInt8])] = []
        for rewriting in chunk {
            changed.records -= rewriting.removed
            changed.setFirst(rewriting.first, of: rewriting.place)
        }
        for rewriting in chunk {
            let touched = database.indexRows(of: changed, touching: rewriting.place..<rewriting.place + 1)
            if touched.first?.row != index.last?.row { index += touched }
        }
        try database.write { connection in
            let segments = chunk.map { (row: rows.id.row(Int64($0.place)), bytes: $0.bytes) }
            try database.replace(segments, of: rows.id, in: connection)
            try database.replace(index, of: rows.id, in: connection)
            try database.setRecords(changed.records, of: rows.id, in: connection)
        }
        rows = changed
        chunk.removeAll()
    }
}

/// A segment without the records that are to be removed.
private struct HistoryRewriting {
    let place: Int
    let bytes: [UInt8]
    /// Its first subject; nil if nothing is left in it.
    let first: SubjectID?
    let removed: Int

    /// Nil if the segment holds records, but none of those. (One that was empty before may have taken its bound from a
    /// subject that goes now.)
    init?(
        _ place: Int, of run: HistoryRunID, without wanted: [SubjectID: Set<HistoryRemoval>],
        in database: HistoryDatabase
    ) throws {
        let row = run.row(Int64(place))
        var buffer = [UInt8](repeating: 0, count: HistorySegment.byteCount)
        var builder = HistorySegmentBuilder()
        var removed = 0
        try buffer.withUnsafeMutableBytes { bytes in
            try database.read(place..<place + 1, of: run, into: bytes)
            var reader = try HistorySegmentReader(UnsafeRawBufferPointer(bytes), id: row)
            while try reader.next() {
                var kept = [UInt8]()
                removed += try Self.filter(reader, without: wanted[reader.subject] ?? [], into: &kept)
                let isPlaced = kept.isEmpty || kept.withUnsafeBytes { builder.append(reader.subject, $0) }
                // It fits: where a group goes, the one behind it may share fewer bytes with its new neighbour, but
                // never by more than the group that went had taken for its own subject.
                guard isPlaced else { throw HistoryFailure.damaged("segment \(row) does not fit its own records") }
            }
        }
        if removed == 0, !builder.isEmpty { return nil }
        self.place = place
        self.removed = removed
        first = builder.first
        bytes = builder.finish(id: row)
    }

    /// Copies the records of a group that stay; returns the number of those that do not.
    private static func filter(
        _ group: HistorySegmentReader, without removals: Set<HistoryRemoval>, into kept: inout [UInt8]
    ) throws(HistoryFailure) -> Int {
        if removals.isEmpty {
            kept.append(contentsOf: group.payload)
            return 0
        }
        var removed = 0
        var reader = HistoryReader(group.payload)
        while !reader.isAtEnd {
            let start = reader.position
            let record = try HistoryCoding.decode(&reader).record
            let removal = HistoryRemoval(subject: group.subject, origin: record.origin, index: record.index)
            if removals.contains(removal) {
                removed += 1
            } else {
                kept.append(contentsOf: UnsafeRawBufferPointer(start: start, count: reader.position - start))
            }
        }
        return removed
    }
}
