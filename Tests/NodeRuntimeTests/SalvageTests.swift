import Encoding
import Federation
import Foundation
import Storage
import Testing

@testable import NodeRuntime

/// What only one store held, and part of it is damaged: the rest is kept, and nothing is signed twice.
@Suite(.serialized) struct SalvageTests {
    private let log = OriginName("test.example/city/1")!

    private func record(_ federation: TestFederation, _ count: Int, _ mark: String) async throws {
        let drafts = (0..<count).map {
            TestFederation.observation(UInt64($0 % 150), "plus", day: 18_300, reference: "\(mark)-\($0)-end")
        }
        try await federation.call("city", "record", drafts: drafts)
    }

    /// A federation whose city has recorded something and is stopped; nobody confirmed its past, so nothing of it is published.
    private func unpublished(_ count: Int) async throws -> TestFederation {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.start("city")
        try await record(federation, count, "a")
        try await federation.stop("city")
        return federation
    }

    /// Overwrites the only place of a text in a file.
    private func destroy(_ text: String, in path: String) throws {
        var data = try Data(contentsOf: URL(fileURLWithPath: path))
        let place = try #require(data.range(of: Data(text.utf8)))
        data.replaceSubrange(place, with: Data(repeating: 0x58, count: place.count))
        try #require(data.range(of: Data(text.utf8)) == nil)
        try data.write(to: URL(fileURLWithPath: path))
    }

    private func withStore<Value>(_ folder: NodeFolder, _ body: (LogStore) throws -> Value) throws -> Value {
        let store = try LogStore(path: folder.logFile)
        defer { try? store.close() }
        return try body(store)
    }

    private func references(_ federation: TestFederation, of name: String) throws -> Set<String> {
        try withStore(federation.folder(name)) { store in
            guard let size = store.state(log)?.size, size > 0 else { return [] }
            var found: Set<String> = []
            for (entry, body) in try store.packed(log, 0..<size).flatMap(\.unpacked) {
                guard let kind = (try? Entry(decoding: entry))?.kind, let body = try? Body(decoding: body, kind: kind),
                    case .observation(_, _, let reference) = body.content
                else { continue }
                found.insert(String(decoding: reference, as: UTF8.self))
            }
            return found
        }
    }

    @Test func aRescueKeepsWhatCanBeReadOfALogThatNoPeerHas() async throws {
        let federation = try await unpublished(600)
        let folder = federation.folder("city")
        try withStore(folder) { try $0.checkpointWAL(truncate: true) }
        try destroy("a-300-end", in: folder.logFile)

        let report = try folder.rescue()
        #expect(report.unreadable == nil && report.aside == 600 - 256 - 1, "\(report)")
        try await federation.startAll()
        let resync = try await federation.call("city", "resync")
        #expect(resync["whole"]?.boolean == true, "\(resync.text)")
        let answer = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(answer["converged"]?.boolean == true, "\(answer.text)")
        for name in federation.names { try await federation.stop(name) }
        let kept = try references(federation, of: "nation")
        #expect(kept == Set((0..<600).filter { $0 != 300 }.map { "a-\($0)-end" }))
        try await federation.end()
    }

    @Test func aBodyThatWasStoredAndNotFoldedCountsOnceTheNodeHasFoldedIt() async throws {
        let federation = try await unpublished(20)
        let folder = federation.folder("city")
        let subject = TestFederation.subject(7)
        func standings() throws -> (StandingsSummary, complete: UInt64?) {
            let node = try Node(folder: folder)
            defer { try? node.close() }
            let summary = try node.standings(sizes: [log: 20], day: 19_000)
            return (summary, try node.log.state(log).map { try node.complete($0).complete })
        }
        let before = try standings()
        // A process ended between the two.
        try withStore(folder) { store in try store.write { try $0.holdBodies(log, [7]) } }
        let history = try HistoryStore(path: folder.standingsFile)
        let number = try history.originNumber(log.line)
        #expect(try history.removeRecords([HistoryRemoval(subject: subject, origin: number, index: 7)]) == 1)
        history.close()
        let after = try standings()
        #expect(after.0 == before.0 && after.complete == 20)
        try await federation.end()
    }

    @Test func aBodyThatWasFoldedInAnotherPlaceCountsOnceTheStandingsFileIsThereAgain() async throws {
        let federation = try await unpublished(20)
        let folder = federation.folder("city")
        func standings() throws -> StandingsSummary {
            let node = try Node(folder: folder)
            defer { try? node.close() }
            return try node.standings(sizes: [log: 20], day: 19_000)
        }
        let before = try standings()
        // A body came after the file had folded its entry, while the file could not be opened.
        try withStore(folder) { store in try store.write { try $0.holdBodies(log, [7]) } }
        let history = try HistoryStore(path: folder.standingsFile)
        let removal = HistoryRemoval(subject: TestFederation.subject(7), origin: try history.originNumber(log.line), index: 7)
        #expect(try history.removeRecords([removal]) == 1)
        history.close()
        let files = FileManager.default
        try files.moveItem(atPath: folder.standingsFile, toPath: folder.path + "/kept")
        try files.createDirectory(atPath: folder.standingsFile, withIntermediateDirectories: false)
        #expect(try standings() == before)
        try files.removeItem(atPath: folder.standingsFile)
        try files.moveItem(atPath: folder.path + "/kept", toPath: folder.standingsFile)
        #expect(try standings() == before)
        try await federation.end()
    }

    @Test func aStoreWhoseOwnersNameIsDamagedIsStillItsNodes() async throws {
        let federation = try await unpublished(5)
        let folder = federation.folder("city")
        let owner = try #require(try withStore(folder) { try $0.meta("owner") })
        for damaged in [owner + [0x31], Array(owner.dropLast()), [0xff] + owner.dropFirst(), Array(log.nodeLine)] {
            try withStore(folder) { store in try store.write { try $0.setMeta("owner", damaged) } }
            let node = try Node(folder: folder)
            #expect(node.log.state(log)?.size == 5)
            try node.close()
            #expect(try withStore(folder) { try $0.meta("owner") } == owner)
        }
        try await federation.end()
    }

    @Test func aNodeNeedsNobodyToShowItWhatItHasItself() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await record(federation, 30, "a")
        _ = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        try await federation.stop("nation")
        try await federation.stop("city")
        // The one has lost the signature, the other everything.
        try withStore(federation.folder("city")) { store in try store.write { try $0.forgetSignatures(log) } }
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: federation.folder("nation").logFile + suffix)
        }
        try await federation.startAll()
        let answer = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(answer["converged"]?.boolean == true, "\(answer.text)")
        #expect(try await federation.call("nation", "status")["forks"]?.array.isEmpty == true)
        for name in federation.names { try await federation.stop(name) }
        #expect(try references(federation, of: "nation").count == 30)
        try await federation.end()
    }
}
