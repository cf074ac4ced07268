internal import Cryptography
internal import Federation
internal import GRDB
internal import TransparencyLog

/// Reads the states of all logs when the store is opened, and again after a repair: a root for every bundle and the tail,
/// never the entries of bundles. What is damaged is noted in the state, and loading goes on.
struct LogLoader {
    private let database: Database

    init(_ database: Database) { self.database = database }

    func states() throws -> [LogState] {
        var rows: [(number: Int64, origin: OriginName)] = []
        try database.forEachRow("SELECT number, line FROM origin ORDER BY number", []) { row in
            rows.append((try row.integer(0), try Self.name(row.bytes(1))))
        }
        return try rows.map { try state(number: $0.number, origin: $0.origin) }
    }

    /// One log, as it is stored now.
    func state(number: Int64, origin: OriginName) throws -> LogState {
        guard (0..<RowKey.maximumOrigin).contains(number) else {
            throw StoreFailure(.corrupt, "the log store has no number for \(origin); restore the file from a backup")
        }
        var log = LogState(number: number, origin: origin)
        let (size, isPlausible) = try recordedSize(number)
        log.recordedSize = size
        if !isPlausible { flaw(&log, .size) }
        log.leastSize = try database.firstRow("SELECT least FROM origin WHERE number = ?", [number]) { try $0.natural(0) } ?? 0
        try loadBundles(&log)
        try loadTail(&log)
        try loadMarks(&log)
        try loadCheckpoints(&log)
        return log
    }

    /// Entries that the log is recorded to have, whether or not its rows hold them; `isPlausible` is false where rows and
    /// record contradict each other. A record beyond all rows is not followed: there is nothing there to be verified.
    func recordedSize(_ number: Int64) throws -> (size: UInt64, isPlausible: Bool) {
        let recorded = try database.firstRow("SELECT size FROM origin WHERE number = ?", [number]) { try $0.natural(0) } ?? 0
        let bundles = max(try last("root", number).map { $0 + 1 } ?? 0, try last("bundle", number).map { $0 + 1 } ?? 0)
        let tail = try last("tail", number)
        let extent = max(bundles, tail.map { $0 / Tiling.width } ?? 0)
        if recorded / Tiling.width > extent { return (extent * Tiling.width, false) }
        return (recorded, recorded / Tiling.width >= bundles && tail.map { $0 < recorded } ?? true)
    }

    /// Largest number in a table among those of one origin.
    func last(_ table: String, _ number: Int64) throws -> UInt64? {
        let keys = RowKey.all(number)
        return try database.firstRow(
            "SELECT key FROM \(table) WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1", [keys.lowerBound, keys.upperBound]
        ) { RowKey.index(try $0.integer(0)) }
    }

    private static func name(_ line: [UInt8]) throws -> OriginName {
        guard let origin = OriginName(line) else {
            throw StoreFailure(.corrupt, "the log store names an origin that is none; restore the file from a backup")
        }
        return origin
    }

    private func flaw(_ log: inout LogState, _ kind: Damage.Kind) {
        log.flaws.append(Damage(origin: log.origin, kind: kind))
    }

    // MARK: Bundles

    private func loadBundles(_ log: inout LogState) throws {
        let bundles = log.recordedSize / Tiling.width
        var roots: [Digest] = []
        var isComplete = true
        do {
            let keys = RowKey.all(log.number)
            try database.forEachRow(
                "SELECT key, hash FROM root WHERE key BETWEEN ? AND ? ORDER BY key", [keys.lowerBound, keys.upperBound]
            ) { row in
                guard RowKey.index(try row.integer(0)) == UInt64(roots.count), let hash = Digest(try row.bytes(1)) else {
                    throw StoreFailure(.corrupt, "the roots of bundles are not complete")
                }
                if UInt64(roots.count) < bundles { roots.append(hash) }
            }
        } catch  where Damage.isDamage(error) {
            isComplete = false
        }
        if isComplete, UInt64(roots.count) == bundles {
            log.levels = LogLevels(roots: roots)
        } else {
            try loadBundlesSingly(&log, bundles)
        }
        let hashes = LogHashes(log) { _ in [] }
        for height in stride(from: 55, through: 0, by: -1) where log.levels.bundles >> UInt64(height) & 1 == 1 {
            let level = height + Tiling.height
            log.range.append(try hashes.hash(level: level, index: log.range.size >> UInt64(level)), level: level)
        }
    }

    /// Where a root is gone, the bundle's own hashes give it back; where those are gone too, its place holds zeros.
    private func loadBundlesSingly(_ log: inout LogState, _ bundles: UInt64) throws {
        for number in 0..<bundles {
            let reader = BundleReader(database, RowKey.make(log.number, number))
            if let root = try reader.root() {
                log.levels.append(root)
                continue
            }
            if var hashes = try reader.hashes() {
                log.levels.append(perfectRoot(&hashes))
                if log.flaws.count < Damage.maximumListed { flaw(&log, .bundleRoot(number: number)) }
            } else {
                log.levels.append(Digest())
                if log.flaws.count < Damage.maximumListed { flaw(&log, .bundleMissing(number: number)) }
            }
        }
    }

    // MARK: Tail

    private func loadTail(_ log: inout LogState) throws {
        do {
            try database.forEachRow(
                "SELECT key, hashes, items FROM tail WHERE key BETWEEN ? AND ? ORDER BY key",
                [RowKey.all(log.number).lowerBound, RowKey.all(log.number).upperBound]
            ) { row in
                guard RowKey.index(try row.integer(0)) == log.size, let hashes = try row.digests(1),
                    let items = try? PackedEntries(checking: row.bytes(2)), items.count == hashes.count,
                    log.tail.count + items.count < Int(Tiling.width)
                else { throw StoreFailure(.corrupt, "the tail is not complete") }
                log.tail = log.tail.appending(items)
                log.tailHashes += hashes
                for hash in hashes { log.range.append(hash) }
            }
        } catch  where Damage.isDamage(error) {
            flaw(&log, .tailMissing(from: log.size, to: max(log.recordedSize, log.size)))
        }
        guard log.flaws.isEmpty, log.size != log.recordedSize else { return }
        flaw(&log, log.size > log.recordedSize ? .size : .tailMissing(from: log.size, to: log.recordedSize))
    }

    // MARK: The rest

    private func loadMarks(_ log: inout LogState) throws {
        let keys = RowKey.all(log.number)
        do {
            try database.forEachRow(
                "SELECT key, mask FROM missing WHERE key BETWEEN ? AND ?", [keys.lowerBound, keys.upperBound]
            ) { row in
                guard let bits = BundleBits(encoded: try row.bytes(1)) else {
                    throw StoreFailure(.corrupt, "the marks of missing bodies are damaged")
                }
                log.missing.set(bits, ofBundle: RowKey.index(try row.integer(0)))
            }
            try database.forEachRow(
                "SELECT key FROM erased WHERE key BETWEEN ? AND ?", [keys.lowerBound, keys.upperBound]
            ) { row in log.erased.insert(RowKey.index(try row.integer(0))) }
            log.isForked = try database.firstRow("SELECT 1 FROM fork WHERE origin = ?", [log.number]) { _ in true } ?? false
            let note = try database.firstRow("SELECT note FROM decision WHERE origin = ?", [log.number]) { try $0.bytes(0) }
            log.decision = try note.map { try ForkDecision(text: SignedNote($0).text) }
        } catch  where Damage.isDamage(error) || error is NoteFailure {
            flaw(&log, .marks)
        }
    }

    private func loadCheckpoints(_ log: inout LogState) throws {
        let hashes = LogHashes(log) { [number = log.number] bundle in
            guard let hashes = try BundleReader(database, RowKey.make(number, bundle)).hashes() else {
                throw StoreFailure(.corrupt, "bundle \(bundle) has no hashes")
            }
            return hashes
        }
        let note = try database.firstRow("SELECT note FROM checkpoint WHERE origin = ?", [log.number]) { try $0.bytes(0) }
        if let note {
            log.checkpoint = try? SignedCheckpoint(trusted: note)
            if let reason = Self.flaw(of: log.checkpoint, log, hashes) { flaw(&log, .checkpoint(reason: reason)) }
        }
        let proving = try database.firstRow("SELECT stored, note, proof FROM proving WHERE origin = ?", [log.number]) { row in
            (try row.natural(0), try row.bytes(1), try row.digests(2))
        }
        if let (stored, note, proof) = proving {
            log.proving = (try? SignedCheckpoint(trusted: note)).map {
                LogProving(stored: stored, checkpoint: $0, proof: proof ?? [])
            }
            let root = stored <= log.size ? try? hashes.root(at: stored) : nil
            if !(log.proving.flatMap { proving in root.map { proving.holds(for: $0) } } ?? false) {
                flaw(&log, .checkpoint(reason: .provingDoesNotHold))
            }
        }
    }

    private static func flaw(
        of checkpoint: SignedCheckpoint?, _ log: LogState, _ hashes: LogHashes
    ) -> Damage.CheckpointReason? {
        guard let checkpoint, checkpoint.origin == log.origin.line else { return .malformed }
        guard checkpoint.size <= log.size else { return .beyondStored }
        return (try? hashes.root(at: checkpoint.size)) == checkpoint.root ? nil : .differentRoot
    }
}
