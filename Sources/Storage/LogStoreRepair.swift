package import Cryptography
package import Federation
internal import GRDB
internal import TransparencyLog

/// Repairs after ``LogVerifier`` has found damage. Each looks at the stored bytes again, takes nothing that contradicts
/// hashes which are agreed on, and has the log's state read anew when the write commits. Where SQLite cannot write to a page
/// of the file any more, ``LogStore/copyReadable(to:)`` makes a new file first.
extension LogTransaction {
    /// Makes a bundle whole from what is stored of it: leaf hashes and root from good entries, framing from entries that
    /// were made out. False where that is not enough.
    @discardableResult
    package func repairBundle(_ origin: OriginName, _ number: UInt64) throws -> Bool {
        try repair(origin) { log in
            let (evidence, finding) = try examine(log, number)
            guard let leaves = finding.leaves, let runs = runs(finding, evidence) else { return false }
            try rewrite(log, number, runs, leaves)
            return true
        }
    }

    /// Replaces damaged entries by fetched ones, which must have the agreed leaf hashes; an empty body is a missing one. All
    /// damaged entries of a bundle have to come together. Where a bundle's leaf hashes are not agreed on, or of the tail are
    /// not known, ``replaceTile(_:_:_:)`` or ``restoreTail(_:_:leafHashes:)`` comes first.
    package func replaceEntries(_ origin: OriginName, _ entries: [UInt64: StoredEntry]) throws {
        try repair(origin) { log in
            for number in Set(entries.keys.map { $0 / Tiling.width }).sorted() {
                let part = entries.filter { $0.key / Tiling.width == number }
                if number < log.recordedSize / Tiling.width {
                    try replaceEntries(log, number, part)
                } else {
                    try replaceTailEntries(log, part)
                }
            }
        }
    }

    /// Sets the leaf hashes of a bundle, and its root with them, to ones that were proven elsewhere.
    package func replaceTile(_ origin: OriginName, _ number: UInt64, _ hashes: [Digest]) throws {
        guard hashes.count == Int(Tiling.width) else { throw StoreFailure(.rejected, "a bundle has 256 leaf hashes") }
        try repair(origin) { log in
            try requireBundle(log, number)
            try database.run(
                """
                INSERT INTO bundle (key, hashes, items) VALUES (?, ?, x'')
                ON CONFLICT (key) DO UPDATE SET hashes = excluded.hashes
                """, [RowKey.make(log.number, number), blob(hashes)])
        }
        try replaceBundleRoot(origin, number, BundleFinding.root(hashes))
    }

    /// Sets the root of a bundle to one that was proven elsewhere.
    package func replaceBundleRoot(_ origin: OriginName, _ number: UInt64, _ root: Digest) throws {
        try repair(origin) { log in
            try requireBundle(log, number)
            try database.run(
                "INSERT OR REPLACE INTO root (key, hash) VALUES (?, ?)", [RowKey.make(log.number, number), blob(root)])
        }
    }

    /// Replaces all that is stored after the last full bundle, and so the size of the log, which must still cover what is
    /// signed.
    package func restoreTail(_ origin: OriginName, _ items: PackedEntries, leafHashes: [Digest]) throws {
        try repair(origin) { log in
            let start = log.recordedSize / Tiling.width * Tiling.width
            let size = start + UInt64(items.count)
            guard items.count == leafHashes.count, items.count < Int(Tiling.width),
                size >= max(log.checkpoint?.size ?? 0, log.proving?.stored ?? 0)
            else { throw StoreFailure(.rejected, "that is not the tail of \(origin), or less than what is signed") }
            try rewriteTail(log, start, items, leafHashes)
            try writeMark(RowKey.make(log.number, start / Tiling.width), items)
        }
    }

    /// Makes the tail whole from the entries that can be made out, as far as they reach without a gap. `prefersHashes` tells
    /// what counts where entry and stored leaf hash differ: nothing with it, the entry without it. Returns the new size.
    @discardableResult
    package func repairTail(_ origin: OriginName, prefersHashes: Bool = true) throws -> UInt64 {
        var items = PackedEntries.empty
        var hashes: [Digest] = []
        try repair(origin) { log in
            let start = log.recordedSize / Tiling.width * Tiling.width
            let finding = try TailFinding(database, log.number, start: start, end: log.recordedSize)
            for item in finding.items {
                guard let entry = item.entry, let hash = item.computed, !prefersHashes || !item.isContested else { break }
                items = items.appending(entry)
                hashes.append(hash)
            }
        }
        try restoreTail(origin, items, leafHashes: hashes)
        return (state(origin)?.recordedSize ?? 0) / Tiling.width * Tiling.width + UInt64(items.count)
    }

    /// Makes whole what is stored in enough ways to be made whole: hashes that entries give back, framing that hashes give back.
    package func repairFromItself(_ mirror: LogMirror) throws {
        for number in mirror.repairable { try repairBundle(mirror.origin, number) }
        // What is repairable has good entries: where a stored hash differs from one, the hash is wrong.
        if mirror.isTailRepairable { try repairTail(mirror.origin, prefersHashes: false) }
    }

    /// Sets the size of a log to what its rows reach to without a gap: where the recorded size is what is damaged.
    package func repairSize(_ origin: OriginName) throws {
        try repair(origin) { log in
            let loader = LogLoader(database)
            var size =
                Tiling.width
                * max(
                    try loader.last("root", log.number).map { $0 + 1 } ?? 0,
                    try loader.last("bundle", log.number).map { $0 + 1 } ?? 0)
            let last = RowKey.all(log.number).upperBound
            try database.forEachRow(
                "SELECT key, hashes FROM tail WHERE key BETWEEN ? AND ? ORDER BY key", [RowKey.make(log.number, size), last]
            ) { row in
                if RowKey.index(try row.integer(0)) == size { size += UInt64(try row.digests(1)?.count ?? 0) }
            }
            try database.run("UPDATE origin SET size = ? WHERE number = ?", [Int64(size), log.number])
        }
    }

    /// Forgets the checkpoint of a log and the proof of what follows it, where they are damaged themselves.
    package func forgetSignatures(_ origin: OriginName) throws {
        try repair(origin) { log in
            for table in ["checkpoint", "proving"] { try database.run("DELETE FROM \(table) WHERE origin = ?", [log.number]) }
        }
    }

    /// Forgets everything of a log but its evidence of a fork and the decision on it, so that it can be fetched from scratch.
    package func clear(_ origin: OriginName) throws {
        guard let number = state(origin)?.number else { return }
        try repair(origin) { _ in
            let keys = RowKey.all(number)
            for table in ["bundle", "root", "tail", "missing", "erased"] {
                try database.run("DELETE FROM \(table) WHERE key BETWEEN ? AND ?", [keys.lowerBound, keys.upperBound])
            }
            for table in ["checkpoint", "proving"] { try database.run("DELETE FROM \(table) WHERE origin = ?", [number]) }
            try database.run("UPDATE origin SET size = 0 WHERE number = ?", [number])
        }
    }
}

extension LogTransaction {
    /// Runs on the recorded log with everything in rows, and has it read again at the end.
    func repair<Value>(_ origin: OriginName, _ body: (LogState) throws -> Value) throws -> Value {
        guard state(origin) != nil else { throw StoreFailure(.rejected, "nothing of \(origin) is stored") }
        return try change(origin) { staged in
            if !staged.needsReload, staged.log.isSound { try staged.flush(to: database) }
            staged.needsReload = true
            // A body that an erasure took away elsewhere comes back missing.
            dropsBytes = true
            return try body(staged.log)
        }
    }

    private func requireBundle(_ log: LogState, _ number: UInt64) throws {
        guard number < log.recordedSize / Tiling.width else {
            throw StoreFailure(.rejected, "the log \(log.origin) has no bundle \(number)")
        }
    }

    func examine(_ log: LogState, _ number: UInt64) throws -> (BundleEvidence, BundleFinding) {
        try requireBundle(log, number)
        let evidence = try BundleReader(database, RowKey.make(log.number, number)).evidence()
        return (evidence, BundleFinding(evidence))
    }

    /// The entries of a bundle one by one, fetched ones first; nil where one is missing.
    private func runs(
        _ finding: BundleFinding, _ evidence: BundleEvidence, _ fetched: [Int: PackedEntries] = [:]
    ) -> [PackedEntries]? {
        var runs: [PackedEntries] = []
        for index in 0..<Int(Tiling.width) {
            guard let run = fetched[index] ?? finding.spans[index]?.run(evidence.items ?? []) else { return nil }
            runs.append(run)
        }
        return runs
    }

    private func rewrite(_ log: LogState, _ number: UInt64, _ runs: [PackedEntries], _ leaves: [Digest]) throws {
        var builder = PackedEntriesBuilder()
        for run in runs { run.forEach { builder.append($1) } }
        let items = builder.finish()
        let key = RowKey.make(log.number, number)
        try database.run(
            "INSERT OR REPLACE INTO bundle (key, hashes, items) VALUES (?, ?, ?)", [key, blob(leaves), blob(items.bytes)])
        try database.run("INSERT OR REPLACE INTO root (key, hash) VALUES (?, ?)", [key, blob(BundleFinding.root(leaves))])
        try writeMark(key, items)
    }

    /// Marks the entries of a bundle or tail whose body counts as missing.
    private func writeMark(_ key: Int64, _ items: PackedEntries) throws {
        let old = try BundleReader(database, key).mark() ?? BundleBits()
        var bits = BundleBits()
        items.forEach { index, item in bits[index] = item.rightMark(is: old[index]) }
        if bits.isEmpty {
            try database.run("DELETE FROM missing WHERE key = ?", [key])
        } else {
            try database.run("INSERT OR REPLACE INTO missing (key, mask) VALUES (?, ?)", [key, blob(bits.encoded)])
        }
    }

    private func replaceEntries(_ log: LogState, _ number: UInt64, _ entries: [UInt64: StoredEntry]) throws {
        let (evidence, finding) = try examine(log, number)
        guard let leaves = finding.leaves else {
            throw StoreFailure(.rejected, "the leaf hashes of bundle \(number) of \(log.origin) have to be replaced first")
        }
        var fetched: [Int: PackedEntries] = [:]
        for (index, entry) in entries {
            let offset = Int(index % Tiling.width)
            fetched[offset] = try Self.run(entry, at: Position(origin: log.origin.line, index: index), leaves[offset])
        }
        guard let runs = runs(finding, evidence, fetched) else {
            throw StoreFailure(.rejected, "bundle \(number) of \(log.origin) has more damaged entries than were fetched")
        }
        try rewrite(log, number, runs, leaves)
    }

    private func replaceTailEntries(_ log: LogState, _ entries: [UInt64: StoredEntry]) throws {
        let start = log.recordedSize / Tiling.width * Tiling.width
        let finding = try TailFinding(database, log.number, start: start, end: log.recordedSize)
        var items = PackedEntries.empty
        var hashes: [Digest] = []
        for (offset, item) in finding.items.enumerated() {
            let index = start + UInt64(offset)
            let position = Position(origin: log.origin.line, index: index)
            // A stored hash that its entry contradicts decides nothing: who fetched the entry held it against a signed root.
            let agreed = item.isContested ? nil : item.stored
            let fetched = try entries[index].map { try Self.run($0, at: position, agreed ?? leafHash($0.entry)) }
            guard let run = fetched ?? item.entry else {
                throw StoreFailure(.rejected, "the tail of \(log.origin) has more damaged entries than were fetched")
            }
            items = items.appending(run)
            hashes.append(run.onlyLeafHash)
        }
        try rewriteTail(log, start, items, hashes)
        try writeMark(RowKey.make(log.number, start / Tiling.width), items)
    }

    private func rewriteTail(_ log: LogState, _ start: UInt64, _ items: PackedEntries, _ hashes: [Digest]) throws {
        let keys = RowKey.all(log.number)
        try database.run("DELETE FROM tail WHERE key BETWEEN ? AND ?", [keys.lowerBound, keys.upperBound])
        if items.count > 0 {
            try database.run(
                "INSERT INTO tail (key, hashes, items) VALUES (?, ?, ?)",
                [RowKey.make(log.number, start), blob(hashes), blob(items.bytes)])
        }
        try database.run(
            "UPDATE origin SET size = ? WHERE number = ?", [Int64(start + UInt64(items.count)), log.number])
    }

    /// A fetched entry as a run of one, if it has the leaf hash and the body is its own.
    private static func run(_ entry: StoredEntry, at position: Position, _ leaf: Digest) throws -> PackedEntries {
        guard (1...Limits.entryBytes).contains(entry.entry.count), leafHash(entry.entry) == leaf,
            entry.body.isEmpty || Entry.commits(entry.entry, to: entry.body)
        else { throw StoreFailure(.rejected, "the fetched entry \(position) is not the one whose hash is agreed on") }
        var builder = PackedEntriesBuilder()
        builder.append(entry: entry.entry, body: entry.body)
        return builder.finish()
    }
}
