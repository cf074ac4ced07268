internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import TransparencyLog

/// Events: what logs hold, other cities' included.
extension FuzzTarget {
    static let recordTargets = [entry, eventBody, packedEntries, position, drafts]

    private static let entry = FuzzTarget.canonical(
        "entry", "an entry of a log", maximumBytes: 512, tokens: [FuzzMaterial.honest, [1, 7], [1, 1]],
        seeds: { FuzzMaterial.events.map(\.entry) },
        decode: { (bytes) throws(DecodingFailure) in try Entry(decoding: bytes) }, encode: \.encoded,
        look: { entry, trace throws(FuzzFailure) in
            trace.note(Int(entry.kind.rawValue))
            let bytes = entry.encoded
            try trace.require(bytes.count <= 512 && bytes.count >= 20, "an entry of \(bytes.count) bytes")
            try trace.require(Entry.hasBody(bytes) == (entry.kind != .erasure), "it has a body, or none")
        })

    /// The first byte is the kind of the entry.
    private static let eventBody = FuzzTarget(
        "body", "the body of an entry of any kind", maximumBytes: 5_000, tokens: [FuzzMaterial.honest, [0, 0, 0, 1]],
        seeds: { FuzzMaterial.bodies.map { [$0.content.kind.rawValue] + $0.encoded } },
        body: { input, trace throws(FuzzFailure) in
            guard let first = input.first, let kind = EventKind(rawValue: first % 8) else { return }
            trace.note(Int(kind.rawValue))
            let bytes = Array(input.dropFirst())
            let body: Body
            do throws(DecodingFailure) { body = try Body(decoding: bytes, kind: kind) } catch { return trace.note(error) }
            try trace.require(body.encoded == bytes, "it does not encode to the same bytes")
            try trace.require(body.content.kind == kind, "it is of another kind")
            try trace.require(body.flaw == nil, "what decoded has a flaw: \(body.flaw ?? "")")
            try trace.require(bytes.count <= Limits.entryBytes, "a body of \(bytes.count) bytes")
            trace.note(size: body.extensions.count)
        })

    private static let packedEntries = FuzzTarget.canonical(
        "packed-entries", "a run of packed entries, from a peer or a store", maximumBytes: 8_192,
        tokens: [[0x80, 42], [1, 1], [1, 7], [0, 1]],
        seeds: {
            [
                PackedEntries.empty.bytes, FuzzMaterial.packed(FuzzMaterial.events).bytes,
                FuzzMaterial.packed(FuzzMaterial.events.map { ($0.entry, []) }).bytes,
                FuzzMaterial.packed([FuzzMaterial.events[0]]).bytes, [0, 1, 0x80, 0],
            ]
        },
        decode: { (bytes) throws(DecodingFailure) in try PackedEntries(checking: bytes) }, encode: \.bytes,
        look: { packed, trace throws(FuzzFailure) in
            trace.note(size: packed.count)
            let items = packed.unpacked
            try trace.require(items.count == packed.count && packed.count <= 256, "it counts other items than it holds")
            try trace.require(FuzzMaterial.packed(items) == packed, "packed again it is another run")
            var hashes: [Digest] = []
            packed.appendLeafHashes(to: &hashes)
            try trace.require(hashes == items.map { leafHash($0.entry) }, "the leaf hashes are not those of the entries")
            for item in items.prefix(4) { trace.note(item.body.isEmpty ? 0 : item.entry.count == Entry.plainBytes ? 1 : 2) }
            for (index, item) in items.enumerated() {
                let (entry, body) = packed.item(index)
                try trace.require(entry == item.entry && body == item.body, "item \(index) is another one seen alone")
                try trace.require(body.isEmpty || Entry.commits(entry, to: body), "item \(index) does not commit to its body")
            }
            let middle = packed.count / 2
            let halves = packed.slice(0..<middle).appending(packed.slice(middle..<packed.count))
            try trace.require(halves == packed, "its halves do not give the whole")
            let bare = packed.withoutBodies(at: Set(0..<packed.count))
            try trace.require(bare.unpacked.allSatisfy { $0.body.isEmpty }, "a body is left where none should be")
            try trace.require(bare.unpacked.map(\.entry) == items.map(\.entry), "without bodies the entries are others")
        })

    private static let position = FuzzTarget.canonical(
        "position", "a position: origin line and index", maximumBytes: 300, tokens: [FuzzMaterial.honest],
        seeds: {
            var writer = ByteWriter()
            Position(origin: FuzzMaterial.honest, index: 7).encode(to: &writer)
            return [writer.bytes]
        },
        decode: { (bytes) throws(DecodingFailure) in
            var reader = ByteReader(bytes)
            let position = try Position(decoding: &reader)
            try reader.finish()
            return position
        },
        encode: { position in
            var writer = ByteWriter()
            position.encode(to: &writer)
            return writer.bytes
        },
        look: { position, trace throws(FuzzFailure) in
            guard position.index <= UInt64(Int64.max) else { return trace.note(2) }
            try trace.require(Position(position.description) == position, "as text it is another position")
        })

    /// Drafts leave out what the node adds, so that their bytes have more than one form.
    private static let drafts = FuzzTarget(
        "drafts", "events handed to a node over its control socket", maximumBytes: 4_096,
        tokens: [FuzzMaterial.honest, [7], [0, 60]],
        seeds: {
            let drafts = FuzzMaterial.bodies.map { Draft.body(day: $0.day, subject: $0.subject, content: $0.content) }
            let erasure = Draft.erasure(target: Position(origin: FuzzMaterial.honest, index: 3), ground: .request)
            return [DraftCoding.encode(drafts + [erasure]), DraftCoding.encode([erasure]), []]
                + drafts.map { DraftCoding.encode([$0]) }
        },
        body: { input, trace throws(FuzzFailure) in
            let drafts: [Draft]
            do throws(DecodingFailure) { drafts = try DraftCoding.decode(input) } catch { return trace.note(error) }
            trace.note(size: drafts.count)
            for draft in drafts { trace.note(Int(draft.kind.rawValue)) }
            let again = try? DraftCoding.decode(DraftCoding.encode(drafts))
            try trace.require(again == drafts, "encoded and decoded again they are others")
        })
}
