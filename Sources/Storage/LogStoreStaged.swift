internal import Cryptography
internal import Federation
internal import GRDB
internal import TransparencyLog

/// A log while a write changes it: the state that will be published, and what of it is not in a row yet.
struct StagedLog {
    var log: LogState
    /// Entries of the tail that are in rows.
    private var tailWritten: Int
    /// Bundles whose marks of missing bodies changed.
    private var changedMarks: Set<UInt64> = []
    /// Rows were repaired: the state is to be read again.
    var needsReload = false

    init(_ log: LogState) {
        self.log = log
        tailWritten = log.tail.count
    }

    func requireSound() throws {
        guard !needsReload, log.isSound else {
            throw StoreFailure(.corrupt, "the stored log \(log.origin) is damaged and takes nothing; run `concord resync`")
        }
    }

    func hashes(_ database: Database) -> LogHashes { LogHashes(log) { try Self.leafHashes(of: log, $0, database) } }

    static func leafHashes(of log: LogState, _ bundle: UInt64, _ database: Database) throws -> [Digest] {
        guard let hashes = try BundleReader(database, RowKey.make(log.number, bundle)).hashes() else {
            throw StoreFailure(.corrupt, "the hashes of bundle \(bundle) of \(log.origin) are damaged; run `concord resync`")
        }
        return hashes
    }

    // MARK: Appending

    /// - Parameter root: of the piece, where it is a bundle by itself and its root is known.
    mutating func append(
        _ piece: PackedEntries, _ hashes: ArraySlice<Digest>, root: Digest?, _ database: Database
    ) throws {
        var taken = 0
        while taken < piece.count {
            let count = min(Int(Tiling.width) - log.tail.count, piece.count - taken)
            let part = piece.slice(taken..<(taken + count))
            let leaves = hashes.dropFirst(taken).prefix(count)
            markMissing(part)
            if log.tail.count + count == Int(Tiling.width) {
                try addBundle(part, leaves, root: root, database)
            } else {
                log.tail = log.tail.appending(part)
                log.tailHashes += leaves
                for leaf in leaves { log.range.append(leaf) }
            }
            taken += count
        }
    }

    /// Completes a bundle: with the tail in front of it, where there is one.
    private mutating func addBundle(
        _ part: PackedEntries, _ leaves: ArraySlice<Digest>, root known: Digest?, _ database: Database
    ) throws {
        let number = log.levels.bundles
        let items = log.tail.appending(part)
        var scratch = log.tailHashes + leaves
        let hashes = blob(scratch)
        let key = RowKey.make(log.number, number)
        try removeTailRows(database)
        let root = known ?? perfectRoot(&scratch)
        try database.run("INSERT INTO bundle (key, hashes, items) VALUES (?, ?, ?)", [key, hashes, blob(items.bytes)])
        try database.run("INSERT INTO root (key, hash) VALUES (?, ?)", [key, blob(root)])
        log.levels.append(root)
        if log.tail.count == 0 {
            log.range.append(root, level: Tiling.height)
        } else {
            for leaf in leaves { log.range.append(leaf) }
        }
        log.tail = .empty
        log.tailHashes = []
    }

    private mutating func markMissing(_ part: PackedEntries) {
        let first = log.tailStart + UInt64(log.tail.count)
        part.forEach { offset, item in
            if item.lacksBody { mark(first + UInt64(offset), isMissing: true) }
        }
    }

    mutating func mark(_ index: UInt64, isMissing: Bool) {
        if isMissing { log.missing.insert(index) } else { log.missing.remove(index) }
        changedMarks.insert(index >> 8)
    }

    /// The rows of marks of a bundle and those behind it were removed: what is left of its marks is to be written again.
    mutating func remarkMissing(from bundle: UInt64) {
        changedMarks = changedMarks.filter { $0 < bundle }
        if !log.missing.bits(ofBundle: bundle).isEmpty { changedMarks.insert(bundle) }
    }

    // MARK: Rows

    /// Another tail of the same entries, for a changed body.
    mutating func replaceTail(_ tail: PackedEntries, _ database: Database) throws {
        try requireSound()
        precondition(tail.count == log.tail.count, "a tail is replaced by one of the same entries")
        try removeTailRows(database)
        log.tail = tail
    }

    mutating func removeTailRows(_ database: Database) throws {
        guard tailWritten > 0 else { return }
        let keys = RowKey.all(log.number)
        try database.run("DELETE FROM tail WHERE key BETWEEN ? AND ?", [keys.lowerBound, keys.upperBound])
        tailWritten = 0
    }

    /// Brings the rows up to what is staged: the new part of the tail as one row, marks, and the size.
    mutating func flush(to database: Database) throws {
        if tailWritten < log.tail.count {
            let items = log.tail.slice(tailWritten..<log.tail.count)
            try database.run(
                "INSERT INTO tail (key, hashes, items) VALUES (?, ?, ?)",
                [
                    RowKey.make(log.number, log.tailStart + UInt64(tailWritten)), blob(log.tailHashes[tailWritten...]),
                    blob(items.bytes),
                ])
            tailWritten = log.tail.count
        }
        for number in changedMarks.sorted() {
            let bits = log.missing.bits(ofBundle: number)
            let key = RowKey.make(log.number, number)
            if bits.isEmpty {
                try database.run("DELETE FROM missing WHERE key = ?", [key])
            } else {
                try database.run("INSERT OR REPLACE INTO missing (key, mask) VALUES (?, ?)", [key, blob(bits.encoded)])
            }
        }
        changedMarks = []
        // Of a damaged log less may have been made out than is recorded: that must not become the record.
        if log.isSound, log.recordedSize != log.size {
            try database.run("UPDATE origin SET size = ? WHERE number = ?", [Int64(log.size), log.number])
            log.recordedSize = log.size
        }
    }
}
