/// Appends big-endian integers and length-prefixed vectors to a byte array. Other modules compile these calls into their own
/// code: every event goes through some.
package struct ByteWriter: Sendable {
    @usableFromInline var storage: [UInt8] = []

    @inlinable package var bytes: [UInt8] { storage }

    @inlinable
    package init(capacity: Int = 0) { storage.reserveCapacity(capacity) }

    @inlinable
    package mutating func uint8(_ value: UInt8) { storage.append(value) }
    @inlinable
    package mutating func uint16(_ value: UInt16) { integer(value) }
    @inlinable
    package mutating func uint32(_ value: UInt32) { integer(value) }
    @inlinable
    package mutating func uint64(_ value: UInt64) { integer(value) }
    @inlinable
    package mutating func int32(_ value: Int32) { integer(value) }

    @inlinable
    mutating func integer(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.bigEndian) { storage.append(contentsOf: $0) }
    }

    @inlinable
    package mutating func fixed(_ value: some Collection<UInt8>) { storage.append(contentsOf: value) }

    /// `opaque name<..maximum>`. That the value fits is for the caller to have checked.
    @inlinable
    package mutating func vector(_ value: some Collection<UInt8>, maximum: Int) {
        precondition(value.count <= maximum, "a vector does not fit its limit")
        switch lengthPrefixWidth(maximum) {
        case 1: uint8(UInt8(value.count))
        case 2: uint16(UInt16(value.count))
        case 3:
            uint8(UInt8(value.count >> 16))
            uint16(UInt16(truncatingIfNeeded: value.count))
        default: uint32(UInt32(value.count))
        }
        storage.append(contentsOf: value)
    }
}
