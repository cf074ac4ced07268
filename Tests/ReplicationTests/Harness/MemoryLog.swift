import Cryptography
import Federation
import Replication
import SyncProtocol
import TransparencyLog

/// One log as a store keeps it: entries with bodies, the tree over them, and what proves them.
struct MemoryLog {
    let origin: OriginName
    private(set) var entries: [(entry: [UInt8], body: [UInt8])] = []
    private(set) var hashes: [Digest] = []
    private(set) var tree = CompactRange()
    /// Entries whose bodies are missing, ascending.
    private(set) var missing: [UInt64] = []
    /// The largest checkpoint that the entries cover.
    /// What the last entries were proven under, where that covers more.
    var promised: SignedCheckpoint?
    var checkpoint: SignedCheckpoint?
    /// What proves entries beyond it.
    var proving: (checkpoint: SignedCheckpoint, proof: [Digest])?

    init(origin: OriginName) { self.origin = origin }

    var size: UInt64 { tree.size }

    mutating func append(entry: [UInt8], body: [UInt8]) {
        if body.isEmpty && Entry.hasBody(entry) { missing.append(size) }
        let hash = leafHash(entry)
        entries.append((entry, body))
        hashes.append(hash)
        tree.append(hash)
    }

    /// Appends a proven range; nil where it was stored.
    mutating func integrate(_ integration: Integration) -> IntegrationFailure? {
        guard integration.first == size else { return .outOfOrder }
        var arrived: [(entry: [UInt8], body: [UInt8])] = []
        var after = tree
        for piece in integration.pieces {
            for item in piece.unpacked {
                arrived.append(item)
                after.append(leafHash(item.entry))
            }
        }
        let checkpoint = integration.checkpoint
        guard
            Proofs.isConsistent(
                first: after.size, firstRoot: after.root, second: checkpoint.size, secondRoot: checkpoint.root,
                path: integration.proof)
        else { return .unproven }
        for item in arrived { append(entry: item.entry, body: item.body) }
        if checkpoint.size == size {
            self.checkpoint = checkpoint
            proving = nil
        } else {
            proving = (checkpoint, integration.proof)
        }
        return nil
    }

    /// Puts a body in its place if the entry commits to it.
    mutating func fill(_ index: UInt64, _ body: [UInt8]) {
        guard let place = missing.firstIndex(of: index),
            entries[Int(index)].entry.suffix(32).elementsEqual(sha256(body).bytes)
        else { return }
        entries[Int(index)].body = body
        missing.remove(at: place)
    }

    mutating func drop(bodyAt index: UInt64) {
        entries[Int(index)].body = []
        missing = (missing + [index]).sorted()
    }

    mutating func truncate(to size: UInt64) {
        let kept = entries.prefix(Int(size))
        self = MemoryLog(origin: origin)
        for item in kept { append(entry: item.entry, body: item.body) }
    }

    /// Cuts the log to its decided end, or to where it parts from it.
    mutating func settle(_ decision: VerifiedForkDecision, _ commonSize: UInt64?) {
        if decision.size <= size, root(at: decision.size) == decision.root {
            truncate(to: decision.size)
            checkpoint = decision.checkpoint
        } else if let commonSize, commonSize < size {
            let kept = checkpoint.flatMap { $0.size <= commonSize ? $0 : nil }
            truncate(to: commonSize)
            checkpoint = kept
        }
    }

    var held: HeldLog {
        HeldLog(
            origin: origin, stored: size, complete: missing.first ?? size, checkpoint: checkpoint,
            promised: promised, missing: Array(missing.prefix(1_000)))
    }
}

// Reading for peers.
extension MemoryLog {
    func pieces(_ range: Range<UInt64>, maximumBytes: Int = Limits.rangeBytes) -> [PackedEntries] {
        var pieces: [PackedEntries] = []
        var builder = PackedEntriesBuilder()
        var bytes = 0
        for index in range where index < size {
            builder.append(entry: entries[Int(index)].entry, body: entries[Int(index)].body)
            if (index + 1) % Tiling.width == 0 {
                pieces.append(builder.finish())
                bytes += pieces.last?.bytes.count ?? 0
                if bytes >= maximumBytes { break }
            }
        }
        if builder.count > 0 { pieces.append(builder.finish()) }
        return pieces
    }

    func answer(_ pull: Pull) -> Message {
        guard let checkpoint, pull.target <= checkpoint.size else { return .unavailable(request: pull.request) }
        let pieces = pieces(pull.first..<pull.end)
        let end = pieces.reduce(pull.first) { $0 + UInt64($1.count) }
        let proof = try! ProofBuilder.consistency(first: end, second: checkpoint.size, self)
        return .range(
            RangeMessage(
                request: pull.request, origin: pull.origin, first: pull.first, pieces: pieces, note: checkpoint.note,
                proof: proof))
    }

    func answer(_ pull: EntryPull) -> Message {
        let items = pull.indices.filter { $0 < size }.map {
            EntriesMessage.Item(index: $0, entry: entries[Int($0)].entry, body: entries[Int($0)].body)
        }
        return .entries(EntriesMessage(request: pull.request, items: items, isPartial: false))
    }

    func tiles(size: UInt64, _ coordinates: [TilePull.Coordinate]) -> [[Digest]] {
        coordinates.map { coordinate in
            let level = Int(coordinate.level) * Tiling.height
            let all = min(size, self.size) >> UInt64(level)
            let first = coordinate.number * Tiling.width
            guard first < all else { return [] }
            return (first..<min(first + Tiling.width, all)).map { try! hash(level: level, index: $0) }
        }
    }

    func inclusion(_ index: UInt64) -> OwnInclusion? {
        let leaf = hashes[Int(index)]
        if let checkpoint, index < checkpoint.size {
            let path = try! ProofBuilder.inclusion(index: index, size: checkpoint.size, self)
            return OwnInclusion(checkpoint: checkpoint, inclusion: .init(leaf: leaf, path: path))
        }
        guard let proving,
            let path = ProvenInclusion.path(
                index: index, path: try! ProofBuilder.inclusion(index: index, size: size, self), stored: tree,
                size: proving.checkpoint.size, consistency: proving.proof)
        else { return nil }
        return OwnInclusion(checkpoint: proving.checkpoint, inclusion: .init(leaf: leaf, path: path))
    }

    func root(at size: UInt64) -> Digest { treeRoot(hashes.prefix(Int(size))) }
}

extension MemoryLog: SubtreeHashes {
    func hash(level: Int, index: UInt64) throws -> Digest {
        let first = Int(index << UInt64(level))
        var leaves = Array(hashes[first..<(first + 1 << level)])
        return perfectRoot(&leaves)
    }
}
