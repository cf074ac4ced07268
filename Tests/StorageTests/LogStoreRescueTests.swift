import Cryptography
import Federation
import Foundation
import GRDB
import Simulation
import Testing
import TransparencyLog

@testable import Storage

@Suite struct LogStoreRescueTests {
    /// Bytes of the file itself are overwritten, wherever they are: nothing crashes, nothing wrong is taken for good, and a
    /// new file can be made and repaired.
    @Test(arguments: [UInt64](1...10))
    func aFileWithDamagedPagesIsCopiedAndRepaired(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let folder = try LogFolder()
        var store = try folder.store { $0.pageBytes = 4_096 }
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 5_000, store)
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 5_000, model.root(5_000))) }
        try store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        for _ in 0..<6 {
            // The schema's page and the pages of the small tables behind it stay: a file without them is for a backup.
            let page = Int.random(in: 40..<(bytes.count / 4_096), using: &generator)
            let start = page * 4_096 + (Bool.random(using: &generator) ? 0 : 2_000)
            let noise = (0..<400).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes.replaceSubrange(start..<(start + 400), with: noise)
        }
        try bytes.write(to: URL(fileURLWithPath: folder.file))

        let copy = try LogFolder()
        store = try folder.store()
        #expect(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)?.isSound == false)
        try store.copyReadable(to: copy.file)
        try? store.close()
        store = try copy.store()
        let verifier = LogVerifier(store, keys: [verifierKey(rongcheng)])
        let result = try #require(try verifier.verify(rongcheng))
        #expect(!result.isSound)
        try store.write { transaction in
            for (number, hash) in result.mirror.bundles.enumerated() {
                let range = (number * 256)..<(number * 256 + 256)
                let leaves = Array(model.leaves[range])
                #expect(hash == nil || hash == treeRoot(leaves))
                let damaged = result.mirror.damaged.bits(ofBundle: UInt64(number))
                if damaged.isEmpty {
                    try transaction.repairBundle(rongcheng, UInt64(number))
                } else {
                    try transaction.replaceTile(rongcheng, UInt64(number), leaves)
                    try transaction.replaceEntries(
                        rongcheng,
                        Dictionary(uniqueKeysWithValues: range.map { (UInt64($0), model.entries[$0]) }))
                }
            }
            let tail = Array(model.entries[4_864...])
            try transaction.restoreTail(rongcheng, pack(tail), leafHashes: tail.map { leafHash($0.entry) })
            try transaction.setMeta("repaired", [1])
        }
        #expect(try verifier.verify(rongcheng)?.damages == [])
        try LogStoreAppendTests.expect(store, model)
    }

    @Test func rowsThatNoStoreHasWrittenAreLeftBehind() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        try store.write { try $0.setMeta("kept", [1]) }
        try store.close()
        try DatabaseQueue(path: folder.file).writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA writable_schema = ON")
            try Self.rewrite("note BLOB NOT NULL", "note BLOB", database)
        }
        try DatabaseQueue(path: folder.file).writeWithoutTransaction { database in
            try database.execute(sql: "INSERT INTO attestation (cut, node, note) VALUES (x'01', x'02', NULL)")
            try database.execute(sql: "PRAGMA writable_schema = ON")
            try Self.rewrite("note BLOB", "note BLOB NOT NULL", database)
        }
        store = try folder.store()
        defer { try? store.close() }
        try store.copyReadable(to: folder.path + "/copy.sqlite")
        let copy = try LogStore(path: folder.path + "/copy.sqlite")
        defer { try? copy.close() }
        #expect(try copy.entries(rongcheng, 0..<300) == model.entries)
        #expect(try copy.meta("kept") == [1])
    }

    private static func rewrite(_ old: String, _ new: String, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE name = 'attestation'", arguments: [old, new])
    }

    /// Noise anywhere in the file: whatever cannot be taken is an error or a damage, and what is called sound is sound.
    @Test(arguments: [UInt64](1...60))
    func noFileCrashesTheStoreOrPassesForSound(seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let folder = try LogFolder()
        var store = try folder.store { $0.pageBytes = 4_096 }
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 700, store)
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 700, model.root(700))) }
        try store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: folder.file))
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
            let page = Int.random(in: 0..<(bytes.count / 4_096), using: &generator)
            let start = page * 4_096 + (Bool.random(using: &generator) ? 0 : Int.random(in: 100..<4_000, using: &generator))
            let count = Int.random(in: 1...60, using: &generator)
            for index in start..<(start + count) { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
        }
        try bytes.write(to: URL(fileURLWithPath: folder.file))
        do {
            store = try folder.store()
            defer { try? store.close() }
            guard store.state(rongcheng) != nil else { return }
            let result = try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng)
            if result?.isSound == true { #expect(try store.entries(rongcheng, 0..<700) == model.entries) }
            try store.copyReadable(to: folder.path + "/copy.sqlite")
            let copy = try LogStore(path: folder.path + "/copy.sqlite")
            _ = try LogVerifier(copy, keys: [verifierKey(rongcheng)]).verify(rongcheng)
            if let result {
                try store.write { transaction in
                    for number in result.mirror.repairable { try transaction.repairBundle(rongcheng, number) }
                }
            }
        } catch is StoreFailure {}
    }
}
