internal import Cryptography
internal import Federation
internal import Replication
internal import Storage
internal import SyncProtocol
internal import TransparencyLog

// Answers to peers' requests, read from the store.
extension SyncService {
    /// A range in whole bundles as they lie in the store, up to the size of one answer, with its proof.
    func answer(_ pull: Pull, _ session: SessionID) throws {
        guard let origin = OriginName(pull.origin), let state = node.log.state(origin), let checkpoint = state.checkpoint,
            pull.target <= checkpoint.size
        else { return reply(.unavailable(request: pull.request), to: session) }
        let pieces = try node.log.packed(
            origin, pull.first..<pull.end, maximumBytes: Limits.rangeBytes + Limits.rangeBytes / 4)
        let position = pieces.reduce(pull.first) { $0 + UInt64($1.count) }
        // The newest checkpoint proves what the one asked for does.
        let proof = try node.log.consistencyProof(origin, first: position, second: checkpoint.size)
        reply(
            .range(
                RangeMessage(
                    request: pull.request, origin: pull.origin, first: pull.first, pieces: pieces, note: checkpoint.note,
                    proof: proof)),
            to: session)
    }

    func answer(_ pull: EntryPull, _ session: SessionID) throws {
        guard let origin = OriginName(pull.origin), let state = node.log.state(origin) else {
            return reply(.unavailable(request: pull.request), to: session)
        }
        var items: [EntriesMessage.Item] = []
        var bytes = 0
        var isPartial = false
        for index in pull.indices where index < state.size {
            guard let stored = try? node.log.entry(origin, index) else { continue }
            items.append(EntriesMessage.Item(index: index, entry: stored.entry, body: stored.body))
            bytes += stored.entry.count + stored.body.count + 16
            if bytes > Limits.rangeBytes * 2 {
                isPartial = true
                break
            }
        }
        reply(.entries(EntriesMessage(request: pull.request, items: items, isPartial: isPartial)), to: session)
    }

    func answer(_ pull: TilePull, _ session: SessionID) throws {
        guard let origin = OriginName(pull.origin), let state = node.log.state(origin), pull.size <= state.size else {
            return reply(.unavailable(request: pull.request), to: session)
        }
        reply(.tiles(TilesMessage(request: pull.request, tiles: tiles(origin, pull.size, pull.tiles))), to: session)
    }

    /// Tiles of the log of `size` entries in the order asked for; an empty one where there is none.
    func tiles(_ origin: OriginName, _ size: UInt64, _ coordinates: [TilePull.Coordinate]) -> [[Digest]] {
        var tiles: [[Digest]] = []
        for tile in coordinates {
            let hashes = size >> UInt64(min(63, Int(tile.level) * Tiling.height))
            let first = tile.number.multipliedReportingOverflow(by: Tiling.width)
            guard !first.overflow, first.partialValue < hashes, tile.level < 8 else {
                tiles.append([])
                continue
            }
            let width = Int(min(Tiling.width, hashes - first.partialValue))
            let bytes = (try? node.log.tile(origin, level: Int(tile.level), number: tile.number, width: width)) ?? []
            tiles.append(tileHashes(bytes) ?? [])
        }
        return tiles
    }

    /// Proof that an entry stands under the origin's own checkpoint.
    func inclusion(_ origin: OriginName, _ index: UInt64) throws -> OwnInclusion? {
        guard let state = node.log.state(origin), index < state.size, let leaf = try node.log.leafHash(origin, index) else {
            return nil
        }
        if let checkpoint = state.checkpoint, index < checkpoint.size {
            let path = try node.log.inclusionProof(origin, index, size: checkpoint.size)
            return OwnInclusion(checkpoint: checkpoint, inclusion: ForkProof.Inclusion(leaf: leaf, path: path))
        }
        guard let proving = state.proving, proving.stored == state.size,
            let path = ProvenInclusion.path(
                index: index, path: try node.log.inclusionProof(origin, index, size: state.size), stored: state.range,
                size: proving.checkpoint.size, consistency: proving.proof)
        else { return nil }
        return OwnInclusion(checkpoint: proving.checkpoint, inclusion: ForkProof.Inclusion(leaf: leaf, path: path))
    }
}
