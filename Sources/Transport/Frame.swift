/// One frame of a link: on the wire a big-endian uint32 length of what follows, a uint8 type, and the payload.
package struct Frame: Equatable, Sendable {
    package var type: UInt8
    package var payload: [UInt8]

    package init(type: UInt8, payload: [UInt8]) {
        self.type = type
        self.payload = payload
    }

    /// Bytes before the payload: the length field and the type.
    static let headerLength = 5

    /// The header of a frame whose payload has this many bytes.
    package static func header(type: UInt8, payloadLength: Int) -> [UInt8] {
        let length = UInt32(payloadLength + 1)
        return [
            UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16),
            UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length), type,
        ]
    }
}
