import Scoring

/// The stored form of one record, without its subject: 9 bytes for a typical observation without a reference.
///
///     byte     kind (bits 0-2), verdict (3-4), has a reference (5), day in two bytes (6), quantity is 1 (7)
///     varint   origin
///     varint   index
///     day      two bytes little-endian if bit 6, else varint
///     observation:   varint factor; varint quantity unless bit 7;
///                    if bit 5: one byte of length, eight bytes of leaf prefix, the reference
///     retraction, appeal, ruling:   varint target origin, varint target index
///
/// Records do not lean on their neighbours, so that a merge moves them as bytes. Varints are LEB128.
enum HistoryCoding {
    /// No record is longer than this.
    static let maximumRecordBytes = 512
    /// More than any reference that decodes (the entry format allows 64).
    static let maximumReferenceBytes = 255

    private static let referenceFlag: UInt8 = 1 << 5
    private static let shortDayFlag: UInt8 = 1 << 6
    private static let singleFlag: UInt8 = 1 << 7

    @inline(__always) private static func isObservation(_ kind: UInt8) -> Bool { kind == 1 }
    @inline(__always) private static func hasTarget(_ kind: UInt8) -> Bool { (2...4).contains(kind) }

    /// Writes a record to `start`, where `maximumRecordBytes` have to be free, and returns its length.
    static func encode(
        _ record: HistoryRecord, reference: UnsafeRawBufferPointer, to start: UnsafeMutableRawPointer
    ) -> Int {
        precondition((1...6).contains(record.kind) && record.verdict < 4, "the fold keeps six kinds of entries")
        precondition(reference.count <= maximumReferenceBytes, "references have at most 64 bytes")
        var output = start + 1
        var head = record.kind | record.verdict << 3
        store(UInt64(record.origin), &output)
        store(record.index, &output)
        if record.day <= UInt32(UInt16.max) {
            head |= shortDayFlag
            output.storeBytes(of: UInt16(truncatingIfNeeded: record.day).littleEndian, as: UInt16.self)
            output += 2
        } else {
            store(UInt64(record.day), &output)
        }
        if isObservation(record.kind) {
            store(UInt64(record.factor), &output)
            if record.quantity == 1 {
                head |= singleFlag
            } else {
                store(UInt64(UInt32(bitPattern: record.quantity)), &output)
            }
            if let first = reference.baseAddress, !reference.isEmpty {
                head |= referenceFlag
                output.storeBytes(of: UInt8(reference.count), as: UInt8.self)
                output.storeBytes(of: record.leafPrefix.littleEndian, toByteOffset: 1, as: UInt64.self)
                (output + 9).copyMemory(from: first, byteCount: reference.count)
                output += 9 + reference.count
            }
        } else if hasTarget(record.kind) {
            store(UInt64(record.targetOrigin), &output)
            store(record.targetIndex, &output)
        }
        start.storeBytes(of: head, as: UInt8.self)
        return output - start
    }

    @inline(__always)
    private static func store(_ value: UInt64, _ output: inout UnsafeMutableRawPointer) {
        var rest = value
        while rest >= 0x80 {
            output.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, as: UInt8.self)
            output += 1
            rest >>= 7
        }
        output.storeBytes(of: UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        output += 1
    }

    /// Reads one record; its reference comes back as a part of the bytes read.
    @inline(__always)
    static func decode(
        _ reader: inout HistoryReader
    ) throws(HistoryFailure) -> (record: HistoryRecord, reference: UnsafeRawBufferPointer) {
        let head = try reader.byte()
        let kind = head & 7
        let origin = try reader.varint32()
        let index = try reader.varint()
        let day = head & shortDayFlag != 0 ? try reader.short() : try reader.varint32()
        var record = HistoryRecord(origin: origin, index: index, kind: kind, verdict: head >> 3 & 3, day: day)
        var reference = UnsafeRawBufferPointer(start: nil, count: 0)
        if isObservation(kind) {
            record.factor = try reader.varint32()
            record.quantity = head & singleFlag != 0 ? 1 : Int32(bitPattern: try reader.varint32())
            if head & referenceFlag != 0 {
                let count = try reader.byte()
                record.leafPrefix = try reader.word()
                reference = try reader.bytes(Int(count))
            }
        } else if hasTarget(kind) {
            record.targetOrigin = try reader.varint32()
            record.targetIndex = try reader.varint()
        }
        return (record, reference)
    }

    /// Appends all the records of `payload` to a history.
    static func append(_ payload: UnsafeRawBufferPointer, to history: inout SubjectHistory) throws(HistoryFailure) {
        var reader = HistoryReader(payload)
        while !reader.isAtEnd {
            var (record, reference) = try decode(&reader)
            if !reference.isEmpty {
                guard let offset = UInt32(exactly: history.bytes.count) else {
                    throw .unavailable("one subject has more than 4 GiB of references")
                }
                record.referenceOffset = offset
                record.referenceCount = UInt32(reference.count)
                history.bytes.append(contentsOf: reference)
            }
            history.records.append(record)
        }
    }
}
