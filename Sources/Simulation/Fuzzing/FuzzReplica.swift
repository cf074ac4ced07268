internal import Cryptography
internal import Encoding
internal import Federation
internal import Replication
internal import SyncProtocol
internal import TransparencyLog

/// A replica whose only peer is hostile: it has a link key and the key of a log, and says whatever the input says. The store
/// behind it is honest and small.
struct FuzzReplica: ~Copyable {
    private var replica: Replica
    private var now: UInt64 = 1_000_000
    private var opened: UInt64 = 0
    private var steps = 0

    // What the replica wanted and has not got yet.
    private var pulls: [Pull] = []
    private var tilePulls: [TilePull] = []
    private var integrations: [Integration] = []
    private var searches: [(number: UInt64, size: UInt64, tiles: [TilePull.Coordinate])] = []
    private var inclusions: [(number: UInt64, index: UInt64)] = []

    /// Leaf hashes of the peer's log, as stored.
    private(set) var stored: [Digest] = []
    private var checkpoint: SignedCheckpoint?
    /// Forks of it that the replica has proven.
    private(set) var forks = 0

    /// Sessions may be opened anew so many times.
    private static let maximumSessions: UInt64 = 6
    /// The logs' entries, of which `leaves` and `otherLeaves` are the hashes.
    private static let histories = [("entry", FuzzMaterial.leaves), ("other", FuzzMaterial.otherLeaves)].map { name, leaves in
        (0..<leaves.count).map { Array("\($0 < 5 ? "entry" : name) \($0)".utf8) }
    }
    /// What the peer signed: two histories, and sizes at which numbers end.
    private static let checkpoints: [SignedCheckpoint] = {
        let sizes = [0, 1, 3, 6, 8, 13, 256, 300]
        let shown = sizes.map { FuzzMaterial.checkpoint($0, isForking: true) }
        let hidden = sizes.map { FuzzMaterial.checkpoint($0, of: FuzzMaterial.otherLeaves, isForking: true) }
        let absurd = [1 << 32, 1 << 40, 1 << 62, UInt64(Int64.max)].compactMap { size in
            try? SignedCheckpoint(
                signing: Checkpoint(origin: FuzzMaterial.forking, size: size, root: FuzzMaterial.leaves[0]),
                with: FuzzMaterial.forkingKey)
        }
        return shown + hidden + absurd + [3, 8, 13].map { FuzzMaterial.checkpoint($0) }
    }()

    init(confirmation: Confirmation) {
        let own = HeldLog(
            origin: FuzzReplica.name(FuzzMaterial.honest), stored: 8, complete: 8, checkpoint: FuzzMaterial.checkpoint(8))
        replica = Replica(
            topology: FuzzMessages.topology, ownNode: 0, hello: FuzzMessages.hello(node: "north"), held: [own],
            confirmation: confirmation)
    }

    private static func name(_ line: [UInt8]) -> OriginName {
        guard let name = OriginName(line) else { preconditionFailure("the origins of the seeds are ones") }
        return name
    }

    private var held: HeldLog {
        HeldLog(
            origin: Self.name(FuzzMaterial.forking), stored: UInt64(stored.count), complete: UInt64(stored.count),
            checkpoint: checkpoint)
    }

    /// Does what the next bytes of the input say; false at its end.
    mutating func step(_ reader: inout ByteReader, _ trace: inout FuzzTrace) throws -> Bool {
        guard reader.remaining > 0, steps < 300 else { return false }
        steps += 1
        try act(try reader.uint8() % 14, &reader)
        let actions = replica.takeActions()
        try trace.require(actions.count < 2_000, "one message led to \(actions.count) actions")
        for action in actions { try take(action, &trace) }
        try trace.require(replica.openSessions().count <= 2, "\(replica.openSessions().count) sessions with one peer are open")
        return true
    }

    private mutating func act(_ choice: UInt8, _ reader: inout ByteReader) throws {
        switch choice {
        case 0: open()
        case 1: replica.linkClosed(try session(&reader), reason: "lost", now: now)
        case 2: hear(.hello(FuzzMessages.hello(node: "south")), try session(&reader))
        case 3: try hearAny(&reader)
        case 4: hear(.announce([try announcement(&reader)]), try session(&reader))
        case 5: hear(.announce([]), try session(&reader))
        case 6: try hearRange(&reader, isPushed: false)
        case 7: try hearRange(&reader, isPushed: true)
        case 8:
            now += UInt64(try reader.uint16())
            replica.tick(now: now)
        case 9: try store(reader.uint8())
        case 10: try hearTiles(&reader)
        case 11: readOwn()
        case 12: hear(.unavailable(request: try request(&reader)), try session(&reader))
        default: replica.setPaused(try reader.uint8() & 1 == 1, now: now)
        }
    }

    private mutating func open() {
        guard opened < Self.maximumSessions else { return }
        opened += 1
        replica.linkOpened(SessionID(opened), peer: 1, now: now, wallMilliseconds: now)
    }

    private func session(_ reader: inout ByteReader) throws -> SessionID {
        SessionID(max(1, opened) - UInt64(try reader.uint8() % 2) % max(1, opened))
    }

    private mutating func hear(_ message: Message, _ session: SessionID) {
        replica.received(message, from: session, now: now)
    }

    private mutating func hearAny(_ reader: inout ByteReader) throws {
        let session = try session(&reader)
        let type = try reader.uint8()
        let payload = try reader.vector(0...0xffff)
        do throws(DecodingFailure) { hear(try Message(type: type, payload: payload), session) } catch {
            replica.receivedUndecodable("\(error)", from: session)
        }
    }

    private func announcement(_ reader: inout ByteReader) throws -> Announcement {
        let note = try signed(&reader).note
        return Announcement(note: note, complete: try reader.uint8() < 128 ? .max : UInt64(try reader.uint16()))
    }

    private func signed(_ reader: inout ByteReader) throws -> SignedCheckpoint {
        Self.checkpoints[Int(try reader.uint8()) % Self.checkpoints.count]
    }

    private func request(_ reader: inout ByteReader) throws -> UInt32 {
        let last = pulls.last?.request ?? tilePulls.last?.request ?? 1
        return last &+ UInt32(try reader.uint8() / 64)
    }

    /// A range as it was asked for, or off by a little, of either history, with a proof that may be right.
    private mutating func hearRange(_ reader: inout ByteReader, isPushed: Bool) throws {
        let session = try session(&reader)
        let checkpoint = try signed(&reader)
        let history = Int(try reader.uint8() & 1)
        let first = (isPushed ? UInt64(stored.count) : pulls.last?.first ?? 0) &+ UInt64(try reader.uint8() / 100)
        let limit = isPushed ? checkpoint.size : min(checkpoint.size, pulls.last?.end ?? 0)
        let count = min(Int(clamping: limit &- min(limit, first)), 300, Int(try reader.uint8()) * 2)
        guard first + UInt64(count) <= 300 else { return }
        let end = Int(first) + count
        let leaves = history == 0 ? FuzzMaterial.leaves : FuzzMaterial.otherLeaves
        let proof =
            checkpoint.size <= 300 && end > 0 && end <= Int(checkpoint.size)
            ? ReferenceTree.consistency(end, leaves[..<Int(checkpoint.size)]) : []
        hear(
            .range(
                RangeMessage(
                    request: isPushed ? 0 : try request(&reader), origin: checkpoint.origin, first: first,
                    pieces: Self.pieces(Int(first)..<end, history), note: checkpoint.note, proof: proof)), session)
    }

    private static func pieces(_ range: Range<Int>, _ history: Int) -> [PackedEntries] {
        var pieces: [PackedEntries] = []
        var builder = PackedEntriesBuilder()
        for index in range {
            builder.append(entry: histories[history][index], body: [])
            if index % 256 == 255 || index == range.upperBound - 1 { pieces.append(builder.finish()) }
        }
        return pieces
    }

    private mutating func hearTiles(_ reader: inout ByteReader) throws {
        let session = try session(&reader)
        let leaves = try reader.uint8() & 1 == 0 ? FuzzMaterial.leaves : FuzzMaterial.otherLeaves
        guard let pull = tilePulls.popLast() else { return }
        let tiles = Self.tiles(pull.tiles, leaves.prefix(Int(clamping: pull.size)))
        hear(.tiles(TilesMessage(request: pull.request, tiles: tiles)), session)
    }

    private static func tiles(_ coordinates: [TilePull.Coordinate], _ leaves: ArraySlice<Digest>) -> [[Digest]] {
        coordinates.map { tile in
            let width = 1 << min(16, 8 * Int(tile.level))
            guard tile.number < 4 else { return [] }
            return (0..<256).prefix { (Int(tile.number) * 256 + $0 + 1) * width <= leaves.count }.map { place in
                let start = (Int(tile.number) * 256 + place) * width
                return ReferenceTree.root(leaves[start..<(start + width)])
            }
        }
    }
}

// The store behind it.
extension FuzzReplica {
    private mutating func take(_ action: ReplicaAction, _ trace: inout FuzzTrace) throws(FuzzFailure) {
        switch action {
        case .send(_, .pull(let pull)): pulls.append(pull)
        case .send(_, .pullTiles(let pull)): tilePulls.append(pull)
        case .send(_, let message):
            trace.note(Int(message.type))
            try trace.require(message.payloadByteCount < Limits.frameBytes, "a message does not fit into a frame")
        case .serve(let session, _), .serveEntries(let session, _), .serveTiles(let session, _): replica.served(session)
        case .integrate(let integration):
            trace.note(100)
            try trace.require(integration.end <= integration.checkpoint.size, "a range goes beyond what proves it")
            try trace.require(integration.origin.line != FuzzMaterial.honest || opened > 0, "the own log comes from nowhere")
            integrations.append(integration)
        case .compare(let session, let checkpoint):
            let isOwn = checkpoint.origin == FuzzMaterial.honest
            let leaves = isOwn ? FuzzMaterial.leaves[..<8] : stored[...]
            try trace.require(checkpoint.size <= UInt64(leaves.count), "more is to be compared than is stored")
            let root = ReferenceTree.root(leaves.prefix(Int(checkpoint.size)))
            replica.compared(checkpoint, ownRoot: root, session: session)
        case .storeFork(let origin, let proof):
            trace.note(101)
            forks += 1
            let proven = try? proof.verify(keys: FuzzMaterial.keys)
            try trace.require(proven == origin.line && proven == FuzzMaterial.forking, "\(origin) is accused")
        case .readTiles(let search, _, let size, let tiles): searches.append((search, size, tiles))
        case .proveInclusion(let search, _, let index): inclusions.append((search, index))
        case .answer(let question): answer(question)
        case .settle: replica.reset(held, now: now)
        case .report, .close, .fill, .confirmed, .unconfirmed, .deliver, .repairAnswer, .observeTime: trace.note(102)
        }
    }

    private mutating func answer(_ question: Question) {
        replica.replied(Reply(identifier: question.identifier, node: Array("north".utf8), content: .refusal("no")))
    }

    /// Takes the oldest range in, if its proof leads to its checkpoint.
    private mutating func store(_ choice: UInt8) throws {
        guard !integrations.isEmpty else { return }
        let integration = integrations.removeFirst()
        guard choice % 8 != 0 else { return replica.integrationFailed(integration, .store, now: now) }
        guard integration.origin.line == FuzzMaterial.forking, integration.first == UInt64(stored.count) else {
            return replica.integrationFailed(integration, .outOfOrder, now: now)
        }
        var after = stored
        for piece in integration.pieces { piece.appendLeafHashes(to: &after) }
        let proving = integration.checkpoint
        guard
            Proofs.isConsistent(
                first: UInt64(after.count), firstRoot: ReferenceTree.root(after[...]), second: proving.size,
                secondRoot: proving.root, path: integration.proof)
        else { return replica.integrationFailed(integration, .unproven, now: now) }
        stored = after
        if proving.size == UInt64(after.count) { checkpoint = proving }
        replica.integrated(held, now: now)
    }

    private mutating func readOwn() {
        if let search = searches.popLast() {
            let leaves = stored.prefix(Int(clamping: search.size))
            replica.ownTiles(search: search.number, Self.tiles(search.tiles, leaves))
        } else if let (number, index) = inclusions.popLast() {
            guard let checkpoint, index < checkpoint.size else { return replica.ownInclusion(search: number, nil) }
            let leaves = stored.prefix(Int(checkpoint.size))
            let inclusion = ForkProof.Inclusion(
                leaf: leaves[Int(index)], path: ReferenceTree.path(Int(index), leaves))
            replica.ownInclusion(search: number, OwnInclusion(checkpoint: checkpoint, inclusion: inclusion))
        }
    }
}
