package import Cryptography
internal import Encoding
internal import Federation
internal import TransparencyLog

/// A question that goes to every node, through whatever links there are: each node passes it on once.
package struct Question: Equatable, Sendable {
    package enum Content: Equatable, Sendable {
        /// Up to where do you hold which log?
        case frontier
        /// The text of a cut: attest it.
        case attest(cut: [UInt8])
        /// What came of a cut: its text and the attestations of it. There is no reply.
        case result(cut: [UInt8], attestations: [[UInt8]])
    }

    /// Drawn at random by the asker; a node sees each number once.
    package var identifier: UInt64
    package var asker: [UInt8]
    package var content: Content

    package init(identifier: UInt64, asker: [UInt8], content: Content) {
        self.identifier = identifier
        self.asker = asker
        self.content = content
    }
}

extension Question {
    func encode(to writer: inout ByteWriter) {
        writer.uint64(identifier)
        writer.vector(asker, maximum: 255)
        switch content {
        case .frontier: writer.uint8(1)
        case .attest(let cut):
            writer.uint8(2)
            writer.vector(cut, maximum: Limits.cutBytes)
        case .result(let cut, let attestations):
            writer.uint8(3)
            writer.vector(cut, maximum: Limits.cutBytes)
            writer.uint16(UInt16(attestations.count))
            for note in attestations { writer.vector(note, maximum: SignedCheckpoint.maximumBytes) }
        }
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        identifier = try reader.uint64()
        asker = try reader.text(1...255)
        switch try reader.uint8() {
        case 1: content = .frontier
        case 2: content = .attest(cut: try reader.text(1...Limits.cutBytes))
        case 3:
            let cut = try reader.text(1...Limits.cutBytes)
            let count = Int(try reader.uint16())
            guard count <= Limits.nodes else { throw .vectorLength(count) }
            var attestations: [[UInt8]] = []
            for _ in 0..<count { attestations.append(try reader.vector(1...SignedCheckpoint.maximumBytes)) }
            content = .result(cut: cut, attestations: attestations)
        case let other: throw .value(Int64(other))
        }
    }
}

/// A node's answer to a question; it goes back along the way the question came.
package struct Reply: Equatable, Sendable {
    package struct Held: Equatable, Sendable {
        /// The origin's own checkpoint that the node covers.
        package var note: [UInt8]
        /// Up to where the node holds every entry and body.
        package var complete: UInt64
        /// Least size that still contains every erasure whose bytes the node has dropped.
        package var least: UInt64
        /// Root of the log at `complete`.
        package var root: Digest

        package init(note: [UInt8], complete: UInt64, least: UInt64, root: Digest) {
            self.note = note
            self.complete = complete
            self.least = least
            self.root = root
        }
    }

    package enum Content: Equatable, Sendable {
        case frontier([Held], topologyHash: Digest, rulebookHash: Digest)
        case attestation(note: [UInt8])
        /// Why the node does not attest.
        case refusal(String)
    }

    package var identifier: UInt64
    package var node: [UInt8]
    package var content: Content

    package init(identifier: UInt64, node: [UInt8], content: Content) {
        self.identifier = identifier
        self.node = node
        self.content = content
    }
}

extension Reply {
    func encode(to writer: inout ByteWriter) {
        writer.uint64(identifier)
        writer.vector(node, maximum: 255)
        switch content {
        case .frontier(let held, let topologyHash, let rulebookHash):
            writer.uint8(1)
            writer.fixed(topologyHash.bytes)
            writer.fixed(rulebookHash.bytes)
            writer.uint16(UInt16(held.count))
            for log in held {
                writer.vector(log.note, maximum: SignedCheckpoint.maximumBytes)
                writer.uint64(log.complete)
                writer.uint64(log.least)
                writer.fixed(log.root.bytes)
            }
        case .attestation(let note):
            writer.uint8(2)
            writer.vector(note, maximum: SignedCheckpoint.maximumBytes)
        case .refusal(let reason):
            writer.uint8(3)
            writer.vector(utf8Prefix(of: reason, maximum: Self.maximumReason), maximum: Self.maximumReason)
        }
    }

    init(decoding reader: inout ByteReader) throws(DecodingFailure) {
        identifier = try reader.uint64()
        node = try reader.text(1...255)
        switch try reader.uint8() {
        case 1: content = try Self.frontier(&reader)
        case 2: content = .attestation(note: try reader.vector(1...SignedCheckpoint.maximumBytes))
        case 3: content = .refusal(String(decoding: try reader.text(0...Self.maximumReason), as: UTF8.self))
        case let other: throw .value(Int64(other))
        }
    }

    /// Bytes of a refusal's reason; what is longer is cut.
    private static let maximumReason = 1_024

    private static func frontier(_ reader: inout ByteReader) throws(DecodingFailure) -> Content {
        let topologyHash = try reader.digest()
        let rulebookHash = try reader.digest()
        let count = Int(try reader.uint16())
        guard count <= Limits.origins else { throw .vectorLength(count) }
        var held: [Held] = []
        for _ in 0..<count {
            held.append(
                Held(
                    note: try reader.vector(1...SignedCheckpoint.maximumBytes), complete: try reader.uint64(),
                    least: try reader.uint64(), root: try reader.digest()))
        }
        return .frontier(held, topologyHash: topologyHash, rulebookHash: rulebookHash)
    }
}
