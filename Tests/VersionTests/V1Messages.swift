import Cryptography
import Federation
import SyncProtocol
import TransparencyLog

extension V1 {
    static let hello = Hello(
        minimumVersion: 1, maximumVersion: 1, federation: Array("pilot.example".utf8), node: Array("north".utf8), epoch: 1,
        topologyHash: hash("topology"), rulebookHash: hash("rulebook"), wallMilliseconds: 1_700_000_000_000, features: [])

    static let cutText = Array(
        ("concord/cut/v1\ntopology iKZrKYYsNpcX2OYgeZMDl0sBAWOwLWcz3YHVWm6bo9Q=\n").utf8)

    private static let held = Reply.Held(note: checkpoint.note, complete: 9, least: 2, root: checkpoint.root)

    private static func question(_ content: Question.Content) -> Message {
        .question(Question(identifier: 0x0102_0304_0506_0708, asker: Array("north".utf8), content: content))
    }

    private static func reply(_ content: Reply.Content) -> Message {
        .reply(Reply(identifier: 0x0102_0304_0506_0708, node: Array("south".utf8), content: content))
    }

    /// Every message of version 1, in every form that it has.
    static let messages: [(name: String, message: Message)] = [
        ("01-hello", .hello(hello)), ("02-refusal", .refusal(Refusal(.version, "upgrade the older one"))),
        ("03-announce", .announce([Announcement(note: checkpoint.note, complete: 8)])), ("03-announce-end", .announce([])),
        ("04-pull", .pull(Pull(request: 7, origin: origin, first: 256, end: 512, target: 1_000))),
        (
            "05-range",
            .range(
                RangeMessage(
                    request: 7, origin: origin, first: 252, pieces: [packed.slice(0..<4), packed.slice(4..<9)],
                    note: checkpoint.note, proof: Array(leaves.prefix(3))))
        ),
        (
            "05-range-pushed",
            .range(
                RangeMessage(request: 0, origin: origin, first: 0, pieces: [packed], note: checkpoint.note, proof: []))
        ),
        ("06-credit", .credit(1 << 20)), ("07-unavailable", .unavailable(request: 7)),
        ("08-pull-entries", .pullEntries(EntryPull(request: 8, origin: origin, indices: [0, 6, 1 << 40]))),
        (
            "09-entries",
            .entries(
                EntriesMessage(
                    request: 8,
                    items: events.enumerated().map {
                        .init(index: UInt64($0.offset), entry: $0.element.entry, body: $0.element.body)
                    }, isPartial: true))
        ),
        (
            "10-pull-tiles",
            .pullTiles(
                TilePull(
                    request: 9, origin: origin, size: 70_000, tiles: [.init(level: 1, number: 1), .init(level: 0, number: 273)])
            )
        ),
        ("11-tiles", .tiles(TilesMessage(request: 9, tiles: [leaves, []]))),
        ("12-fork-same-size", .fork(forks[0].proof)), ("12-fork-two-sizes", .fork(forks[1].proof)),
        ("13-question-frontier", question(.frontier)), ("13-question-attest", question(.attest(cut: cutText))),
        ("13-question-result", question(.result(cut: cutText, attestations: [checkpoint.note]))),
        (
            "14-reply-frontier",
            reply(.frontier([held], topologyHash: hash("topology"), rulebookHash: hash("rulebook")))
        ),
        ("14-reply-attestation", reply(.attestation(note: checkpoint.note))), ("14-reply-refusal", reply(.refusal("behind"))),
        ("15-ping", .ping), ("16-pong", .pong),
        ("17-decision-size-3", .decision(decisions[0].decided)), ("17-decision-size-0", .decision(decisions[1].decided)),
    ]
}
