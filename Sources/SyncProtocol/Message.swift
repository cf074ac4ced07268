package import Encoding
internal import Federation
package import TransparencyLog

/// Everything that travels in a frame. The type is the frame's; the rest its payload.
package enum Message: Equatable, Sendable {
    case hello(Hello)
    case refusal(Refusal)
    /// What the sender holds, log by log. The first ones of a session, in one message or several, tell everything; an empty
    /// message ends them. Later ones tell what has changed.
    case announce([Announcement])
    case pull(Pull)
    case range(RangeMessage)
    /// So many more bytes of pushed entries may be sent.
    case credit(UInt32)
    /// A request that cannot be answered now.
    case unavailable(request: UInt32)
    case pullEntries(EntryPull)
    case entries(EntriesMessage)
    case pullTiles(TilePull)
    case tiles(TilesMessage)
    case fork(ForkProof)
    /// An authority's decision on a fork, with its evidence.
    case decision(DecidedFork)
    case question(Question)
    case reply(Reply)
    case ping
    case pong
    /// A type that this version does not know: it is counted and passed over.
    case unknown(type: UInt8)

    package var type: UInt8 {
        switch self {
        case .hello: 1
        case .refusal: 2
        case .announce: 3
        case .pull: 4
        case .range: 5
        case .credit: 6
        case .unavailable: 7
        case .pullEntries: 8
        case .entries: 9
        case .pullTiles: 10
        case .tiles: 11
        case .fork: 12
        case .question: 13
        case .reply: 14
        case .ping: 15
        case .pong: 16
        case .decision: 17
        case .unknown(let type): type
        }
    }

    /// The payload in parts, so that large runs of entries are not copied together.
    package var payload: [[UInt8]] {
        var writer = ByteWriter()
        switch self {
        case .hello(let hello): hello.encode(to: &writer)
        case .refusal(let refusal): refusal.encode(to: &writer)
        case .announce(let announcements): for announcement in announcements { announcement.encode(to: &writer) }
        case .pull(let pull): pull.encode(to: &writer)
        case .range(let range): return Self.parts(of: range)
        case .credit(let bytes): writer.uint32(bytes)
        case .unavailable(let request): writer.uint32(request)
        case .pullEntries(let pull): pull.encode(to: &writer)
        case .entries(let entries): entries.encode(to: &writer)
        case .pullTiles(let pull): pull.encode(to: &writer)
        case .tiles(let tiles): tiles.encode(to: &writer)
        case .fork(let proof): writer.fixed(proof.encoded)
        case .decision(let decided): writer.fixed(decided.encoded)
        case .question(let question): question.encode(to: &writer)
        case .reply(let reply): reply.encode(to: &writer)
        case .ping, .pong, .unknown: break
        }
        return [writer.bytes]
    }

    /// Bytes of the payload.
    package var payloadByteCount: Int { payload.reduce(0) { $0 + $1.count } }

    private static func parts(of range: RangeMessage) -> [[UInt8]] {
        var head = ByteWriter()
        range.encodeHead(to: &head)
        var parts: [[UInt8]] = []
        for piece in range.pieces {
            head.uint32(UInt32(piece.bytes.count))
            parts.append(head.bytes)
            parts.append(piece.bytes)
            head = ByteWriter()
        }
        if parts.isEmpty { parts.append(head.bytes) }
        return parts
    }

    package init(type: UInt8, payload: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(payload)
        switch type {
        case 1: self = .hello(try Hello(decoding: &reader))
        case 2: self = .refusal(try Refusal(decoding: &reader))
        case 3:
            var announcements: [Announcement] = []
            while reader.remaining > 0 {
                guard announcements.count < Limits.origins else { throw .vectorLength(announcements.count + 1) }
                announcements.append(try Announcement(decoding: &reader))
            }
            self = .announce(announcements)
        case 4: self = .pull(try Pull(decoding: &reader))
        case 5: self = .range(try RangeMessage(decoding: &reader))
        case 6: self = .credit(try reader.uint32())
        case 7: self = .unavailable(request: try reader.uint32())
        case 8: self = .pullEntries(try EntryPull(decoding: &reader))
        case 9: self = .entries(try EntriesMessage(decoding: &reader))
        case 10: self = .pullTiles(try TilePull(decoding: &reader))
        case 11: self = .tiles(try TilesMessage(decoding: &reader))
        case 12: self = .fork(try ForkProof(decoding: &reader))
        case 13: self = .question(try Question(decoding: &reader))
        case 14: self = .reply(try Reply(decoding: &reader))
        case 15: self = .ping
        case 16: self = .pong
        case 17: self = .decision(try DecidedFork(decoding: &reader))
        default:
            self = .unknown(type: type)
            return
        }
        try reader.finish()
    }
}
