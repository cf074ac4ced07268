internal import Cryptography
internal import Encoding
internal import Federation
internal import SyncProtocol
internal import TransparencyLog

/// Messages of every type to begin with, and what holds for each that decodes.
enum FuzzMessages {
    static let names: [(type: UInt8, name: String)] = [
        (1, "hello"), (2, "refusal"), (3, "announce"), (4, "pull"), (5, "range"), (8, "pull-entries"), (9, "entries"),
        (10, "pull-tiles"), (11, "tiles"), (12, "fork"), (13, "question"), (14, "reply"),
        (17, "decision"),
    ]

    static func hello(node: String, versions: ClosedRange<UInt16> = 1...1) -> Hello {
        Hello(
            minimumVersion: versions.lowerBound, maximumVersion: versions.upperBound,
            federation: Array(FuzzMaterial.federation.utf8), node: Array(node.utf8), epoch: 1, topologyHash: Digest(),
            rulebookHash: Digest(), wallMilliseconds: 1_700_000_000_000, features: [])
    }

    static let topology: Topology = {
        guard let topology = try? Topology(FuzzFiles.topology) else { preconditionFailure("the topology of the seeds is one") }
        return topology
    }()

    static let samples: [Message] = {
        let origin = FuzzMaterial.honest
        let note = FuzzMaterial.note
        let hash = FuzzMaterial.leaves[0]
        var later = hello(node: "south", versions: 1...2)
        later.features = [0x80, 1]
        let announcements = [
            Announcement(note: note, complete: 3), Announcement(note: FuzzMaterial.checkpoint(8).note, complete: 1),
        ]
        let piece = FuzzMaterial.packed(FuzzMaterial.events)
        let items = FuzzMaterial.events.enumerated().map {
            EntriesMessage.Item(index: UInt64($0.offset) * 300, entry: $0.element.entry, body: $0.element.body)
        }
        return [
            .hello(hello(node: "south")), .hello(later), .hello(hello(node: "south", versions: 2...3)), .ping, .pong,
            .credit(1 << 20), .unavailable(request: 4), .refusal(Refusal(.version, "upgrade the older one")),
            .announce([]), .announce(announcements),
            .pull(Pull(request: 1, origin: origin, first: 0, end: 256, target: 1_000)),
            .range(
                RangeMessage(
                    request: 1, origin: origin, first: 251, pieces: [piece.slice(0..<5), piece.slice(5..<10)], note: note,
                    proof: Array(FuzzMaterial.leaves[..<4]))),
            .range(RangeMessage(request: 0, origin: origin, first: .max, pieces: [], note: note, proof: [])),
            .pullEntries(EntryPull(request: 3, origin: origin, indices: [0, 5, .max])),
            .entries(EntriesMessage(request: 3, items: items, isPartial: true)),
            .pullTiles(TilePull(request: 4, origin: origin, size: 70_000, tiles: [.init(level: 1, number: 273)])),
            .tiles(TilesMessage(request: 4, tiles: [Array(FuzzMaterial.leaves[..<5]), []])),
        ] + (FuzzMaterial.forkProofs + FuzzMaterial.falseProofs).map(Message.fork)
            + FuzzMaterial.decisions.map(Message.decision) + questions + replies
            + [.tiles(TilesMessage(request: 1, tiles: [[hash]]))]
    }()

    private static let questions: [Message] = {
        let cut = FuzzFiles.cut
        let contents: [Question.Content] = [
            .frontier, .attest(cut: cut), .result(cut: cut, attestations: [FuzzMaterial.note]),
        ]
        return contents.map { .question(Question(identifier: 7, asker: Array("north".utf8), content: $0)) }
    }()

    private static let replies: [Message] = {
        let hash = FuzzMaterial.leaves[1]
        let held = Reply.Held(note: FuzzMaterial.note, complete: 3, least: 0, root: hash)
        let contents: [Reply.Content] = [
            .frontier([held, held], topologyHash: hash, rulebookHash: hash), .attestation(note: FuzzMaterial.note),
            .refusal("behind"),
        ]
        return contents.map { .reply(Reply(identifier: 7, node: Array("south".utf8), content: $0)) }
    }()

    /// What whoever handles a message relies on.
    static func look(_ message: Message, _ trace: inout FuzzTrace) throws(FuzzFailure) {
        switch message {
        case .announce(let announcements): trace.note(size: announcements.count)
        case .pull(let pull): try trace.require(pull.first < pull.end && pull.end <= pull.target, "a pull asks for no range")
        case .range(let range):
            try look(range, &trace)
        case .entries(let entries):
            trace.note(size: entries.items.count)
            for item in entries.items {
                trace.note(item.body.isEmpty ? 0 : 1)
                try trace.require(
                    item.body.isEmpty || Entry.commits(item.entry, to: item.body), "an entry does not commit to its body")
            }
        case .pullEntries(let pull): trace.note(size: pull.indices.count)
        case .pullTiles(let pull): trace.note(size: pull.tiles.count)
        case .tiles(let tiles):
            trace.note(size: tiles.tiles.count)
            try trace.require(tiles.tiles.allSatisfy { $0.count <= 256 }, "a tile is wider than a tile")
        case .fork(let proof): trace.note(proof.divergence?.first.path.count ?? -1)
        case .decision(let decided): trace.note(decided.checkpoint.isEmpty ? 1 : 2)
        case .question(let question):
            trace.note(size: question.identifier)
            if case .result(_, let attestations) = question.content { trace.note(size: attestations.count) }
        case .reply(let reply): if case .frontier(let held, _, _) = reply.content { trace.note(size: held.count) }
        default: break
        }
    }

    private static func look(_ range: RangeMessage, _ trace: inout FuzzTrace) throws(FuzzFailure) {
        trace.note(range.pieces.count)
        var position = range.first
        for piece in range.pieces {
            try trace.require(piece.count > 0, "a piece of a range is empty")
            let last = position + UInt64(piece.count) - 1
            try trace.require(position / 256 == last / 256, "a piece of a range lies in two bundles")
            position = last + 1
        }
        try trace.require(range.end == position, "a range ends elsewhere than its pieces")
    }
}
