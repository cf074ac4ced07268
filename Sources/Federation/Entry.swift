package import Cryptography
package import Encoding

/// What an entry states; the raw value is the format's.
package enum EventKind: UInt8, CaseIterable, Sendable {
    case observation = 1
    case retraction, appeal, ruling, enrolment, withdrawal, erasure

    package var name: String {
        switch self {
        case .observation: "observation"
        case .retraction: "retraction"
        case .appeal: "appeal"
        case .ruling: "ruling"
        case .enrolment: "enrolment"
        case .withdrawal: "withdrawal"
        case .erasure: "erasure"
        }
    }
}

/// Why a body is erased.
package enum ErasureGround: UInt8, CaseIterable, Sendable {
    case request = 1
    case recordedInError, storagePeriodOver, order
}

/// A leaf of the log: it is kept for ever and says nothing about anybody.
package struct Entry: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        /// SHA-256 of the body.
        case commitment(Digest)
        case erasure(target: Position, ground: ErasureGround)
    }

    package let kind: EventKind
    /// Hybrid logical time: 48 bits of Unix milliseconds, 16 bits of counter.
    package let recordedAt: UInt64
    package let content: Content

    package static let version: UInt8 = 1
    /// Bytes before the commitment: version, kind, time.
    package static let headerBytes = 10
    /// Bytes of every entry but erasures.
    package static let plainBytes = 42

    /// An entry that commits to a body, whose SHA-256 is the commitment.
    package init(kind: EventKind, recordedAt: UInt64, commitment: Digest) {
        precondition(kind != .erasure, "an erasure names a target")
        self.kind = kind
        self.recordedAt = recordedAt
        content = .commitment(commitment)
    }

    package init(erasing target: Position, ground: ErasureGround, recordedAt: UInt64) {
        kind = .erasure
        self.recordedAt = recordedAt
        content = .erasure(target: target, ground: ground)
    }

    /// Decodes strictly; an entry of an unknown version or kind does not decode, and is kept as bytes.
    package init(decoding bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        let version = try reader.uint8()
        guard version == Self.version else { throw .value(Int64(version)) }
        let kind = try reader.uint8()
        guard let known = EventKind(rawValue: kind) else { throw .value(Int64(kind)) }
        self.kind = known
        recordedAt = try reader.uint64()
        if known == .erasure {
            let target = try Position(decoding: &reader)
            let ground = try reader.uint8()
            guard let known = ErasureGround(rawValue: ground) else { throw .value(Int64(ground)) }
            content = .erasure(target: target, ground: known)
        } else {
            content = .commitment(try Digest(reader.fixed(Digest.byteCount)) ?? Digest())
        }
        try reader.finish()
    }

    /// The bytes that are hashed into the log.
    package var encoded: [UInt8] {
        var writer = ByteWriter(capacity: Self.plainBytes)
        writer.uint8(Self.version)
        writer.uint8(kind.rawValue)
        writer.uint64(recordedAt)
        switch content {
        case .commitment(let commitment): writer.fixed(commitment.bytes)
        case .erasure(let target, let ground):
            target.encode(to: &writer)
            writer.uint8(ground.rawValue)
        }
        return writer.bytes
    }

    /// Whether a body is the one that an entry commits to.
    package static func commits(_ entry: [UInt8], to body: [UInt8]) -> Bool {
        hasBody(entry) && (1...Limits.entryBytes).contains(body.count)
            && entry[headerBytes...].elementsEqual(sha256(body).bytes)
    }

    /// Whether an entry of any origin, known to this version or not, commits to a body: exactly those of 42 bytes, of
    /// version 1 and of a kind other than erasure.
    package static func hasBody(_ bytes: some RandomAccessCollection<UInt8>) -> Bool {
        bytes.count == plainBytes && bytes[bytes.startIndex] == version
            && bytes[bytes.index(after: bytes.startIndex)] != EventKind.erasure.rawValue
    }
}
