import Federation

/// Turns groups in subject order into the segments of a run.
struct HistoryRunWriter {
    let id: HistoryRunID
    private let records: Int
    private var firsts: [SubjectID] = []
    /// Segments that are not in the file yet, with their row ids.
    private(set) var unwritten: [(row: Int64, bytes: [UInt8])] = []
    private var builder = HistorySegmentBuilder()
    private var subject = SubjectID(high: 0, low: 0)
    /// Records about `subject` that are not in a segment yet.
    private var group: [UInt8] = []

    /// - Parameter records: how many there will be.
    init(_ id: HistoryRunID, records: Int) {
        self.id = id
        self.records = records
        group.reserveCapacity(HistorySegment.groupBytes)
    }

    /// Adds records about a subject that is not below the last one. Each call is kept in one piece, so it must not be
    /// larger than a group may be, single records apart.
    mutating func append(_ next: SubjectID, _ payload: UnsafeRawBufferPointer) {
        if !next.isSame(as: subject) || group.count + payload.count > HistorySegment.groupBytes {
            closeGroup()
            subject = next
        }
        group.append(contentsOf: payload)
    }

    /// Closes the last segment, and tells what the rows are.
    mutating func finish() -> HistoryRun.Rows {
        closeGroup()
        if !builder.isEmpty { closeSegment() }
        return HistoryRun.Rows(id: id, records: records, firsts: firsts)
    }

    /// Forgets the segments that the caller has stored.
    mutating func removeWritten() { unwritten.removeAll(keepingCapacity: true) }

    private mutating func closeGroup() {
        if group.isEmpty { return }
        if !appendGroup() {
            closeSegment()
            precondition(appendGroup(), "a group is smaller than a segment")
        }
        group.removeAll(keepingCapacity: true)
    }

    private mutating func appendGroup() -> Bool {
        group.withUnsafeBytes { builder.append(subject, $0) }
    }

    private mutating func closeSegment() {
        let row = id.row(Int64(firsts.count))
        firsts.append(builder.first ?? subject)
        unwritten.append((row, builder.finish(id: row)))
    }
}
