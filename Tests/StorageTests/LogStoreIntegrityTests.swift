import Cryptography
import Federation
import Foundation
import GRDB
import Testing
import TransparencyLog

@testable import Storage

/// What no root of a log covers, and files that do not open.
@Suite struct LogStoreIntegrityTests {
    @Test func entriesOfOthersThatNothingProvesAreFound() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 300, store)
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 300, model.root(300))) }
        try model.grow(to: 700, store)
        let keys = [verifierKey(rongcheng)]
        #expect(
            try LogVerifier(store, keys: keys, own: suining).verify(rongcheng)?.damages.map(\.kind) == [.unproven(from: 300)])
        #expect(try LogVerifier(store, keys: keys, own: suining).verify(rongcheng)?.mirror.unprovenFrom == 300)
        // The end of the own log waits to be signed.
        #expect(try LogVerifier(store, keys: keys, own: rongcheng).verify(rongcheng)?.damages == [])
        try store.write { try $0.setCheckpoint(checkpoint(rongcheng, 700, model.root(700))) }
        #expect(try LogVerifier(store, keys: keys, own: suining).verify(rongcheng)?.damages == [])
    }

    @Test func damagedCutsAttestationsAndForkProofsAreFoundAndRemoved() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 10, store)
        let text = Array("a cut\n".utf8)
        let note = SignedNote.sign(Array("an attestation\n".utf8), name: rongcheng.line, with: signingKey)
        let first = try checkpoint(rongcheng, 5, model.root(5)).note
        let proof = ForkProof(firstNote: first, secondNote: try checkpoint(rongcheng, 5, Digest()).note)
        try store.write { transaction in
            let cut = try transaction.putCut(text, atMilliseconds: 1)
            try transaction.putAttestation(StoredAttestation(cut: cut, node: rongcheng.line, note: note))
            try transaction.putFork(rongcheng, proof)
        }
        let keys = [verifierKey(rongcheng)]
        #expect(try store.damagedRecords(keys: keys) == [])
        try store.close()
        try folder.tamper("UPDATE cut SET text = x'00'")
        try folder.tamper("UPDATE attestation SET note = CAST(x'41' || substr(note, 2) AS BLOB)")
        try folder.tamper("UPDATE fork SET proof = x'07'")
        store = try folder.store()
        let damaged = try store.damagedRecords(keys: keys)
        #expect(
            damaged == [
                .cut(hash: sha256(text).bytes), .attestation(cut: sha256(text).bytes, node: rongcheng.line),
                .fork(origin: rongcheng.line),
            ])
        // A node still starts with it, its log stays frozen, and the next proof takes its place.
        #expect(try store.forks().isEmpty)
        #expect(store.state(rongcheng)?.isForked == true)
        try store.write { transaction in
            for record in damaged { try transaction.remove(record) }
            #expect(try transaction.putFork(rongcheng, proof))
        }
        #expect(try store.damagedRecords(keys: keys) == [])
        #expect(try store.forks().map(\.proof) == [proof])
        try store.close()
    }

    @Test func aFileWithAWrongStructureIsFound() throws {
        let folder = try LogFolder()
        var store = try folder.store { $0.pageBytes = 4_096 }
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 2_000, store)
        #expect(try store.structuralDamages() == [])
        try store.write { try $0.clear(rongcheng) }
        try store.close()
        // The pages that are free now are a list: one that leads elsewhere would hand out a page twice.
        let trunk: Int = try #require(try folder.freelistTrunk())
        try folder.overwrite([0, 0, 0, 2], at: trunk)
        store = try folder.store { $0.pageBytes = 4_096 }
        #expect(try !store.structuralDamages().isEmpty)
        try? store.close()
    }

    @Test func aRowThatOnlyItsIndexKnowsIsFound() throws {
        let folder = try LogFolder()
        var store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 100, store)
        try store.close()
        // The table's first page is lost to another, empty table: each page is well by itself.
        try DatabaseQueue(path: folder.file).writeWithoutTransaction { database in
            let roots = try Row.fetchAll(
                database, sql: "SELECT name, rootpage FROM sqlite_master WHERE type = 'table' AND name IN ('origin', 'root')")
            try database.execute(sql: "PRAGMA writable_schema = ON")
            for row in roots {
                try database.execute(
                    sql: "UPDATE sqlite_master SET rootpage = ? WHERE type = 'table' AND name = ?",
                    arguments: [row["rootpage"] as Int, row["name"] == "root" ? "origin" : "root"])
            }
            try database.execute(sql: "PRAGMA writable_schema = OFF")
        }
        store = try folder.store()
        #expect(store.states.isEmpty)
        #expect(try store.structuralDamages().contains { $0.contains("origin") })
        try? store.close()
    }

    @Test(arguments: [[UInt8](repeating: 0x41, count: 200), [UInt8](repeating: 0xff, count: 4_096)])
    func aFileThatDoesNotOpenNamesTheCommandThatSavesIt(noise: [UInt8]) throws {
        let folder = try LogFolder()
        let store = try folder.store { $0.pageBytes = 4_096 }
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 600, store)
        try store.close()
        try folder.overwrite(noise, at: 0)
        let error = #expect(throws: StoreFailure.self) { _ = try folder.store() }
        #expect(error?.code == .corrupt)
        #expect(error?.message.contains("concord rescue --data \(folder.path)") == true, "\(error.map { "\($0)" } ?? "")")
    }
}

extension LogFolder {
    /// Overwrites bytes of the closed file.
    fileprivate func overwrite(_ bytes: [UInt8], at offset: Int) throws {
        let handle = try #require(FileHandle(forWritingAtPath: file))
        try handle.seek(toOffset: UInt64(offset))
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    /// Where the first page of the list of free pages lies (SQLite file format, section 1.3.8); nil where none is free.
    fileprivate func freelistTrunk() throws -> Int? {
        let header = try Data(contentsOf: URL(fileURLWithPath: file)).prefix(100)
        func number(_ offset: Int) -> Int { header[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) } }
        let pageBytes = Int(header[16]) << 8 | Int(header[17])
        return number(32) == 0 ? nil : (number(32) - 1) * pageBytes
    }
}
