import Cryptography
import Federation
import Foundation
import GRDB
import Testing
import TransparencyLog

@testable import Storage

/// A stored log of three bundles and a tail, with a checkpoint, that a test damages.
struct Patient {
    let folder: LogFolder
    var model = ModelLog(origin: rongcheng)
    static let size = 900

    init(checkpointed: Int = Patient.size) throws {
        folder = try LogFolder()
        let store = try folder.store()
        try model.grow(to: 800, store)
        try model.grow(to: Self.size, store)
        if checkpointed > 0 {
            let size = UInt64(checkpointed)
            let note = try checkpoint(rongcheng, size, model.root(checkpointed))
            try store.write { try $0.setCheckpoint(note) }
        }
        try store.close()
    }

    func key(_ index: UInt64) -> Int64 { RowKey.make(1, index) }

    /// Changes the bytes of a column of one row.
    func edit(_ table: String, _ column: String, _ index: UInt64, _ change: (inout [UInt8]) -> Void) throws {
        let data: Data? = try folder.value("SELECT \(column) FROM \(table) WHERE key = ?", [key(index)])
        var bytes = [UInt8](try #require(data))
        change(&bytes)
        try folder.tamper("UPDATE \(table) SET \(column) = ? WHERE key = ?", [Data(bytes), key(index)])
    }

    func verify() throws -> LogVerification {
        let store = try folder.store()
        defer { try? store.close() }
        return try #require(try LogVerifier(store, keys: [verifierKey(rongcheng)]).verify(rongcheng))
    }

    func kinds() throws -> [Damage.Kind] { try verify().damages.map(\.kind) }

    /// Offset of an entry's first byte in the items of a bundle.
    func offset(_ bundle: Int, _ index: Int) -> Int {
        2 + 2 * 256 + model.entries[(bundle * 256)..<(bundle * 256 + index)].reduce(0) { $0 + 10 + $1.body.count }
    }

    /// Repairs with the entries of the model and expects the log to be whole.
    func expectRepair(_ repair: (LogTransaction, LogMirror) throws -> Void) throws {
        let store = try folder.store()
        let verifier = LogVerifier(store, keys: [verifierKey(rongcheng)])
        let mirror = try #require(try verifier.verify(rongcheng)).mirror
        try store.write { try repair($0, mirror) }
        #expect(try verifier.verify(rongcheng)?.damages == [])
        try LogStoreAppendTests.expect(store, model)
        var copy = model
        try copy.grow(to: 1_200, store)
        try LogStoreAppendTests.expect(store, copy)
        try store.close()
    }

    func fetched(_ mirror: LogMirror) -> [UInt64: StoredEntry] {
        Dictionary(uniqueKeysWithValues: mirror.damaged.indices.map { ($0, model.entries[Int($0)]) })
    }
}
