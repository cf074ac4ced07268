// SyncProtocol: messages, frames, session state machine. May import Encoding, Cryptography, TransparencyLog and Federation;
// no Foundation, no I/O, no clock, no random numbers.

package import Cryptography
internal import Encoding
internal import TransparencyLog

/// Versions of the protocol that this program speaks. A newer minor feature is a message type or a feature bit that others
/// ignore; a newer version is one that they cannot.
package enum ProtocolVersions {
    package static let minimum: UInt16 = 1
    package static let maximum: UInt16 = 1
}

/// The first message of both sides.
package struct Hello: Equatable, Sendable {
    package var minimumVersion: UInt16
    package var maximumVersion: UInt16
    package var federation: [UInt8]
    package var node: [UInt8]
    package var epoch: UInt64
    package var topologyHash: Digest
    package var rulebookHash: Digest
    /// Unix milliseconds at the sender.
    package var wallMilliseconds: UInt64
    /// Bits of what the sender can do beyond the version; unknown ones are ignored.
    package var features: [UInt8]

    package init(
        minimumVersion: UInt16 = ProtocolVersions.minimum, maximumVersion: UInt16 = ProtocolVersions.maximum,
        federation: [UInt8], node: [UInt8], epoch: UInt64, topologyHash: Digest, rulebookHash: Digest,
        wallMilliseconds: UInt64, features: [UInt8] = []
    ) {
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.federation = federation
        self.node = node
        self.epoch = epoch
        self.topologyHash = topologyHash
        self.rulebookHash = rulebookHash
        self.wallMilliseconds = wallMilliseconds
        self.features = features
    }
}

extension Hello {
    func encode(to writer: inout ByteWriter) {
        writer.uint16(minimumVersion)
        writer.uint16(maximumVersion)
        writer.vector(federation, maximum: 255)
        writer.vector(node, maximum: 255)
        writer.uint64(epoch)
        writer.fixed(topologyHash.bytes)
        writer.fixed(rulebookHash.bytes)
        writer.uint64(wallMilliseconds)
        writer.vector(features, maximum: 255)
    }

    /// Bytes behind the fields known here are a later version's and are left unread.
    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        minimumVersion = try reader.uint16()
        maximumVersion = try reader.uint16()
        guard minimumVersion <= maximumVersion else { throw .value(Int64(minimumVersion)) }
        federation = try reader.text(1...255)
        node = try reader.text(1...255)
        epoch = try reader.uint64()
        topologyHash = try reader.digest()
        rulebookHash = try reader.digest()
        wallMilliseconds = try reader.uint64()
        features = try reader.vector(0...255)
        _ = try reader.fixed(reader.remaining)
    }
}

/// Why a session is ended, told to the other side before the link is closed.
package struct Refusal: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Code: UInt8, CaseIterable, Sendable {
        case version = 1
        case federation, unknownNode, wrongNode, malformed, protocolViolation, replaced, shuttingDown, silence
    }

    package let code: UInt8
    /// What is wrong and what to do, for the operator of the other side.
    package let message: String

    package init(_ code: Code, _ message: String) {
        self.code = code.rawValue
        self.message = message
    }

    init(code: UInt8, message: String) {
        self.code = code
        self.message = message
    }

    package var description: String { message }

    /// Bytes of the message; what is longer is cut.
    static let maximumMessage = 1_024
}

extension Refusal {
    func encode(to writer: inout ByteWriter) {
        writer.uint8(code)
        writer.vector(utf8Prefix(of: message, maximum: Self.maximumMessage), maximum: Self.maximumMessage)
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        self.init(
            code: try reader.uint8(), message: String(decoding: try reader.text(0...Self.maximumMessage), as: UTF8.self))
    }
}

/// The bytes of a text, cut behind a whole character where they are more than `maximum`.
func utf8Prefix(of text: String, maximum: Int) -> [UInt8] {
    if text.utf8.count <= maximum { return Array(text.utf8) }
    var bytes: [UInt8] = []
    for scalar in text.unicodeScalars {
        let encoded = UTF8.encode(scalar).map(Array.init) ?? []
        if bytes.count + encoded.count > maximum { break }
        bytes += encoded
    }
    return bytes
}
