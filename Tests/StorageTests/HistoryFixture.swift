import Federation
import Foundation
import Scoring

@testable import Storage

/// A folder of its own for one test, deleted with it.
final class HistoryFolder {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("history-\(UUID().uuidString)")
    var path: String { url.appendingPathComponent("standings.sqlite").path }
    /// The database file and its WAL.
    var files: [String] { [path, path + "-wal"].filter { FileManager.default.fileExists(atPath: $0) } }

    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }

    /// Copies the files as a crash would leave them.
    func copy() throws -> HistoryFolder {
        let copy = try HistoryFolder()
        for file in files {
            let name = (file as NSString).lastPathComponent
            try FileManager.default.copyItem(atPath: file, toPath: copy.url.appendingPathComponent(name).path)
        }
        return copy
    }

    func contains(_ bytes: [UInt8]) throws -> Bool {
        try files.contains { try Data(contentsOf: URL(fileURLWithPath: $0)).range(of: Data(bytes)) != nil }
    }
}

extension HistoryOptions {
    /// Small enough that some thousand records reach flushes and merges of several levels.
    static var small: HistoryOptions {
        var options = HistoryOptions()
        options.tableRecords = 400
        options.tableBytes = 64 << 10
        options.fanIn = 3
        options.segmentsPerTransaction = 2
        options.retryMilliseconds = 5
        return options
    }
}

/// A record with its reference, wherever it lies.
struct HistoryFact: Equatable {
    var record: HistoryRecord
    var reference: [UInt8] = []

    static func all(in history: SubjectHistory) -> [HistoryFact] {
        let facts = history.records.map { record in
            let start = Int(record.referenceOffset)
            var fact = HistoryFact(record: record)
            fact.reference = [UInt8](history.bytes[start..<start + Int(record.referenceCount)])
            fact.record.referenceOffset = 0
            fact.record.referenceCount = 0
            return fact
        }
        return sorted(facts)
    }

    static func sorted(_ facts: [HistoryFact]) -> [HistoryFact] {
        facts.sorted { ($0.record.origin, $0.record.index) < ($1.record.origin, $1.record.index) }
    }
}

extension HistoryBatch {
    mutating func append(_ fact: HistoryFact, about subject: SubjectID) {
        fact.reference.withUnsafeBytes { append(fact.record, about: subject, reference: $0) }
    }
}

extension HistoryStore {
    func facts(about subject: SubjectID) throws -> [HistoryFact] {
        var history = SubjectHistory()
        try self.history(of: subject, into: &history)
        return HistoryFact.all(in: history)
    }

    func factorNumber(_ code: String) -> UInt32 { Array(code.utf8).withUnsafeBytes { factorNumber($0) } }
    func targetOriginNumber(_ line: String) -> UInt32 { Array(line.utf8).withUnsafeBytes { targetOriginNumber($0) } }

    /// Appends one batch of observations about subjects, from the position reached.
    func observe(_ subjects: [SubjectID], origin: UInt32, reference: [UInt8] = []) throws {
        var batch = HistoryBatch()
        let first = visibleUpTo(origin)
        batch.reset(origin: origin, first: first)
        for (offset, subject) in subjects.enumerated() {
            let record = HistoryRecord(
                origin: origin, index: first + UInt64(offset), kind: 1, day: 18_000, factor: 0, quantity: 1)
            batch.append(HistoryFact(record: record, reference: reference), about: subject)
        }
        try append(batch)
    }
}

extension HistorySnapshot {
    /// Everything in it, read through so many partitions.
    func facts(partitions count: Int) throws -> [(subject: SubjectID, facts: [HistoryFact])] {
        var found: [(subject: SubjectID, facts: [HistoryFact])] = []
        for partition in partitions(count) {
            try partition.forEachSubject { found.append(($0, HistoryFact.all(in: $1))) }
        }
        return found
    }
}
