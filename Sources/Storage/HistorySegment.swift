import Federation

/// A segment: the unit in which runs are stored, read and rewritten. Always the same number of bytes, so that each row
/// fills one page of the database by itself and a rewritten one goes exactly where it was: no page ever keeps a stale
/// copy of a neighbour's bytes, and an erasure leaves nothing behind.
///
///     uint64   XXH64 of the rest, seeded with the row's id; little-endian like all numbers here
///     uint16   bytes of groups
///     groups   in subject order; consecutive ones may be about the same subject:
///         byte     number of leading bytes that the subject shares with that of the group before (0 in the first)
///         bytes    the rest of the subject
///         varint   bytes of records
///         bytes    the records (`HistoryCoding`)
///     zeros
enum HistorySegment {
    /// The longest blob that still lies in one leaf page of 16,384 bytes together with its row header:
    /// 16,384 - 35 (SQLite's limit for a payload without overflow) - 5 (record header), rounded down.
    static let byteCount = 16_340
    static let headerBytes = 10
    /// A group is closed when its records reach this size, so that little of a segment stays empty.
    static let groupBytes = 2_048

    /// Sets the checksum of a segment or of an index row.
    static func seal(_ bytes: UnsafeMutableRawBufferPointer, id: Int64) {
        let sum = HistoryChecksum.hash(UnsafeRawBufferPointer(rebasing: bytes[8...]), seed: UInt64(bitPattern: id))
        bytes.storeBytes(of: sum.littleEndian, as: UInt64.self)
    }

    static func check(_ bytes: UnsafeRawBufferPointer, id: Int64) throws(HistoryFailure) {
        guard bytes.count == byteCount else { throw .damaged("row \(id) has \(bytes.count) bytes") }
        let sum = HistoryChecksum.hash(UnsafeRawBufferPointer(rebasing: bytes[8...]), seed: UInt64(bitPattern: id))
        guard UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self)) == sum else {
            throw .damaged("row \(id) does not match its checksum")
        }
    }
}

extension SubjectID {
    @inline(__always)
    init(loading source: UnsafeRawPointer) {
        self.init(
            high: UInt64(bigEndian: source.loadUnaligned(as: UInt64.self)),
            low: UInt64(bigEndian: source.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
    }

    @inline(__always)
    func store(to target: UnsafeMutableRawPointer) {
        target.storeBytes(of: high.bigEndian, as: UInt64.self)
        target.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
    }

    /// Equality that is compiled into its caller, which the synthesized one of another module is not.
    @inline(__always)
    func isSame(as other: SubjectID) -> Bool { high == other.high && low == other.low }

    /// Number of leading bytes in which the two agree: 0...16.
    @inline(__always)
    func sharedBytes(with other: SubjectID) -> Int {
        let difference = high ^ other.high
        return difference != 0 ? difference.leadingZeroBitCount / 8 : 8 + (low ^ other.low).leadingZeroBitCount / 8
    }
}

/// Reads the groups of a checked segment, whose bytes have to outlive it.
struct HistorySegmentReader {
    private var reader: HistoryReader
    /// The group read last.
    private(set) var subject = SubjectID(high: 0, low: 0)
    private(set) var payload = UnsafeRawBufferPointer(start: nil, count: 0)

    init(_ bytes: UnsafeRawBufferPointer, id: Int64) throws(HistoryFailure) {
        try HistorySegment.check(bytes, id: id)
        let used = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
        guard used <= HistorySegment.byteCount - HistorySegment.headerBytes else {
            throw .damaged("segment \(id) claims too much")
        }
        reader = HistoryReader(UnsafeRawBufferPointer(rebasing: bytes[HistorySegment.headerBytes...].prefix(used)))
    }

    /// Moves on to the next group; false at the end.
    @inline(__always)
    mutating func next() throws(HistoryFailure) -> Bool {
        if reader.isAtEnd { return false }
        let shared = Int(try reader.byte())
        guard shared <= SubjectID.byteCount else { throw .damaged("a subject shares too much") }
        if shared < SubjectID.byteCount {
            let rest = try reader.bytes(SubjectID.byteCount - shared)
            var bytes = (UInt64(0), UInt64(0))
            let before = subject
            subject = withUnsafeMutableBytes(of: &bytes) { whole in
                before.store(to: whole.baseAddress!)
                UnsafeMutableRawBufferPointer(rebasing: whole[shared...]).copyMemory(from: rest)
                return SubjectID(loading: whole.baseAddress!)
            }
        }
        let count = try reader.varint32()
        payload = try reader.bytes(Int(count))
        return true
    }
}

/// Fills one segment with groups.
struct HistorySegmentBuilder {
    private var bytes = [UInt8](repeating: 0, count: HistorySegment.byteCount)
    private var used = HistorySegment.headerBytes
    private var last = SubjectID(high: 0, low: 0)
    private(set) var first: SubjectID?

    var isEmpty: Bool { first == nil }

    /// Adds a group; false, and nothing happens, if it does not fit.
    mutating func append(_ subject: SubjectID, _ payload: UnsafeRawBufferPointer) -> Bool {
        let shared = first == nil ? 0 : subject.sharedBytes(with: last)
        // Lengths stay below 2^14 in a segment of this size: two bytes of varint at most.
        let lengthBytes = payload.count < 0x80 ? 1 : 2
        let needed = 1 + (SubjectID.byteCount - shared) + lengthBytes + payload.count
        guard used + needed <= HistorySegment.byteCount else { return false }
        let start = used
        bytes.withUnsafeMutableBytes { buffer in
            let target = buffer.baseAddress! + start
            var whole = (UInt64(0), UInt64(0))
            withUnsafeMutableBytes(of: &whole) { source in
                subject.store(to: source.baseAddress!)
                (target + 1).copyMemory(
                    from: source.baseAddress! + shared, byteCount: SubjectID.byteCount - shared)
            }
            target.storeBytes(of: UInt8(shared), as: UInt8.self)
            var output = target + 1 + (SubjectID.byteCount - shared)
            if lengthBytes == 1 {
                output.storeBytes(of: UInt8(payload.count), as: UInt8.self)
            } else {
                output.storeBytes(of: UInt8(payload.count & 0x7F) | 0x80, as: UInt8.self)
                output.storeBytes(of: UInt8(payload.count >> 7), toByteOffset: 1, as: UInt8.self)
            }
            output += lengthBytes
            output.copyMemory(from: payload.baseAddress!, byteCount: payload.count)
        }
        used += needed
        last = subject
        if first == nil { first = subject }
        return true
    }

    /// The finished segment for a row; the builder is empty again.
    mutating func finish(id: Int64) -> [UInt8] {
        let count = used - HistorySegment.headerBytes
        bytes.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: UInt16(count).littleEndian, toByteOffset: 8, as: UInt16.self)
            HistorySegment.seal(buffer, id: id)
        }
        defer { self = HistorySegmentBuilder() }
        return bytes
    }
}
