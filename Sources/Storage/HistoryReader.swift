/// A cursor over stored bytes that never reads past their end.
struct HistoryReader {
    private(set) var position: UnsafeRawPointer
    private let end: UnsafeRawPointer

    /// The bytes have to outlive the reader.
    init(_ bytes: UnsafeRawBufferPointer) {
        // An empty buffer may have no address; any address does for reading nothing.
        position = bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 1)!
        end = position + bytes.count
    }

    var isAtEnd: Bool { position == end }

    @inline(__always)
    private mutating func take(_ count: Int) throws(HistoryFailure) -> UnsafeRawPointer {
        guard end - position >= count else { throw .damaged("a record ends too early") }
        defer { position += count }
        return position
    }

    @inline(__always)
    mutating func byte() throws(HistoryFailure) -> UInt8 { try take(1).load(as: UInt8.self) }

    @inline(__always)
    mutating func short() throws(HistoryFailure) -> UInt32 {
        UInt32(UInt16(littleEndian: try take(2).loadUnaligned(as: UInt16.self)))
    }

    @inline(__always)
    mutating func word() throws(HistoryFailure) -> UInt64 {
        UInt64(littleEndian: try take(8).loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    mutating func bytes(_ count: Int) throws(HistoryFailure) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: try take(count), count: count)
    }

    @inline(__always)
    mutating func varint() throws(HistoryFailure) -> UInt64 {
        var byte = try self.byte()
        var value = UInt64(byte & 0x7F)
        var shift: UInt64 = 7
        while byte >= 0x80 {
            guard shift < 64 else { throw .damaged("a number is too long") }
            byte = try self.byte()
            value |= UInt64(byte & 0x7F) &<< shift
            shift += 7
        }
        return value
    }

    @inline(__always)
    mutating func varint32() throws(HistoryFailure) -> UInt32 {
        guard let value = UInt32(exactly: try varint()) else { throw .damaged("a number is too large") }
        return value
    }
}
