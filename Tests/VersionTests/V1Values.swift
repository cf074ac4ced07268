import Cryptography
import Federation
import TransparencyLog

/// What the fixtures of version 1 say.
enum V1 {
    static let origin = Array("pilot.example/north/1".utf8)
    static let key = SigningKey(seed: Array(0..<32))!
    static let verifier = VerifierKey(name: origin, key: VerifyingKey(key.publicKey)!)
    static let time: UInt64 = 1_700_000_000_000 << 16 | 7
    static let target = Position(origin: Array("pilot.example/south/2".utf8), index: 513)

    static func hash(_ text: String) -> Digest { sha256(Array(text.utf8)) }

    /// A body of every kind; the appeal has extensions of a later version.
    static let bodies: [(name: String, body: Body)] = [
        ("observation", body(.observation(factor: Array("traffic.offence".utf8), quantity: 3, reference: [0, 1, 255]))),
        ("retraction", body(.retraction(target: target, reason: Array("recorded twice".utf8)))),
        ("appeal", body(.appeal(target: target, reason: Array("不是我".utf8)), extensions: [0, 1, 2, 3])),
        ("ruling", body(.ruling(target: target, verdict: .overturned, reason: []))),
        ("enrolment", body(.enrolment(statement: Array("I take part".utf8)))),
        ("withdrawal", body(.withdrawal(statement: []))),
    ]

    private static func body(_ content: Body.Content, extensions: [UInt8] = []) -> Body {
        Body(
            salt: Array(100..<116), day: 19_675, subject: SubjectID(high: 5, low: 0x0123_4567_89ab_cdef), content: content,
            extensions: extensions)
    }

    static let entries: [(name: String, entry: Entry)] =
        bodies.map { ($0.name, Entry(kind: $0.body.content.kind, recordedAt: time, commitment: sha256($0.body.encoded))) }
        + [("erasure", Entry(erasing: target, ground: .storagePeriodOver, recordedAt: time))]

    /// An entry of a kind and one of a version that version 1 does not know: both are kept as they are.
    static let strangers: [[UInt8]] = [[1, 42] + [UInt8](repeating: 9, count: 40), [2, 1] + [UInt8](repeating: 8, count: 50)]

    /// Every entry, with its body where it has one.
    static let events: [(entry: [UInt8], body: [UInt8])] =
        zip(entries, bodies.map(\.body.encoded) + [[]]).map { ($0.entry.encoded, $1) } + strangers.map { ($0, []) }

    static let leaves = events.map { leafHash($0.entry) }

    static let packed: PackedEntries = {
        var builder = PackedEntriesBuilder()
        for event in events { builder.append(entry: event.entry, body: event.body) }
        return builder.finish()
    }()

    static func checkpoint(_ size: UInt64, _ root: Digest) -> SignedCheckpoint {
        try! SignedCheckpoint(signing: Checkpoint(origin: origin, size: size, root: root), with: key)
    }

    static let checkpoint = checkpoint(UInt64(leaves.count), treeRoot(leaves))

    static let authority = Array("pilot.example/centre/1".utf8)
    static let authorityKey = SigningKey(seed: Array(200..<232))!

    /// An authority's decisions: the forked log ends with the larger checkpoint; it ends with nothing.
    static let decisions: [(name: String, decided: DecidedFork)] = {
        let proof = forks[1].proof
        let end = try! SignedCheckpoint(note: proof.secondNote, keys: [verifier])
        let ends = [("size-3", end.size, end.root, end.note), ("size-0", 0, sha256([]), [])]
        return ends.enumerated().map { place, end in
            let decision = ForkDecision(origin: origin, number: UInt64(place + 1), size: end.1, root: end.2)
            let decided = DecidedFork(
                deciding: decision, proof: proof, checkpoint: end.3, signer: authority, with: authorityKey)
            return ("fork-decision-\(end.0)", decided)
        }
    }()

    /// Two checkpoints of one size; and two of different sizes, with the leaves at index 1.
    static let forks: [(name: String, proof: ForkProof)] = {
        let (a, b, c) = (hash("a"), hash("b"), hash("c"))
        let two = checkpoint(2, sha256Node(a, b))
        let other = checkpoint(2, sha256Node(a, c))
        let three = checkpoint(3, sha256Node(sha256Node(a, c), b))
        return [
            ("fork-proof-same-size", ForkProof(firstNote: two.note, secondNote: other.note)),
            (
                "fork-proof-two-sizes",
                ForkProof(
                    firstNote: two.note, secondNote: three.note,
                    divergence: .init(index: 1, first: .init(leaf: b, path: [a]), second: .init(leaf: c, path: [a, b])))
            ),
        ]
    }()
}
