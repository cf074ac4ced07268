import Cryptography
import Federation
import Simulation
import SyncProtocol
import TransparencyLog

/// Messages of every type, with their parts empty, small and at their limits.
enum Samples {
    static let origin = Array("pilot.concord.example/rongcheng/1".utf8)
    static let note = Array("pilot.concord.example/rongcheng/1\n3\nAAAA\n\n— x y\n".utf8)

    static func digests(_ count: Int, seed: UInt64 = 1) -> [Digest] {
        (0..<count).map { sha256(Array("\(seed) \($0)".utf8)) }
    }

    static func packed(_ count: Int, seed: UInt64 = 1) -> PackedEntries {
        var random = SeededRandom(seed: seed)
        var builder = PackedEntriesBuilder()
        for index in 0..<count {
            if index % 5 == 4 {
                let target = Position(origin: origin, index: UInt64(index))
                builder.append(entry: Entry(erasing: target, ground: .request, recordedAt: 7).encoded, body: [])
            } else {
                let body = random.bytes(60 + index % 30)
                let entry = Entry(kind: .observation, recordedAt: random.next(), commitment: sha256(body))
                builder.append(entry: entry.encoded, body: index % 7 == 6 ? [] : body)
            }
        }
        return builder.finish()
    }

    static var hello: Hello {
        Hello(
            federation: Array("pilot.concord.example".utf8), node: Array("rongcheng".utf8), epoch: 3,
            topologyHash: digests(1)[0], rulebookHash: digests(2)[1], wallMilliseconds: 1_700_000_000_000, features: [1, 2])
    }

    static let announcement = Announcement(note: note, complete: 3)

    static var range: RangeMessage {
        RangeMessage(
            request: 9, origin: origin, first: 250, pieces: [packed(6), packed(256), packed(3)], note: note, proof: digests(7))
    }

    static var forks: [ForkProof] {
        let inclusion = ForkProof.Inclusion(leaf: digests(1)[0], path: digests(5))
        return [
            ForkProof(firstNote: note, secondNote: note + [1]),
            ForkProof(
                firstNote: note, secondNote: note,
                divergence: .init(index: 77, first: inclusion, second: .init(leaf: digests(1, seed: 2)[0], path: []))),
        ]
    }

    static var decisions: [DecidedFork] {
        [
            DecidedFork(proof: forks[0], note: note, checkpoint: note),
            DecidedFork(proof: forks[1], note: [7], checkpoint: []),
        ]
    }

    static var questions: [Question] {
        [
            .frontier, .attest(cut: Array("concord/cut/v1\n".utf8)),
            .result(cut: Array("concord/cut/v1\n".utf8), attestations: [note, [9]]), .result(cut: [65], attestations: []),
        ].map { Question(identifier: .max, asker: Array("centre".utf8), content: $0) }
    }

    static var replies: [Reply] {
        let held = Reply.Held(note: note, complete: 3, least: 1, root: digests(1)[0])
        return [
            .frontier([held, held], topologyHash: digests(1)[0], rulebookHash: digests(1)[0]),
            .frontier([], topologyHash: digests(1)[0], rulebookHash: digests(1)[0]),
            .attestation(note: note), .refusal("behind: 3 of 4 entries"), .refusal(""),
        ].map { Reply(identifier: 5, node: Array("rongcheng".utf8), content: $0) }
    }

    static var all: [Message] {
        let items = packed(9).unpacked.enumerated().map {
            EntriesMessage.Item(index: UInt64($0.offset) * 1_000, entry: $0.element.entry, body: $0.element.body)
        }
        return [
            .hello(hello), .refusal(Refusal(.version, "upgrade the older one")), .refusal(Refusal(.silence, "")),
            .announce([]), .announce([announcement]), .announce([announcement, announcement]),
            .pull(Pull(request: 1, origin: origin, first: 0, end: 256, target: 1_000)), .range(range),
            .range(RangeMessage(request: 0, origin: origin, first: 9, pieces: [packed(1)], note: note, proof: [])),
            .range(RangeMessage(request: 4, origin: origin, first: .max, pieces: [], note: note, proof: [])),
            .credit(0), .credit(.max), .unavailable(request: 77),
            .pullEntries(EntryPull(request: 3, origin: origin, indices: [0, 5, .max])),
            .pullEntries(EntryPull(request: 3, origin: origin, indices: [])),
            .entries(EntriesMessage(request: 3, items: items, isPartial: true)),
            .entries(EntriesMessage(request: 3, items: [], isPartial: false)),
            .pullTiles(
                TilePull(
                    request: 4, origin: origin, size: 70_000, tiles: [.init(level: 2, number: 1), .init(level: 0, number: 273)])
            ),
            .tiles(TilesMessage(request: 4, tiles: [digests(256), [], digests(3)])),
            .ping, .pong,
        ] + forks.map(Message.fork) + decisions.map(Message.decision) + questions.map(Message.question)
            + replies.map(Message.reply)
    }
}

extension Message {
    /// The payload in one piece.
    var bytes: [UInt8] { payload.flatMap { $0 } }
}
