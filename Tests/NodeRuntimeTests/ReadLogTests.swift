import Federation
import Foundation
import Storage
import Synchronization
import Testing

@testable import NodeRuntime

@Suite struct ReadLogTests {
    private let owner = Reader.user(1_000)
    private let auditor = Reader(name: "token auditor", isOwed: false)
    private let disk = ReadingDisk()
    private let lane = HeldLane()

    private var log: ReadLog { ReadLog(folder: "data", files: disk, lane: lane) }

    private func reading(_ milliseconds: UInt64 = 1_700_000_000_000) -> Reading {
        let subject = SubjectID(high: 1, low: 2)
        return Reading(atMilliseconds: milliseconds, reader: "somebody", what: .score, first: subject, last: subject)
    }

    @Test func whatTheOwnerReadsIsInTheFileBeforeTheAnswerAndSyncedSoon() throws {
        let log = log
        try log.note(reading(), by: owner)
        try log.note(reading(), by: owner)
        #expect(disk.lines == 2)
        #expect(disk.syncs == 0)
        #expect(lane.runAll() == 1)
        #expect(disk.syncs == 1)
        try log.note(reading(), by: owner)
        #expect(lane.runAll() == 1)
        #expect(disk.syncs == 2)
    }

    @Test func whatOthersReadIsDurableBeforeTheAnswer() throws {
        let log = log
        try log.note(reading(), by: auditor)
        #expect(disk.lines == 1)
        #expect(disk.syncs == 1)
        disk.isSyncing.withLock { $0 = false }
        #expect(throws: NodeFailure.self) { try log.note(reading(), by: auditor) }
    }

    @Test func whatTheDiskDidNotTakeIsWrittenAgain() throws {
        let log = log
        disk.isSyncing.withLock { $0 = false }
        try log.note(reading(), by: owner)
        try log.note(reading(), by: owner)
        lane.runAll()
        #expect(disk.syncs == 0)
        disk.forget()
        disk.isSyncing.withLock { $0 = true }
        log.settle(atMilliseconds: 1_700_000_000_000)
        #expect(disk.lines == 2)
        #expect(disk.syncs > 0)
    }

    @Test func theOwnerIsAnsweredWhereNothingCanBeWrittenAndTheReadingFollows() throws {
        let log = log
        disk.isWritable.withLock { $0 = false }
        try log.note(reading(), by: owner)
        #expect(throws: NodeFailure.self) { try log.note(reading(), by: auditor) }
        disk.isWritable.withLock { $0 = true }
        try log.note(reading(), by: auditor)
        #expect(disk.lines == 2)
    }

    @Test func anotherMonthBeginsWhenTheOldFileIsDurable() throws {
        let log = log
        try log.note(reading(), by: owner)
        try log.note(reading(1_703_000_000_000), by: owner)
        #expect(disk.names == ["data/reads-2023-11.ndjson", "data/reads-2023-12.ndjson"])
        #expect(disk.lines == 2)
        #expect(disk.syncs == 2)
    }
}

/// Keeps what it is given until it is run.
private final class HeldLane: Lane {
    private let work = Mutex<[@Sendable () -> Void]>([])

    func async(_ work: @escaping @Sendable () -> Void) { self.work.withLock { $0.append(work) } }
    func after(_ milliseconds: UInt64, _ work: @escaping @Sendable () -> Void) { async(work) }
    func sync<Value>(_ work: () throws -> Value) rethrows -> Value { try work() }
    func every(_ milliseconds: UInt64, delay: UInt64, _ work: @escaping @Sendable () -> Void) -> any LaneTimer { NoTimer() }
    func wait(for signal: Signal) {}

    private struct NoTimer: LaneTimer {
        func cancel() {}
    }

    /// How many pieces there were.
    @discardableResult func runAll() -> Int {
        let given = work.withLock { work in
            defer { work = [] }
            return work
        }
        for piece in given { piece() }
        return given.count
    }
}

/// Files in memory, on a disk that can refuse.
private final class ReadingDisk: NodeFiles {
    let isWritable = Mutex(true)
    let isSyncing = Mutex(true)
    private let files = Mutex<[String: [UInt8]]>([:])
    private let count = Mutex(0)

    var names: [String] { files.withLock { $0.keys.sorted() } }
    /// Of all files.
    var lines: Int { files.withLock { $0.values.reduce(0) { $0 + $1.count { $0 == 0x0a } } } }
    /// Times that something was made durable.
    var syncs: Int { count.withLock { $0 } }

    func forget() { files.withLock { $0 = [:] } }

    func open(_ path: String, isCreated: Bool) throws -> (any SmallFile)? {
        files.withLock { if $0[path] == nil { $0[path] = [] } }
        return File(disk: self, path: path)
    }

    func remove(_ path: String) {}
    func scratchFolder() throws -> String { "" }
    func lock(_ folder: NodeFolder) throws -> any Sendable { 0 }

    private struct File: SmallFile {
        let disk: ReadingDisk
        let path: String

        var byteCount: Int { disk.files.withLock { $0[path]?.count ?? 0 } }

        func read(at offset: Int, count: Int) -> [UInt8] {
            disk.files.withLock { Array(($0[path] ?? []).dropFirst(offset).prefix(count)) }
        }

        func write(_ bytes: [UInt8], at offset: Int) -> Bool {
            guard disk.isWritable.withLock({ $0 }) else { return false }
            disk.files.withLock { $0[path] = Array(($0[path] ?? []).prefix(offset)) + bytes }
            return true
        }

        func sync() -> Bool {
            guard disk.isSyncing.withLock({ $0 }) else { return false }
            disk.count.withLock { $0 += 1 }
            return true
        }
    }
}
