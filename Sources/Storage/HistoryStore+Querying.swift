package import Federation
package import Scoring
import Synchronization

extension HistoryStore {
    /// All records about one subject, in no particular order, as of the moment of the call: what was appended before is
    /// in it. `history` is emptied first; reuse it.
    package func history(of subject: SubjectID, into history: inout SubjectHistory) throws {
        history.removeAll()
        let (tables, runs) = try state.withLock { state in
            if let failure = state.failure { throw failure }
            return ((state.sealed + [state.active]).map(\.view), state.runs)
        }
        do {
            for table in tables { try table.append(subject, to: &history) }
            try database.forEachSegment(about: subject, of: runs) { row, bytes in
                try Self.append(subject, from: HistorySegmentReader(bytes, id: row), to: &history)
            }
        } catch {
            note(error)
            throw error
        }
    }

    private static func append(
        _ subject: SubjectID, from segment: HistorySegmentReader, to history: inout SubjectHistory
    ) throws(HistoryFailure) {
        var reader = segment
        while try reader.next() {
            if reader.subject < subject { continue }
            guard reader.subject.isSame(as: subject) else { return }
            try HistoryCoding.append(reader.payload, to: &history)
        }
    }

    /// Everything as of now, to be read in subject order while appends, writes and merges go on.
    ///
    /// What is in memory is sorted here, by the caller's thread. A snapshot keeps merged runs in the file until it is
    /// let go.
    package func snapshot() throws -> HistorySnapshot {
        let (tables, runs, positions, erasures) = try state.withLock { state in
            if let failure = state.failure { throw failure }
            return ((state.sealed + [state.active]).map(\.view), state.runs, state.visible, state.erasures)
        }
        return HistorySnapshot(
            store: self, runs: runs, tables: tables.map { HistorySnapshot.Table(view: $0, places: $0.sorted()) },
            positions: positions, erasures: erasures)
    }

    /// Sizes, for metrics.
    package struct Statistics: Sendable {
        /// Records in memory and in the file.
        package var records = 0
        package var recordsInMemory = 0
        package var runs = 0
        /// Full tables that wait for the disk.
        package var waitingTables = 0
        /// Bytes that the runs take in the file.
        package var runBytes = 0
        /// Bytes of memory for tables and indexes.
        package var memoryBytes = 0
        /// Why nothing is written at present.
        package var failure: HistoryFailure?
    }

    package var statistics: Statistics {
        state.withLock { state in
            var statistics = Statistics()
            for table in state.sealed + [state.active] {
                statistics.recordsInMemory += table.count
                statistics.memoryBytes += table.memoryBytes
            }
            statistics.records = statistics.recordsInMemory
            for run in state.runs {
                statistics.records += run.rows.records
                statistics.runBytes += run.rows.firsts.count * HistoryDatabase.pageBytes
                statistics.memoryBytes += run.rows.firsts.count * SubjectID.byteCount
            }
            statistics.runs = state.runs.count
            statistics.waitingTables = state.sealed.count
            statistics.memoryBytes += state.erasures.count * MemoryLayout<ErasureRecord>.stride
            statistics.failure = state.failure ?? state.stall
            return statistics
        }
    }
}
