import Cryptography
import Federation
import Storage
import TransparencyLog

/// What the fixture `store/log.sqlite` holds: everything that a log store can, in small.
enum V1Store {
    static let own = OriginName(V1.origin)!
    static let partial = OriginName("pilot.example/west/1")!
    static let key = SigningKey(seed: Array(40..<72))!

    /// 259 entries of the own log: those of V1 and erasures behind them.
    static let ownEvents: [(entry: [UInt8], body: [UInt8])] =
        V1.events
        + (V1.events.count..<259).map { index in
            let target = Position(origin: V1.origin, index: UInt64(index % 3))
            return (Entry(erasing: target, ground: .request, recordedAt: V1.time + UInt64(index)).encoded, [])
        }

    /// Five entries of a log of eight: the third body has not arrived.
    static let partialEvents: [(entry: [UInt8], body: [UInt8])] = (0..<8).map { index in
        let body = Body(
            salt: Array(0..<16), day: UInt32(index), subject: SubjectID(high: 1, low: 2),
            content: .observation(factor: Array("plus".utf8), quantity: 1, reference: []))
        let entry = Entry(kind: .observation, recordedAt: V1.time, commitment: sha256(body.encoded))
        return (entry.encoded, index == 2 ? [] : body.encoded)
    }

    static let ownCheckpoint = V1.checkpoint(259, treeRoot(ownEvents.map { leafHash($0.entry) }))

    /// The checkpoint of all eight, and the proof that it begins with the five.
    static let proving: (checkpoint: SignedCheckpoint, proof: [Digest]) = {
        let leaves = partialEvents.map { leafHash($0.entry) }
        let stated = Checkpoint(origin: partial.line, size: 8, root: treeRoot(leaves))
        let four = treeRoot(leaves[..<4])
        let proof = [leaves[4], leaves[5], sha256Node(leaves[6], leaves[7]), four]
        return (try! SignedCheckpoint(signing: stated, with: key), proof)
    }()

    static let cut = Array("concord/cut/v1\n".utf8)

    static func fill(_ store: LogStore) throws {
        try store.write { transaction in
            try append(ownEvents, own, transaction)
            try transaction.setCheckpoint(ownCheckpoint)
            try append(Array(partialEvents.prefix(5)), partial, transaction)
            try transaction.setProving(proving.checkpoint, proof: proving.proof)
            try transaction.setMeta("name", [1, 2, 3])
            _ = try transaction.putCut(cut, atMilliseconds: 1_700_000_000_123)
            try transaction.putAttestation(
                StoredAttestation(cut: sha256(cut), node: Array("north".utf8), note: V1.checkpoint.note))
            _ = try transaction.putFork(own, V1.forks[1].proof)
            // The erasures at 9 and 10 name 0 and 1: one body is still to be dropped, the other is gone.
            for (target, erasure) in [(0, 9), (1, 10)] as [(UInt64, UInt64)] {
                _ = try transaction.markErased(
                    Position(origin: own.line, index: target), by: Position(origin: own.line, index: erasure),
                    sinceMilliseconds: 1_700_000_000_456)
            }
            _ = try transaction.dropBodies([Position(origin: own.line, index: 1)])
        }
    }

    /// What schema 3 holds beside the rest: entries set aside, and a decision on the fork.
    static let aside = partialEvents.suffix(3)

    static func fillSchema3(_ store: LogStore) throws {
        try fill(store)
        try store.write { transaction in
            var builder = PackedEntriesBuilder()
            for event in aside { builder.append(entry: event.entry, body: event.body) }
            try transaction.putAside([builder.finish()])
            let authority = VerifierKey(name: V1.authority, key: VerifyingKey(V1.authorityKey.publicKey)!)
            try transaction.putDecision(V1.decisions[0].decided.verify(keys: [V1.verifier], authorities: [authority]))
        }
    }

    static func append(
        _ events: [(entry: [UInt8], body: [UInt8])], _ origin: OriginName, _ transaction: LogTransaction
    ) throws {
        let pieces = stride(from: 0, to: events.count, by: 256).map { start in
            var builder = PackedEntriesBuilder()
            for event in events[start..<min(start + 256, events.count)] { builder.append(entry: event.entry, body: event.body) }
            return builder.finish()
        }
        try transaction.append(origin, pieces, leafHashes: events.map { leafHash($0.entry) })
    }
}
