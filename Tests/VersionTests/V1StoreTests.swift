import Cryptography
import Federation
import Foundation
import Storage
import Testing
import TransparencyLog

/// A log store that version 1 wrote is read, grows, and says what today's code would store.
struct V1StoreTests {
    private static func read(_ store: LogStore, _ origin: OriginName, _ range: Range<UInt64>) throws -> [[[UInt8]]] {
        try store.packed(origin, range).flatMap(\.unpacked).map { [$0.entry, $0.body] }
    }

    /// What is stored of the fixture's logs; the first two bodies are erased.
    private static func check(_ store: LogStore) throws {
        let own = try #require(store.state(V1Store.own))
        #expect(own.size == 259 && own.isSound && own.isForked && own.leastSize == 11)
        #expect(own.checkpoint == V1Store.ownCheckpoint && own.root == V1Store.ownCheckpoint.root)
        let expected = V1Store.ownEvents.enumerated().map { [$0.element.entry, $0.offset < 2 ? [] : $0.element.body] }
        #expect(try read(store, V1Store.own, 0..<259) == expected)
        let erasure = try #require(store.pendingErasures().first)
        #expect(erasure.target == Position(origin: V1.origin, index: 0) && erasure.sinceMilliseconds == 1_700_000_000_456)
        #expect(erasure.erasure == Position(origin: V1.origin, index: 9))

        let partial = try #require(store.state(V1Store.partial))
        #expect(partial.size == 5 && partial.isSound && partial.checkpoint == nil && partial.missing.indices == [2])
        #expect(partial.proving?.checkpoint == V1Store.proving.checkpoint && partial.proving?.proof == V1Store.proving.proof)
        #expect(try read(store, V1Store.partial, 0..<5) == V1Store.partialEvents.prefix(5).map { [$0.entry, $0.body] })

        #expect(try store.forks().map(\.proof) == [V1.forks[1].proof])
        #expect(try store.meta("name") == [1, 2, 3])
        let cut = try #require(store.cuts(limit: 5).first)
        #expect(cut.text == V1Store.cut && cut.hash == sha256(V1Store.cut) && cut.atMilliseconds == 1_700_000_000_123)
        #expect(try store.attestations(of: cut.hash).map(\.note) == [V1.checkpoint.note])
    }

    @Test func aLogStoreOfVersion1IsRead() throws {
        let copy = try FixtureCopy("store")
        let store = try LogStore(path: copy.path + "/log.sqlite")
        try Self.check(store)
        try store.close()
    }

    /// The schema that the first release had: what was set aside, and a decision, stand beside the rest.
    @Test func aLogStoreOfSchema3IsRead() throws {
        let copy = try FixtureCopy("store-3")
        let store = try LogStore(path: copy.path + "/log.sqlite")
        try Self.check(store)
        var aside: [[[UInt8]]] = []
        try store.forEachAside { run in
            #expect(run.place == nil)
            aside += run.items.unpacked.map { [$0.entry, $0.body] }
        }
        #expect(aside == V1Store.aside.map { [$0.entry, $0.body] })
        #expect(try store.decisions().map(\.decided) == [V1.decisions[0].decided])
        try store.close()
    }

    @Test func whatTodaysCodeStoresIsWhatVersion1Stored() throws {
        let folder = NSTemporaryDirectory() + "/v1-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = try LogStore(path: folder + "/log.sqlite")
        try V1Store.fillSchema3(store)
        try Self.check(store)
        try store.close()
    }

    @Test func aLogStoreOfVersion1GrowsAndTakesBodies() throws {
        let copy = try FixtureCopy("store")
        let store = try LogStore(path: copy.path + "/log.sqlite")
        let body = try Body(decoding: V1Store.partialEvents[1].body, kind: .observation)
        let late = Body(salt: body.salt, day: 2, subject: body.subject, content: body.content).encoded
        try store.write { transaction in
            #expect(try transaction.fillBody(Position(origin: V1Store.partial.line, index: 2), late))
            try V1Store.append(Array(V1Store.partialEvents[5...]), V1Store.partial, transaction)
            try transaction.setCheckpoint(V1Store.proving.checkpoint)
        }
        try store.close()
        let again = try LogStore(path: copy.path + "/log.sqlite")
        let state = try #require(again.state(V1Store.partial))
        #expect(state.size == 8 && state.checkpoint == V1Store.proving.checkpoint && state.missing.isEmpty && state.isSound)
        try again.close()
    }
}
