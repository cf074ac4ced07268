import Federation
import Foundation
import Simulation
import Testing

@testable import Storage

/// Room that large commits get in the write-ahead log before they come.
@Suite struct WriteAheadLogRoomTests {
    private static let frameBytes = 24 + LogStoreOptions().pageBytes
    private static let headerBytes = 32

    private static func log(_ folder: LogFolder) throws -> Data {
        try Data(contentsOf: URL(fileURLWithPath: folder.file + "-wal"))
    }

    @Test func roomThatACommitLeftIsTakenForNothingAfterAKill() throws {
        let folder = try LogFolder()
        let copy = try LogFolder()
        let store = try folder.store()
        var generator = SeededRandom(seed: 1)
        var model = ModelLog(origin: rongcheng)
        for (number, count) in [300, 8_000, 10, 8_000, 1].enumerated() {
            try model.append((0..<count).map { _ in ModelLog.entry(&generator) }, store)
            try folder.leave(in: copy)
            if number > 0 {
                let end = try Self.log(copy).suffix(1_000)
                #expect(end.allSatisfy { $0 == 0 })
            }
            let found = try copy.store()
            try LogStoreAppendTests.expect(found, model)
            #expect(try LogVerifier(found, keys: []).verify(rongcheng)?.damages == [])
            try found.close()
        }
    }

    @Test func theLogGrowsNoLargerThanACommitBeyondItsCheckpoint() throws {
        let folder = try LogFolder()
        let store = try folder.store { $0.checkpointPages = 400 }
        var model = ModelLog(origin: rongcheng)
        var largest = 0
        for number in 1...12 {
            try model.grow(to: number * 6_000, store)
            largest = max(largest, try Self.log(folder).count)
        }
        // A commit brings less than 1.5 MB, and may come right before the log begins again.
        #expect(largest < 400 * Self.frameBytes + 2 * 1_500_000)
        #expect(largest > 400 * Self.frameBytes)
        try LogStoreAppendTests.expect(store, model)
    }

    @Test func aSmallCommitTakesNoMoreThanItNeeds() throws {
        let folder = try LogFolder()
        let store = try folder.store()
        var model = ModelLog(origin: rongcheng)
        try model.grow(to: 10, store)
        #expect((try Self.log(folder).count - Self.headerBytes) % Self.frameBytes == 0)
    }
}
