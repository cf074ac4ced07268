// Encoding: reader and writer of the presentation language (RFC 8446 section 3), hex, base64 and strict JSON. Imports
// nothing: no Foundation, no clock, no random numbers.

/// Why bytes do not decode.
package enum DecodingFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The bytes end before the structure does.
    case truncated
    /// Bytes are left after the structure.
    case trailingBytes
    /// A vector's length lies outside the range that its type allows.
    case vectorLength(Int)
    /// A number lies outside the range that its field allows.
    case value(Int64)
    /// A field that has to be UTF-8 is not.
    case notUTF8
    /// The text does not have the one form that it must have.
    case malformed(String)

    package var description: String {
        switch self {
        case .truncated: "it ends before its structure does"
        case .trailingBytes: "bytes are left over behind it"
        case .vectorLength(let length): "a length of \(length) lies outside its field's range"
        case .value(let value): "the value \(value) lies outside its field's range"
        case .notUTF8: "a text is not UTF-8"
        case .malformed(let reason): reason
        }
    }
}

/// A cursor over big-endian integers and length-prefixed vectors. It never reads past the end and checks every length
/// before it allocates.
package struct ByteReader: Sendable {
    package let bytes: [UInt8]
    package private(set) var position: Int
    package let end: Int

    package init(_ bytes: [UInt8]) {
        self.bytes = bytes
        position = 0
        end = bytes.count
    }

    package init(_ slice: ArraySlice<UInt8>) {
        bytes = Array(slice)
        position = 0
        end = bytes.count
    }

    package var remaining: Int { end - position }

    package mutating func uint8() throws(DecodingFailure) -> UInt8 {
        guard remaining >= 1 else { throw .truncated }
        defer { position += 1 }
        return bytes[position]
    }

    package mutating func uint16() throws(DecodingFailure) -> UInt16 { UInt16(try integer(2)) }
    package mutating func uint32() throws(DecodingFailure) -> UInt32 { UInt32(try integer(4)) }
    package mutating func uint64() throws(DecodingFailure) -> UInt64 { try integer(8) }

    package mutating func int32() throws(DecodingFailure) -> Int32 { Int32(bitPattern: try uint32()) }

    private mutating func integer(_ width: Int) throws(DecodingFailure) -> UInt64 {
        guard remaining >= width else { throw .truncated }
        var value: UInt64 = 0
        for offset in 0..<width { value = value << 8 | UInt64(bytes[position + offset]) }
        position += width
        return value
    }

    /// `opaque name[count]`
    package mutating func fixed(_ count: Int) throws(DecodingFailure) -> [UInt8] {
        guard count >= 0, remaining >= count else { throw .truncated }
        defer { position += count }
        return Array(bytes[position..<(position + count)])
    }

    /// `opaque name<range>`: the length prefix is as wide as the upper bound needs.
    package mutating func vector(_ range: ClosedRange<Int>) throws(DecodingFailure) -> [UInt8] {
        let count = Int(try integer(lengthPrefixWidth(range.upperBound)))
        guard range.contains(count) else { throw .vectorLength(count) }
        return try fixed(count)
    }

    /// A vector that must be UTF-8.
    package mutating func text(_ range: ClosedRange<Int>) throws(DecodingFailure) -> [UInt8] {
        let value = try vector(range)
        guard isUTF8(value) else { throw .notUTF8 }
        return value
    }

    package func finish() throws(DecodingFailure) {
        guard remaining == 0 else { throw .trailingBytes }
    }
}

/// Bytes of a length prefix for vectors up to `maximum` bytes (RFC 8446 section 3.4).
@inlinable
package func lengthPrefixWidth(_ maximum: Int) -> Int {
    switch maximum {
    case ..<0x100: 1
    case ..<0x1_0000: 2
    case ..<0x100_0000: 3
    default: 4
    }
}

/// Whether bytes are well-formed UTF-8: no overlong form, no surrogate, nothing cut off.
@inlinable
package func isUTF8(_ bytes: some Collection<UInt8>) -> Bool {
    bytes.withContiguousStorageIfAvailable { isUTF8(UnsafeRawBufferPointer($0)) }
        ?? Array(bytes).withUnsafeBytes { isUTF8($0) }
}

@usableFromInline
package func isUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    // Most texts are ASCII, and this is on the way of every body.
    var all: UInt8 = 0
    for byte in bytes { all |= byte }
    if all < 0x80 { return true }
    var decoder = UTF8()
    var iterator = bytes.makeIterator()
    while true {
        switch decoder.decode(&iterator) {
        case .scalarValue: continue
        case .emptyInput: return true
        case .error: return false
        }
    }
}
