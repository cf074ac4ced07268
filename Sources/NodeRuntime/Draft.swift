package import Encoding
package import Federation

/// An event that is to be recorded: all but what the node adds (time, salt, commitment).
package enum Draft: Equatable, Sendable {
    case body(day: UInt32, subject: SubjectID, content: Body.Content)
    case erasure(target: Position, ground: ErasureGround)

    /// Whether it names another entry.
    var namesTarget: Bool {
        switch self {
        case .erasure, .body(_, _, .retraction), .body(_, _, .appeal), .body(_, _, .ruling): true
        case .body: false
        }
    }

    package var kind: EventKind {
        switch self {
        case .body(_, _, let content): content.kind
        case .erasure: .erasure
        }
    }
}

/// Drafts as they travel over the control socket: `struct { uint8 kind; select (kind) { erasure: Position, uint8 ground;
/// default: opaque body<0..2^16-1> (a body with a salt of zeros) } } Draft; Draft drafts<...>`.
package enum DraftCoding {
    private static let noSalt = [UInt8](repeating: 0, count: Body.saltBytes)

    package static func encode(_ drafts: [Draft]) -> [UInt8] {
        var writer = ByteWriter(capacity: drafts.count * 96)
        for draft in drafts {
            writer.uint8(draft.kind.rawValue)
            switch draft {
            case .erasure(let target, let ground):
                target.encode(to: &writer)
                writer.uint8(ground.rawValue)
            case .body(let day, let subject, let content):
                writer.vector(Body(salt: noSalt, day: day, subject: subject, content: content).encoded, maximum: 0xffff)
            }
        }
        return writer.bytes
    }

    package static func decode(_ bytes: [UInt8]) throws(DecodingFailure) -> [Draft] {
        var reader = ByteReader(bytes)
        var drafts: [Draft] = []
        while reader.remaining > 0 {
            let kind = try reader.uint8()
            guard let known = EventKind(rawValue: kind) else { throw .value(Int64(kind)) }
            if known == .erasure {
                let target = try Position(decoding: &reader)
                let ground = try reader.uint8()
                guard let ground = ErasureGround(rawValue: ground) else { throw .value(Int64(ground)) }
                drafts.append(.erasure(target: target, ground: ground))
            } else {
                let body = try Body(decoding: reader.vector(0...0xffff), kind: known)
                drafts.append(.body(day: body.day, subject: body.subject, content: body.content))
            }
        }
        return drafts
    }
}
