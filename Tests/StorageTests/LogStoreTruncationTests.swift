import Cryptography
import Federation
import Foundation
import GRDB
import Simulation
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogStoreTruncationTests {
    private func position(_ origin: OriginName, _ index: Int) -> Position {
        Position(origin: origin.line, index: UInt64(index))
    }

    /// Rows of one origin, as text: what a store that was only ever that long would hold.
    private func rows(_ store: LogStore, _ table: String, _ number: Int64) throws -> [String] {
        try store.read("list rows") { database in
            let keyed = ["bundle", "root", "tail", "missing", "erased"].contains(table)
            let keys = RowKey.all(number)
            let rows =
                keyed
                ? try Row.fetchAll(
                    database, sql: "SELECT * FROM \(table) WHERE key BETWEEN ? AND ? ORDER BY key",
                    arguments: [keys.lowerBound, keys.upperBound])
                : try Row.fetchAll(database, sql: "SELECT * FROM \(table)")
            return rows.map { row in
                row.databaseValues.dropFirst(keyed ? 0 : 1).map { value in
                    Data.fromDatabaseValue(value)?.base64EncodedString() ?? value.description
                }.joined(separator: " ")
            }
        }
    }

    private func expectLike(_ store: LogStore, _ model: ModelLog) throws {
        try LogStoreAppendTests.expect(store, model)
        let log = try #require(store.state(model.origin))
        #expect(log.levels.bundles == UInt64(model.entries.count / 256))
        #expect(try LogVerifier(store, keys: [verifierKey(model.origin)]).verify(model.origin)?.damages == [])
    }

    @Test func cutAtAnySizeALogIsAsIfItHadNeverBeenLonger() throws {
        var generator = SeededRandom(seed: 5)
        let entries = (0..<600).map { _ in ModelLog.entry(&generator) }
        for size in 0..<600 {
            // Every size near the edges of bundles, every seventh between: each is a store of its own.
            guard size % 7 == 0 || [0, 1, 2, 254, 255, 0].contains(size % 256) || size > 596 else { continue }
            let folder = try LogFolder()
            let store = try folder.store()
            var model = ModelLog(origin: rongcheng)
            let lengths = [[256, 256, 88], [100, 200, 256, 44]][size % 2]
            try store.write { try model.append(entries, pieces: lengths, $0) }
            if size % 3 == 0 { try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 600, model.root(600))) } }
            try store.write { try $0.truncate(rongcheng, to: UInt64(size)) }
            model.entries = Array(entries.prefix(size))
            #expect(store.state(rongcheng)?.checkpoint == nil)
            try expectLike(store, model)
            try store.close()
            let reopened = try folder.store()
            try expectLike(reopened, model)

            let other = try LogFolder().store()
            var short = ModelLog(origin: rongcheng)
            let pieces = stride(from: 0, to: size, by: 256).map { min(256, size - $0) }
            try other.write { try short.append(Array(entries.prefix(size)), pieces: pieces, $0) }
            for table in ["bundle", "root", "tail", "missing", "erased", "checkpoint", "proving", "origin"] {
                #expect(try rows(reopened, table, 1) == rows(other, table, 1), "\(table) cut at \(size)")
            }
            try model.grow(to: size + 300, reopened)
            try expectLike(reopened, model)
        }
    }

    @Test func levelsAboveTheBundlesAreCutToo() throws {
        let roots = (0..<(256 * 3 + 40)).map { sha256(Array("\($0)".utf8)) }
        for count in [0, 1, 255, 256, 257, 511, 512, 513, 768, 800, 808] {
            var levels = LogLevels(roots: roots)
            levels.truncate(to: UInt64(count))
            for root in roots.dropFirst(count) { levels.append(root) }
            let whole = LogLevels(roots: roots)
            #expect(levels.bundles == whole.bundles && levels.count(1) == whole.count(1) && levels.count(2) == whole.count(2))
            for index in 0..<UInt64(4) { #expect(levels.hash(1, index) == whole.hash(1, index)) }
            var cut = LogLevels(roots: roots)
            cut.truncate(to: UInt64(count))
            let short = LogLevels(roots: Array(roots.prefix(count)))
            for level in 0..<3 { #expect(cut.count(level) == short.count(level)) }
        }
    }

    @Test(arguments: [(700, 300), (700, 512), (900, 899), (300, 0)])
    func anotherBranchIsAppendedInTheSameWrite(size: Int, cut: Int) throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: size, store)
        let branch = (0..<400).map { ModelLog.plain(1_000_000 + $0) }
        try store.write { transaction in
            try transaction.truncate(rongcheng, to: UInt64(cut))
            model.entries = Array(model.entries.prefix(cut))
            try model.append(branch, pieces: [256, 144], transaction)
            #expect(try transaction.readBack(rongcheng, from: 0) == model.leaves)
            try transaction.setCheckpoint(checkpoint(rongcheng, UInt64(cut + 400), model.root(cut + 400)))
        }
        for store in [store, try folder.store { $0.isReadOnly = true }] {
            try expectLike(store, model)
            #expect(store.state(rongcheng)?.checkpoint?.size == UInt64(cut + 400))
        }
    }

    @Test func whatWasStagedInTheSameWriteIsCutLikeTheRest() throws {
        let store = try LogFolder().store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 250, store)
        try store.write { transaction in
            var longer = model
            try longer.append((250..<270).map { ModelLog.plain($0) }, pieces: [20], transaction)
            try transaction.truncate(rongcheng, to: 252)
            model.entries = Array(longer.entries.prefix(252))
        }
        try expectLike(store, model)
    }

    @Test func aCutThatIsNotCommittedChangesNothing() throws {
        struct Refusal: Error {}
        let folder = try LogFolder()
        let copy = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 600, store)
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 600, model.root(600))) }
        #expect(throws: Refusal.self) {
            try store.write { transaction in
                try transaction.truncate(rongcheng, to: 300)
                try folder.leave(in: copy)
                throw Refusal()
            }
        }
        for store in [store, try copy.store()] {
            try expectLike(store, model)
            #expect(store.state(rongcheng)?.checkpoint?.size == 600)
        }
        try model.grow(to: 900, store)
        try expectLike(store, model)
    }

    @Test func checkpointsAndProofsWithinTheCutStay() throws {
        let store = try LogFolder().store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 300, model.root(300))) }
        let short = model
        try model.grow(to: 500, store)
        let whole = (0..<520).map { ModelLog.plain($0) }
        let leaves = whole.map { leafHash($0.entry) }
        let later = try checkpoint(rongcheng, 520, treeRoot(leaves))
        let other = try LogFolder().store()
        var long = ModelLog(origin: rongcheng)
        try long.grow(to: 520, other)
        let proof = try other.consistencyProof(rongcheng, first: 500, second: 520)
        try store.write { try $0.setProving(later, proof: proof) }
        #expect(store.state(rongcheng)?.proving?.stored == 500)
        try store.write { try $0.truncate(rongcheng, to: 400) }
        #expect(store.state(rongcheng)?.proving == nil && store.state(rongcheng)?.checkpoint?.size == 300)
        try store.write { try $0.truncate(rongcheng, to: 300) }
        #expect(store.state(rongcheng)?.checkpoint?.size == 300)
        try expectLike(store, short)
    }

    @Test func anErasureThatIsCutAwayHidesNothing() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var models = [ModelLog(origin: rongcheng), ModelLog(origin: suining)]
        for index in models.indices { try models[index].grow(to: 400, store) }
        try store.write { transaction in
            for (target, erasure) in [(10, 350), (20, 100), (330, 90)] {
                try transaction.markErased(position(rongcheng, target), by: position(rongcheng, erasure), sinceMilliseconds: 0)
            }
            try transaction.markErased(position(suining, 5), by: position(rongcheng, 399), sinceMilliseconds: 0)
        }
        let lifted = try store.write { try $0.truncate(rongcheng, to: 300) }
        #expect(lifted == [position(rongcheng, 10), position(suining, 5)])
        for store in [store, try folder.store { $0.isReadOnly = true }] {
            #expect(try store.pendingErasures().map(\.target) == [position(rongcheng, 20)])
            #expect(store.state(rongcheng)?.erased.indices == [20] && store.state(suining)?.erased.isEmpty == true)
            #expect(try store.entry(suining, 5) == models[1].entries[5])
        }
        try store.write { try $0.dropBodies([position(rongcheng, 20)]) }
        #expect(store.state(rongcheng)?.leastSize == 101)
        try store.write { try $0.truncate(rongcheng, to: 50) }
        #expect(store.state(rongcheng)?.leastSize == 50 && store.state(rongcheng)?.missing.indices == [20])
    }

    @Test(arguments: [UInt64](1...4))
    func noBodyOfTheRemovedEntriesIsLeftInAnyFile(seed: UInt64) throws {
        let folder = try LogFolder()
        var generator = SeededRandom(seed: seed)
        let store = try folder.store { $0.checkpointPages = 200 }
        var models = (1...5).map { ModelLog(origin: OriginName("pilot/city\($0)/1")!) }
        for _ in 0..<40 {
            try store.write { transaction in
                for index in models.indices where Bool.random(using: &generator) {
                    let new = (0..<Int.random(in: 1...60, using: &generator)).map { _ in ModelLog.entry(&generator) }
                    try models[index].append(new, pieces: [new.count], transaction)
                }
            }
        }
        var gone: [[UInt8]] = []
        try store.write { transaction in
            for index in models.indices {
                let cut = Int.random(in: 0...models[index].entries.count, using: &generator)
                try transaction.truncate(models[index].origin, to: UInt64(cut))
                gone += models[index].entries[cut...].map(\.body).filter { $0.count >= 16 }
                models[index].entries = Array(models[index].entries.prefix(cut))
            }
        }
        try store.forgetDroppedBytes()
        let windows = Windows(try folder.rawBytes())
        #expect(gone.count > 100)
        #expect(gone.allSatisfy { !windows.contains($0.prefix(8)) && !windows.contains($0.suffix(8)) })
        for model in models { try LogStoreAppendTests.expect(store, model) }
        let kept = models.flatMap(\.entries).map(\.body).filter { $0.count >= 16 }
        #expect(kept.allSatisfy { windows.contains($0.prefix(8)) || windows.contains($0.suffix(8)) })
    }

    @Test func aLogIsNotCutToMoreThanItHolds() throws {
        let store = try LogFolder().store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 30, store)
        #expect(try store.write { try $0.truncate(rongcheng, to: 30) }.isEmpty)
        #expect(throws: StoreFailure.self) { try store.write { try $0.truncate(rongcheng, to: 31) } }
        #expect(throws: StoreFailure.self) { try store.write { try $0.truncate(suining, to: 1) } }
        try expectLike(store, model)
    }
}
