import Encoding
import Federation
import Foundation
import Logging
import Storage
import Testing

@testable import NodeRuntime

/// Stores that do not open, or open as something that they were once.
@Suite(.serialized) struct RescueTests {
    private func record(_ federation: TestFederation, _ count: Int, _ mark: String) async throws {
        let drafts = (0..<count).map {
            TestFederation.observation(UInt64($0 % 150), "plus", day: 18_300, reference: "\(mark)-\($0)")
        }
        try await federation.call("city", "record", drafts: drafts)
    }

    private func converged(_ federation: TestFederation) async throws -> String? {
        let answer = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(answer["converged"]?.boolean == true, "\(answer.text)")
        #expect(
            answer["nodes"]?.array.allSatisfy { $0["frontier"]?.integer == answer["nodes"]?.array[0]["frontier"]?.integer }
                == true)
        return answer["root"]?.string
    }

    private func overwrite(_ path: String, at offset: UInt64, _ count: Int) throws {
        let handle = try #require(FileHandle(forWritingAtPath: path))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: [UInt8](repeating: 0x41, count: count))
        try handle.close()
    }

    @Test(arguments: ["city", "nation"], [0, 4_096 as UInt64])
    func aDamagedFileIsRefusedWithTheRescueThatHelps(name: String, offset: UInt64) async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await record(federation, 900, "a")
        let before = try await converged(federation)
        try await federation.stop(name)
        let folder = federation.folder(name)
        // Header and schema, or the first of the pages behind them.
        try overwrite(folder.logFile, at: offset, 4_000)
        let failure = #expect(throws: (any Error).self) {
            _ = try NodeService(folder: folder, logger: Logger(label: "test"))
        }
        #expect(failure.map { "\($0)" }?.contains("concord rescue --data \(folder.path)") == true)
        let report = try folder.rescue()
        #expect(FileManager.default.fileExists(atPath: report.damagedFile))
        try await federation.start(name)
        try await federation.waitUntilConfirmed(name)
        let resync = try await federation.call(name, "resync")
        #expect(resync["whole"]?.boolean == true, "\(resync.text)")
        #expect(try await converged(federation) == before)
        // It is the same node with the same log: what is recorded now follows on it.
        try await record(federation, 10, "b")
        _ = try await converged(federation)
        #expect(try await federation.call("nation", "status")["forks"]?.array.isEmpty == true)
        try await federation.end()
    }

    @Test(arguments: [false, true])
    func anOlderFileOfTheOwnLogFetchesWhatItHasPublished(isPublishedFileOldToo: Bool) async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await record(federation, 300, "a")
        try await federation.stop("city")
        let folder = federation.folder("city")
        let oldLog = try Data(contentsOf: URL(fileURLWithPath: folder.logFile))
        let oldPublished = try Data(contentsOf: URL(fileURLWithPath: folder.publishedFile))
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
        try await record(federation, 600, "b")
        let before = try await converged(federation)
        try await federation.stop("city")
        try oldLog.write(to: URL(fileURLWithPath: folder.logFile))
        if isPublishedFileOldToo { try oldPublished.write(to: URL(fileURLWithPath: folder.publishedFile)) }
        try await federation.start("city")
        try await federation.waitUntilConfirmed("city")
        #expect(try await converged(federation) == before)
        try await record(federation, 50, "c")
        _ = try await converged(federation)
        #expect(try await federation.call("nation", "status")["forks"]?.array.isEmpty == true)
        #expect(try await federation.call("city", "verify")["sound"]?.boolean == true)
        try await federation.end()
    }

    @Test func aStandingsFileThatCannotBeReadIsFoundAndFoldedAgain() async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        try await record(federation, 3_000, "a")
        let before = try await converged(federation)
        try await federation.stop("nation")
        let file = federation.folder("nation").standingsFile
        let size = try #require(try FileManager.default.attributesOfItem(atPath: file)[.size] as? UInt64)
        // The rows of runs fill the end of the file.
        try overwrite(file, at: size - 40_000, 30_000)
        try await federation.start("nation")
        try await federation.waitUntilConfirmed("nation")
        let found = try await federation.call("nation", "verify")
        if found["sound"]?.boolean == false {
            let report = try await federation.call("nation", "resync")
            #expect(report["whole"]?.boolean == true && report["rebuilt_standings"]?.boolean == true, "\(report.text)")
        }
        #expect(try await federation.call("nation", "verify")["sound"]?.boolean == true)
        #expect(try await converged(federation) == before)
        try await federation.end()
    }

    @Test func whoFloodsIsCutOffForLongerEachTime() {
        let floods = Floods()
        let frame = 4 << 20
        #expect(floods.note(frame, from: 1, now: 0) == nil)
        #expect((0..<4).compactMap { _ in floods.note(frame, from: 1, now: 0) } == [10_000])
        #expect(floods.isCutOff(1, now: 9_999) && !floods.isCutOff(1, now: 10_000) && !floods.isCutOff(2, now: 0))
        #expect((0..<5).compactMap { _ in floods.note(frame, from: 1, now: 20_000) } == [20_000])
        // Now and then a large message of a newer version is nothing.
        #expect((0..<100).compactMap { floods.note(frame, from: 2, now: UInt64($0) * 20_000) } == [])
    }

    @Test func strangersDoNotFillTheLog() {
        let failures = LinkFailures()
        var told: [String] = []
        for number in 0..<1_000 { failures.noteInbound(now: 5, "reason \(number)") { told.append($0) } }
        #expect(told.count == 10)
        failures.noteInbound(now: 60_005, "another") { told.append($0) }
        #expect(told.last == "another (and 990 more connections before, which were not told of)")
    }
}
