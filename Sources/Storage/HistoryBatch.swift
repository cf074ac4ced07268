package import Federation
package import Scoring

/// Consecutive entries of one log, as the fold sees them: the records about subjects, and the erasures.
///
/// Made to be reused, one per decoding thread: `reset` keeps the capacity, and adding a record allocates nothing once
/// the batch has seen its largest bundle. Records are encoded here, outside the store's lock.
package struct HistoryBatch: Sendable {
    /// Number of the origin whose log the entries are in.
    package private(set) var origin: UInt32 = 0
    /// Index of the first entry.
    package private(set) var first: UInt64 = 0
    /// Index after the last entry, whether or not that one left a record.
    package private(set) var end: UInt64 = 0

    private(set) var subjects: [SubjectID] = []
    private(set) var indexes: [UInt64] = []
    /// Where each record ends in `payload`.
    private(set) var ends: [UInt32] = []
    /// Encoded records, and room for more behind them.
    private(set) var payload: [UInt8] = []
    package private(set) var erasures: [ErasureRecord] = []

    package init() {}

    /// Number of records.
    package var count: Int { subjects.count }
    /// Bytes of encoded records.
    var payloadBytes: Int { Int(ends.last ?? 0) }

    /// Makes the batch empty, for the entries from index `first` of an origin. Entries that leave nothing behind (of an
    /// unknown kind, without their body) are simply not added; `advance` says how far the batch reaches.
    package mutating func reset(origin: UInt32, first: UInt64) {
        self.origin = origin
        self.first = first
        end = first
        subjects.removeAll(keepingCapacity: true)
        indexes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
        erasures.removeAll(keepingCapacity: true)
    }

    /// Says that the batch covers all entries below `end`.
    package mutating func advance(to end: UInt64) {
        precondition(end >= self.end, "a batch goes forward")
        self.end = end
    }

    /// Adds what an entry says about a subject. Entries come in the order of their indexes; `record.origin` is the
    /// batch's. Kept are the fields that the record's kind has, the leaf prefix only beside a reference.
    ///
    /// - Parameter reference: at most 255 bytes; where it lies in a history (`referenceOffset`) is of no matter here.
    package mutating func append(
        _ record: HistoryRecord, about subject: SubjectID, reference: UnsafeRawBufferPointer
    ) {
        precondition(record.origin == origin && record.index >= end, "records come in the order of one log")
        let start = payloadBytes
        if payload.count - start < HistoryCoding.maximumRecordBytes {
            payload += [UInt8](repeating: 0, count: max(payload.count, 2 * HistoryCoding.maximumRecordBytes))
        }
        let count = payload.withUnsafeMutableBytes {
            HistoryCoding.encode(record, reference: reference, to: $0.baseAddress! + start)
        }
        subjects.append(subject)
        indexes.append(record.index)
        ends.append(UInt32(start + count))
        end = record.index + 1
    }

    /// Adds a record without a reference.
    package mutating func append(_ record: HistoryRecord, about subject: SubjectID) {
        append(record, about: subject, reference: UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// Adds an erasure entry of this log.
    package mutating func appendErasure(index: UInt64, targetOrigin: UInt32, targetIndex: UInt64) {
        precondition(index >= end, "entries come in the order of one log")
        erasures.append(
            ErasureRecord(origin: origin, index: index, targetOrigin: targetOrigin, targetIndex: targetIndex))
        end = index + 1
    }

    /// Adds a record of another batch of the same log as it is encoded there.
    mutating func append(recordAt place: Int, of other: HistoryBatch) {
        precondition(other.origin == origin && other.indexes[place] >= end, "records come in the order of one log")
        let bytes = other.payload[(place == 0 ? 0 : Int(other.ends[place - 1]))..<Int(other.ends[place])]
        payload.replaceSubrange(payloadBytes..., with: bytes)
        subjects.append(other.subjects[place])
        indexes.append(other.indexes[place])
        ends.append(UInt32(payload.count))
        end = other.indexes[place] + 1
    }

    /// Adds an erasure of another batch of the same log, wherever it stands among the records.
    mutating func append(_ erasure: ErasureRecord) {
        precondition(erasure.origin == origin, "a batch is about one log")
        erasures.append(erasure)
        end = max(end, erasure.index + 1)
    }

    /// Number of leading records below an index: those that the store has already.
    func records(below index: UInt64) -> Int {
        if index <= first { return 0 }
        return indexes.firstIndex { $0 >= index } ?? count
    }
}
