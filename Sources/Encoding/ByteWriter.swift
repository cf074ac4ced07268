/// Appends big-endian integers and length-prefixed vectors to a byte array.
package struct ByteWriter: Sendable {
    package private(set) var bytes: [UInt8] = []

    package init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    package mutating func uint8(_ value: UInt8) { bytes.append(value) }
    package mutating func uint16(_ value: UInt16) { integer(UInt64(value), 2) }
    package mutating func uint32(_ value: UInt32) { integer(UInt64(value), 4) }
    package mutating func uint64(_ value: UInt64) { integer(value, 8) }
    package mutating func int32(_ value: Int32) { uint32(UInt32(bitPattern: value)) }

    private mutating func integer(_ value: UInt64, _ width: Int) {
        for shift in stride(from: (width - 1) * 8, through: 0, by: -8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(shift)))
        }
    }

    package mutating func fixed(_ value: some Collection<UInt8>) { bytes.append(contentsOf: value) }

    /// `opaque name<..maximum>`. That the value fits is for the caller to have checked.
    package mutating func vector(_ value: some Collection<UInt8>, maximum: Int) {
        precondition(value.count <= maximum, "a vector of \(value.count) bytes does not fit its limit of \(maximum)")
        integer(UInt64(value.count), lengthPrefixWidth(maximum))
        bytes.append(contentsOf: value)
    }
}
