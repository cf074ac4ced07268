package import Encoding

/// Where an entry stands: the log, by its origin line, and the index in it.
package struct Position: Hashable, Sendable, CustomStringConvertible {
    /// The full origin line, 1 to 255 bytes of UTF-8; any line can be named, known or not.
    package let origin: [UInt8]
    package let index: UInt64

    package init(origin: [UInt8], index: UInt64) {
        self.origin = origin
        self.index = index
    }

    /// `<origin line>:<index>`
    package var description: String { "\(String(decoding: origin, as: UTF8.self)):\(index)" }

    package init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let colon = bytes.lastIndex(of: 0x3a), colon > 0, let index = decimal(bytes[(colon + 1)...]) else { return nil }
        self.init(origin: Array(bytes[..<colon]), index: index)
    }
}

extension Position {
    package init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        self.init(origin: try reader.text(1...OriginName.maximumBytes), index: try reader.uint64())
    }

    package func encode(to writer: inout ByteWriter) {
        writer.vector(origin, maximum: OriginName.maximumBytes)
        writer.uint64(index)
    }
}
