import Cryptography
import Federation
import Scoring
import Simulation
import TransparencyLog

@testable import Storage

/// Both stores of a node on a simulated disk, doing a bit of everything, and what they have promised so far.
final class StoreScenario {
    static let origin = OriginName("pilot/rongcheng/1")!
    static let key = SigningKey(seed: Array(1...32))!
    static let verifier = VerifierKey(name: origin.line, key: VerifyingKey(key.publicKey)!)

    let disk: SimulatedDisk
    let work = HeldWork()
    private(set) var log: LogStore?
    private(set) var history: HistoryStore?
    /// What writes that returned have left, and what the one under way would leave.
    private(set) var promised: [StoredEntry] = []
    private(set) var attempted: [StoredEntry] = []

    /// - Parameter count: the entries that the disk holds already.
    init(_ disk: SimulatedDisk, holding count: Int = 0) {
        self.disk = disk
        promised = (0..<count).map { Self.entry($0) }
        attempted = promised
    }

    var logOptions: LogStoreOptions {
        var options = LogStoreOptions()
        options.files = disk
        options.checkpointPages = 24
        options.cacheKibibytes = 512
        return options
    }

    var historyOptions: HistoryOptions {
        var options = HistoryOptions()
        options.files = disk
        options.makeBackground = { [work] in work }
        options.tableRecords = 100
        options.tableBytes = 16 << 10
        options.fanIn = 2
        return options
    }

    static func entry(_ number: Int) -> StoredEntry {
        let body = Array("body \(number) ".utf8) + sha256(Array("salt \(number)".utf8)).bytes
        return StoredEntry(
            entry: Entry(kind: .observation, recordedAt: UInt64(number), commitment: sha256(body)).encoded, body: body)
    }

    static func subject(_ number: Int) -> SubjectID { SubjectID(high: UInt64(number % 4), low: 1) }

    // MARK: Life

    /// The first day of a node.
    func begin() throws {
        try open()
        try grow(to: 3)
        try grow(to: 9)
        try close()
    }

    /// Records, folds, signs, erases, restarts.
    func goThroughTheDay() throws {
        try open()
        try workADay()
        try close()
        try open()
        try grow(to: 270)
        try sign()
        try close()
    }

    func workADay() throws {
        try grow(to: 260)
        try sign()
        try drop(5)
        try grow(to: 262)
    }

    func open() throws {
        log = try LogStore(path: "log.sqlite", options: logOptions)
        history = try HistoryStore(path: "standings.sqlite", options: historyOptions)
        work.run()
        try fold()
    }

    func close() throws {
        history?.close()
        history = nil
        try log?.close()
        log = nil
    }

    /// Lets go of the stores of a dead node.
    func abandon() {
        history?.close()
        history = nil
        try? log?.close()
        log = nil
    }

    /// Takes what is stored for what was promised, and adds to it.
    func goOn() throws {
        promised = try finding().entries
        try grow(to: promised.count + 5)
    }

    func grow(to size: Int) throws {
        guard let log else { return }
        let new = (promised.count..<size).map { Self.entry($0) }
        attempted = promised + new
        try log.write { transaction in
            try transaction.append(
                Self.origin, Self.packed(new), leafHashes: new.map { leafHash($0.entry) })
        }
        promised = attempted
        try fold()
    }

    private static func packed(_ entries: [StoredEntry]) -> [PackedEntries] {
        stride(from: 0, to: entries.count, by: 256).map { start in
            var builder = PackedEntriesBuilder()
            for entry in entries[start..<min(start + 256, entries.count)] {
                builder.append(entry: entry.entry, body: entry.body)
            }
            return builder.finish()
        }
    }

    private func sign() throws {
        guard let state = log?.state(Self.origin) else { return }
        let checkpoint = try SignedCheckpoint(
            signing: Checkpoint(origin: Self.origin.line, size: state.size, root: state.root), with: Self.key)
        try log?.write { try $0.setCheckpoint(checkpoint) }
    }

    /// Takes a body out of all files.
    func drop(_ index: Int) throws {
        var without = promised
        without[index] = StoredEntry(entry: without[index].entry, body: [])
        attempted = without
        let target = Position(origin: Self.origin.line, index: UInt64(index))
        let erasure = Position(origin: Self.origin.line, index: 7)
        try log?.write { try $0.markErased(target, by: erasure, sinceMilliseconds: 1) }
        promised = without
        try log?.write { try $0.dropBodies([target]) }
        try log?.forgetDroppedBytes()
    }

    /// Folds what the log holds and the history does not.
    func fold() throws {
        guard let log, let history else { return }
        let origin = try history.originNumber(Self.origin.line)
        let size = log.state(Self.origin)?.size ?? 0
        while history.visibleUpTo(origin) < size {
            let first = history.visibleUpTo(origin)
            var batch = HistoryBatch()
            batch.reset(origin: origin, first: first)
            for index in first..<min(size, first + 50) {
                let record = HistoryRecord(origin: origin, index: index, kind: 1, day: 18_000, factor: 0, quantity: 1)
                [UInt8]().withUnsafeBytes { batch.append(record, about: Self.subject(Int(index)), reference: $0) }
            }
            try history.append(batch)
            work.run()
        }
        try history.flush()
        work.run()
    }

    // MARK: Checking

    /// What is stored, whether it is sound, and whether the fold of it is right.
    struct Finding: Equatable {
        var entries: [StoredEntry]
        var damages: [String]
        var foldedRecords: Int
        /// Files that hold the body of an entry whose body was dropped.
        var remains: [String]
    }

    func finding() throws -> Finding {
        guard let log, let history else { return Finding(entries: [], damages: ["closed"], foldedRecords: 0, remains: []) }
        let size = log.state(Self.origin)?.size ?? 0
        let pieces = size == 0 ? [] : try log.packed(Self.origin, 0..<size)
        let verification = try LogVerifier(log, keys: [Self.verifier]).verify(Self.origin)
        let dropped = log.state(Self.origin)?.missing.indices ?? []
        let remains = dropped.flatMap { index in
            let body = Self.entry(Int(index)).body
            return disk.image.names(holding: body) + disk.visibleImage.names(holding: body)
        }
        var records = 0
        var facts = SubjectHistory()
        for number in 0..<4 {
            try history.history(of: Self.subject(number), into: &facts)
            records += facts.records.count
        }
        return Finding(
            entries: pieces.flatMap(\.unpacked).map { StoredEntry(entry: $0.entry, body: $0.body) },
            damages: verification?.damages.map(\.description) ?? [], foldedRecords: records, remains: remains)
    }
}
