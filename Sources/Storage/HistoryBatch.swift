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
            payload.append(contentsOf: repeatElement(0, count: max(payload.count, 16_384)))
        }
        let count = payload.withUnsafeMutableBytes {
            HistoryCoding.encode(record, reference: reference, to: $0.baseAddress! + start)
        }
        subjects.append(subject)
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

    /// Number of leading records below an index: those that the store has already.
    func records(below index: UInt64) throws(HistoryFailure) -> Int {
        if index <= first { return 0 }
        let result = payload.withUnsafeBytes { buffer -> Result<Int, HistoryFailure> in
            do throws(HistoryFailure) {
                var reader = HistoryReader(UnsafeRawBufferPointer(rebasing: buffer.prefix(payloadBytes)))
                var count = 0
                while !reader.isAtEnd {
                    if try HistoryCoding.decode(&reader).record.index >= index { break }
                    count += 1
                }
                return .success(count)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
