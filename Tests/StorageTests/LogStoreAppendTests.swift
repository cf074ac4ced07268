import Cryptography
import Federation
import Foundation
import GRDB
import Simulation
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogStoreAppendTests {
    @Test(arguments: [UInt64](1...12))
    func whateverThePiecesTheLogIsWhatWasAppended(seed: UInt64) throws {
        let folder = try LogFolder()
        var generator = SeededRandom(seed: seed)
        var store = try folder.store { $0.pageBytes = seed % 2 == 0 ? 4_096 : 8_192 }
        var models = [ModelLog(origin: rongcheng), ModelLog(origin: suining)]
        for _ in 0..<12 {
            try store.write { transaction in
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let chosen = Int.random(in: 0..<2, using: &generator)
                    let lengths = (0..<Int.random(in: 0...4, using: &generator)).map { _ in
                        Bool.random(using: &generator) ? 256 : Int.random(in: 0...256, using: &generator)
                    }
                    let new = (0..<lengths.reduce(0, +)).map { _ in ModelLog.entry(&generator) }
                    try models[chosen].append(new, pieces: lengths, transaction)
                }
            }
            for model in models { try Self.expect(store, model) }
            if Int.random(in: 0..<4, using: &generator) == 0 {
                try store.close()
                store = try folder.store()
                for model in models { try Self.expect(store, model) }
            }
        }
        for model in models where !model.entries.isEmpty {
            #expect(try LogVerifier(store, keys: []).verify(model.origin)?.damages == [])
        }
    }

    static func expect(_ store: LogStore, _ model: ModelLog) throws {
        guard let log = store.state(model.origin) else {
            #expect(model.entries.isEmpty)
            return
        }
        let size = model.entries.count
        #expect(log.isSound && log.size == UInt64(size) && log.recordedSize == log.size)
        #expect(log.root == model.root(size))
        #expect(log.range == CompactRange(appending: model.leaves))
        #expect(log.tailHashes == Array(model.leaves.suffix(size % 256)))
        #expect(try store.entries(model.origin, 0..<log.size) == model.entries)
        let missing = model.entries.indices.filter { model.entries[$0].body.isEmpty && Entry.hasBody(model.entries[$0].entry) }
        #expect(log.missing.indices == missing.map { UInt64($0) })
        #expect(log.missing.count == missing.count)
        #expect(try store.readBack(model.origin, from: UInt64(size / 3)) == Array(model.leaves.dropFirst(size / 3)))
    }

    @Test func alignedBundlesAreTheBytesThatCame() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        let bundles = (0..<3).map { number in pack((0..<256).map { ModelLog.plain(number * 256 + $0) }) }
        let leaves = bundles.flatMap { bundle in bundle.unpacked.map { leafHash($0.entry) } }
        try store.write { try $0.append(rongcheng, bundles, leafHashes: leaves) }
        #expect(try store.packed(rongcheng, 0..<768) == bundles)
        #expect(try store.packed(rongcheng, 100..<600).map(\.count) == [156, 256, 88])
        #expect(try store.packed(rongcheng, 0..<768, maximumBytes: 1).count == 1)
        #expect(try store.packed(rongcheng, 0..<768, maximumBytes: bundles[0].bytes.count + bundles[1].bytes.count).count == 2)
        #expect(try store.packed(rongcheng, 5..<5).isEmpty)
        #expect(throws: StoreFailure.self) { try store.packed(rongcheng, 0..<769) }
    }

    @Test func aWriteThatThrowsLeavesNothingBehind() throws {
        struct Refusal: Error {}
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        #expect(throws: Refusal.self) {
            try store.write { transaction in
                var copy = model
                try copy.append([ModelLog.plain(300)], pieces: [1], transaction)
                #expect(transaction.state(rongcheng)?.size == 301)
                #expect(store.state(rongcheng)?.size == 300)
                throw Refusal()
            }
        }
        try Self.expect(store, model)
        try model.grow(to: 600, store)
        try Self.expect(store, model)
    }

    @Test func aFailureThatIsCaughtFailsTheWriteAllTheSame() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 10, store)
        let beyond = try checkpoint(rongcheng, 11, Digest())
        #expect(throws: StoreFailure.self) {
            try store.write { transaction in
                var copy = model
                try copy.append([ModelLog.plain(10)], pieces: [1], transaction)
                try? transaction.setCheckpoint(beyond)
                try? transaction.setCheckpoint(checkpoint(rongcheng, 11, copy.root(11)))
            }
        }
        try Self.expect(store, model)
    }

    @Test func whatIsWrittenIsReadBackBeforeTheCommit() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try store.write { transaction in
            try model.append((0..<700).map { ModelLog.plain($0) }, pieces: [256, 256, 188], transaction)
            #expect(try transaction.readBack(rongcheng, from: 0) == model.leaves)
            #expect(try transaction.readBack(rongcheng, from: 650) == Array(model.leaves[650...]))
            try transaction.database.execute(sql: "UPDATE bundle SET items = zeroblob(20000) WHERE key & 255 = 1")
            #expect(throws: StoreFailure.self) { try transaction.readBack(rongcheng, from: 0) }
        } catching: { _ in
        }
        #expect(store.state(rongcheng) == nil)
    }

    @Test func durabilityAndErasureAreSetOnTheWritingConnection() throws {
        let store = try LogFolder().store()
        let pragmas = try store.pool.writeWithoutTransaction { try LogStore.pragmas($0) }
        #expect(pragmas == LogStore.Pragmas(journal: "wal", synchronous: 2, secureDelete: 1))
    }

    @Test(arguments: [UInt64](1...6))
    func afterACrashTheLogIsThatOfTheLastCommit(seed: UInt64) throws {
        let folder = try LogFolder()
        let copy = try LogFolder()
        var generator = SeededRandom(seed: seed)
        let store = try folder.store { $0.checkpointPages = Int.random(in: 1...400, using: &generator) }
        var model = ModelLog(origin: rongcheng)
        for _ in 0..<Int.random(in: 1...10, using: &generator) {
            try model.grow(to: model.entries.count + Int.random(in: 1...900, using: &generator), store)
        }
        // The write that is under way when the node dies.
        try store.write { transaction in
            var next = model
            try next.append((0..<400).map { ModelLog.plain($0) }, pieces: [256, 144], transaction)
            try folder.leave(in: copy)
            throw CancellationError()
        } catching: { _ in
        }
        let restored = try copy.store()
        try Self.expect(restored, model)
        try model.grow(to: model.entries.count + 300, restored)
        try Self.expect(restored, model)
        #expect(try LogVerifier(restored, keys: []).verify(rongcheng)?.damages == [])
    }

    @Test func aReadOnlyStoreServesAndDoesNotWrite() throws {
        let folder = try LogFolder()
        #expect(throws: StoreFailure.self) { try folder.store { $0.isReadOnly = true } }
        var model = ModelLog(origin: rongcheng)
        let store = try folder.store()
        try model.grow(to: 1_000, store)
        try store.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        let reading = try folder.store { $0.isReadOnly = true }
        try Self.expect(reading, model)
        let failure = #expect(throws: StoreFailure.self) { try reading.write { try $0.setMeta("a", [1]) } }
        #expect(failure?.code == .readOnly)
        try reading.close()
        #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file)) == before)
    }

    @Test func readersSeeWholeCommitsWhileTheLogGrows() async throws {
        let folder = try LogFolder()
        let store = try folder.store { $0.checkpointPages = 50 }
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 1, store)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<2 {
                group.addTask {
                    while true {
                        guard let log = store.state(rongcheng), log.size < 4_000 else { return }
                        let index = log.size / 2
                        let entry = try store.entry(rongcheng, index)
                        let path = try store.inclusionProof(rongcheng, index, size: log.size)
                        #expect(entry == ModelLog.plain(Int(index)))
                        #expect(
                            Proofs.isIncluded(
                                leafHash(entry?.entry ?? []), index: index, size: log.size, path: path, root: log.root))
                        let hashes = try store.readBack(rongcheng, from: log.tailStart)
                        #expect(hashes.starts(with: log.tailHashes))
                    }
                }
            }
            var generator = SeededRandom(seed: 1)
            while model.entries.count < 4_000 {
                try model.grow(to: model.entries.count + Int.random(in: 1...200, using: &generator), store)
            }
            try await group.waitForAll()
        }
    }

    @Test func anotherDatabaseIsRefused() throws {
        let folder = try LogFolder()
        try folder.tamper("CREATE TABLE a (b); PRAGMA application_id = 5; PRAGMA user_version = 1")
        #expect(throws: StoreFailure.self) { try folder.store() }
        let other = try LogFolder()
        try other.store().close()
        try other.tamper("PRAGMA user_version = 99")
        let failure = #expect(throws: StoreFailure.self) { try other.store() }
        #expect(failure?.code == .rejected)
    }
}

extension CompactRange {
    init(appending leaves: [Digest]) {
        self.init()
        for leaf in leaves { append(leaf) }
    }
}

extension LogStore {
    /// A write that is meant to fail.
    func write(_ body: (LogTransaction) throws -> Void, catching: (any Error) -> Void) throws {
        do { try write(body) } catch { catching(error) }
    }
}
