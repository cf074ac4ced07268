package import Cryptography
package import Federation
internal import GRDB
internal import TransparencyLog

/// An entry with its body.
package struct StoredEntry: Equatable, Sendable {
    package let entry: [UInt8]
    /// Empty where there is none, it is missing, or it is erased.
    package let body: [UInt8]

    package init(entry: [UInt8], body: [UInt8]) {
        self.entry = entry
        self.body = body
    }
}

extension LogStore {
    /// The log, if it holds entries up to `end`.
    func log(_ origin: OriginName, covering end: UInt64) throws -> LogState {
        guard let log = state(origin), end <= log.size else {
            throw StoreFailure(.rejected, "the log \(origin) is not stored up to \(end)")
        }
        return log
    }

    /// Entries of a range, split where bundles meet; aligned full bundles are the bytes that are stored. Bodies that wait
    /// to be dropped are left out, unless `showsHidden`: they count wherever the erasure does not yet, and leave the node only
    /// as scores. No run is added beyond `maximumBytes`, but for the first.
    package func packed(
        _ origin: OriginName, _ range: Range<UInt64>, maximumBytes: Int = .max, showsHidden: Bool = false
    ) throws -> [PackedEntries] {
        let log = try log(origin, covering: range.upperBound)
        guard !range.isEmpty else { return [] }
        var runs: [PackedEntries] = []
        var bytes = 0
        try read("read entries of \(origin)") { database in
            var start = range.lowerBound
            while start < range.upperBound, runs.isEmpty || bytes < maximumBytes {
                let bundle = start / Tiling.width
                let end = min((bundle + 1) * Tiling.width, range.upperBound)
                let part = Int(start % Tiling.width)..<Int(end - bundle * Tiling.width)
                let run = try run(log, bundle, part, showsHidden: showsHidden, database)
                if !runs.isEmpty, bytes + run.bytes.count > maximumBytes { return }
                bytes += run.bytes.count
                runs.append(run)
                start = end
            }
        }
        return runs
    }

    /// Entries of one bundle or of the tail.
    private func run(
        _ log: LogState, _ bundle: UInt64, _ part: Range<Int>, showsHidden: Bool, _ database: Database
    ) throws -> PackedEntries {
        let items = bundle == log.levels.bundles ? log.tail : try Self.items(log, bundle, database).slice(part)
        let shown = bundle == log.levels.bundles ? items.slice(part) : items
        let hidden = log.erased.bits(ofBundle: bundle)
        if hidden.isEmpty || showsHidden { return shown }
        return shown.withoutBodies(at: Set(hidden.indices.filter(part.contains).map { $0 - part.lowerBound }))
    }

    private static func items(_ log: LogState, _ bundle: UInt64, _ database: Database) throws -> PackedEntries {
        let bytes = try database.firstRow("SELECT items FROM bundle WHERE key = ?", [RowKey.make(log.number, bundle)]) {
            try $0.bytes(0)
        }
        guard let bytes, let items = try? PackedEntries(checking: bytes), items.count == Int(Tiling.width) else {
            throw StoreFailure(.corrupt, "bundle \(bundle) of \(log.origin) is damaged; run `concord resync`")
        }
        return items
    }

    /// One entry and its body; nil beyond the end of the log.
    package func entry(_ origin: OriginName, _ index: UInt64) throws -> StoredEntry? {
        guard let log = state(origin), index < log.size else { return nil }
        let (entry, body) = try packed(origin, index..<(index + 1))[0].unpacked[0]
        return StoredEntry(entry: entry, body: body)
    }

    /// The stored leaf hash of an entry; nil beyond the end of the log.
    package func leafHash(_ origin: OriginName, _ index: UInt64) throws -> Digest? {
        guard let log = state(origin), index < log.size else { return nil }
        return try withHashes(log) { try $0.leafHashes(index / Tiling.width)[Int(index % Tiling.width)] }
    }

    /// Leaf hashes from an index to the end, computed from what a reading connection gets back from the file: what a
    /// checkpoint is to be signed over. The end may be later than that of a state read before.
    package func readBack(_ origin: OriginName, from first: UInt64) throws -> [Digest] {
        guard let log = state(origin), first < log.size else { return [] }
        return try read("read back \(origin)") { try LogReadBack($0, log.number).leafHashes(from: first) }
    }

    func withHashes<Value>(_ log: LogState, _ body: (LogHashes) throws -> Value) throws -> Value {
        try read("read hashes of \(log.origin)") { database in
            try body(LogHashes(log) { try StagedLog.leafHashes(of: log, $0, database) })
        }
    }
}

extension LogStore {
    /// Root of the tree of a log's first `size` entries.
    package func root(_ origin: OriginName, at size: UInt64) throws -> Digest {
        let log = try log(origin, covering: size)
        return try withHashes(log) { try $0.root(at: size) }
    }

    /// Path from the entry at an index to the root of the first `size` entries (RFC 6962 section 2.1.1).
    package func inclusionProof(_ origin: OriginName, _ index: UInt64, size: UInt64) throws -> [Digest] {
        let log = try log(origin, covering: size)
        guard index < size else { throw StoreFailure(.rejected, "the entry \(index) is not among the first \(size)") }
        return try withHashes(log) { try ProofBuilder.inclusion(index: index, size: size, $0) }
    }

    /// Proof that the first `second` entries begin with the first `first` (RFC 6962 section 2.1.2).
    package func consistencyProof(_ origin: OriginName, first: UInt64, second: UInt64) throws -> [Digest] {
        let log = try log(origin, covering: second)
        guard first <= second else { throw StoreFailure(.rejected, "a log of \(second) entries does not begin with \(first)") }
        return try withHashes(log) { try ProofBuilder.consistency(first: first, second: second, $0) }
    }
}

extension LogStore {
    /// The first `width` hashes of a tile of C2SP tlog-tiles, 32 bytes each; level 0 holds leaf hashes.
    package func tile(_ origin: OriginName, level: Int, number: UInt64, width: Int) throws -> [UInt8] {
        let log = try log(origin, covering: 0)
        guard level >= 0, (1...Int(Tiling.width)).contains(width) else { throw noTile(origin) }
        if level > 0 {
            guard let hashes = log.levels.tile(level - 1, number, width) else { throw noTile(origin) }
            return tileBytes(hashes)
        }
        guard number < log.levels.bundles || (number == log.levels.bundles && width <= log.tail.count) else {
            throw noTile(origin)
        }
        return try withHashes(log) { tileBytes(try $0.leafHashes(number).prefix(width)) }
    }

    /// The first `width` entries of a bundle in the form of C2SP tlog-tiles.
    package func entryBundle(_ origin: OriginName, number: UInt64, width: Int) throws -> [UInt8] {
        bundle(of: try unpacked(origin, number, width).map(\.entry))
    }

    /// The bodies beside them in the same form; length 0 where there is none or it may not be shown.
    package func bodyBundle(_ origin: OriginName, number: UInt64, width: Int) throws -> [UInt8] {
        bundle(of: try unpacked(origin, number, width).map(\.body))
    }

    private func unpacked(
        _ origin: OriginName, _ number: UInt64, _ width: Int
    ) throws -> [(entry: [UInt8], body: [UInt8])] {
        guard (1...Int(Tiling.width)).contains(width), number < RowKey.maximumSize / Tiling.width else {
            throw noTile(origin)
        }
        let start = number * Tiling.width
        return try packed(origin, start..<(start + UInt64(width))).flatMap(\.unpacked)
    }

    private func noTile(_ origin: OriginName) -> StoreFailure {
        StoreFailure(.rejected, "the log \(origin) has no such tile")
    }
}
