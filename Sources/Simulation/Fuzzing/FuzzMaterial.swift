internal import Cryptography
internal import Encoding
internal import Federation
internal import TransparencyLog

/// Valid things for seeds: an honest log, one that forked, and events of every kind.
enum FuzzMaterial {
    static let federation = "pilot.example"
    static let honest = origin("north", 1)
    static let forking = origin("south", 2)
    static let honestKey = key(1)
    static let forkingKey = key(2)
    static let keys = [verifier(honest, honestKey), verifier(forking, forkingKey)]

    static func origin(_ node: String, _ epoch: Int) -> [UInt8] { Array("\(federation)/\(node)/\(epoch)".utf8) }

    static func key(_ number: UInt8) -> SigningKey {
        guard let key = SigningKey(seed: [UInt8](repeating: number, count: 32)) else {
            preconditionFailure("32 bytes are the seed of a key")
        }
        return key
    }

    static func verifier(_ name: [UInt8], _ key: SigningKey) -> VerifierKey {
        guard let verifying = VerifyingKey(key.publicKey) else { preconditionFailure("a key's public half is one") }
        return VerifierKey(name: name, key: verifying)
    }

    /// Bodies of every kind, without and with extensions.
    static let bodies: [Body] = {
        let target = Position(origin: honest, index: 7)
        let contents: [Body.Content] = [
            .observation(factor: Array("traffic.offence".utf8), quantity: 2, reference: [1, 2, 3]),
            .observation(factor: Array("义务劳动".utf8), quantity: .max, reference: []),
            .retraction(target: target, reason: Array("recorded twice".utf8)), .appeal(target: target, reason: []),
            .ruling(target: target, verdict: .overturned, reason: Array("not proven".utf8)),
            .enrolment(statement: Array("I take part".utf8)), .withdrawal(statement: []),
        ]
        return contents.enumerated().map { place, content in
            Body(
                salt: [UInt8](repeating: UInt8(place), count: Body.saltBytes), day: 18_000 + UInt32(place),
                subject: SubjectID(high: UInt64(place), low: 77), content: content,
                extensions: place % 2 == 0 ? [] : [1, 2, UInt8(place)])
        }
    }()

    static let time: UInt64 = 1_700_000_000_000 << 16

    /// Entries of every kind, then one of an unknown kind and one of an unknown version, with their bodies; an empty body
    /// is none.
    static let events: [(entry: [UInt8], body: [UInt8])] = {
        var events = bodies.map { body in
            let encoded = body.encoded
            let entry = Entry(kind: body.content.kind, recordedAt: time, commitment: sha256(encoded))
            return (entry: entry.encoded, body: encoded)
        }
        let erasure = Entry(erasing: Position(origin: honest, index: 1), ground: .order, recordedAt: time + 1)
        events.append((erasure.encoded, []))
        events.append((Array(events[0].entry[..<1]) + [99] + events[0].entry[2...], events[0].body))
        events.append(([2, 1, 5, 5, 5], []))
        return events
    }()

    static func packed(_ events: [(entry: [UInt8], body: [UInt8])]) -> PackedEntries {
        var builder = PackedEntriesBuilder()
        for event in events { builder.append(entry: event.entry, body: event.body) }
        return builder.finish()
    }

    /// Leaf hashes of a log, and those of one that differs from index 5 on.
    static let leaves = (0..<300).map { leafHash(Array("entry \($0)".utf8)) }
    static let otherLeaves = (0..<300).map { $0 < 5 ? leaves[$0] : leafHash(Array("other \($0)".utf8)) }

    static func checkpoint(_ size: Int, of leaves: [Digest] = leaves, isForking: Bool = false) -> SignedCheckpoint {
        let origin = isForking ? forking : honest
        let root = ReferenceTree.root(leaves[..<size])
        let stated = Checkpoint(origin: origin, size: UInt64(size), root: root)
        guard let signed = try? SignedCheckpoint(signing: stated, with: isForking ? forkingKey : honestKey) else {
            preconditionFailure("what was signed verifies")
        }
        return signed
    }

    static let note = checkpoint(3).note

    /// Proofs against the log that forked: of one size, and of two.
    static let forkProofs: [ForkProof] = {
        let first = checkpoint(8, isForking: true)
        let second = checkpoint(8, of: otherLeaves, isForking: true)
        let larger = checkpoint(13, of: otherLeaves, isForking: true)
        let divergence = ForkProof.Divergence(
            index: 6, first: .init(leaf: leaves[6], path: ReferenceTree.path(6, leaves[..<8])),
            second: .init(leaf: otherLeaves[6], path: ReferenceTree.path(6, otherLeaves[..<13])))
        return [
            ForkProof(firstNote: first.note, secondNote: second.note),
            ForkProof(firstNote: first.note, secondNote: larger.note, divergence: divergence),
        ]
    }()

    /// The authority's log signs decisions.
    static let authority = origin("centre", 1)
    static let authorityKey = key(3)

    /// Decisions on the log that forked: that it ends with the larger checkpoint, and that nothing of it stays.
    static let decisions: [DecidedFork] = {
        let end = checkpoint(13, of: otherLeaves, isForking: true)
        let ends = [(end.size, end.root, end.note), (0, sha256([]), [])]
        return ends.enumerated().map { place, end in
            let decision = ForkDecision(origin: forking, number: UInt64(place + 1), size: end.0, root: end.1)
            return DecidedFork(
                deciding: decision, proof: forkProofs[place], checkpoint: end.2, signer: authority, with: authorityKey)
        }
    }()

    /// What is no proof: an honest log's checkpoints.
    static let falseProofs: [ForkProof] = {
        let inclusion = ForkProof.Inclusion(leaf: leaves[6], path: ReferenceTree.path(6, leaves[..<8]))
        let other = ForkProof.Inclusion(leaf: otherLeaves[6], path: ReferenceTree.path(6, leaves[..<13]))
        return [
            ForkProof(firstNote: checkpoint(8).note, secondNote: checkpoint(8).note),
            ForkProof(
                firstNote: checkpoint(8).note, secondNote: checkpoint(13).note,
                divergence: .init(index: 6, first: inclusion, second: other)),
        ]
    }()
}
