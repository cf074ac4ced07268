package import Encoding
package import Federation
internal import Foundation
internal import Scoring
internal import Synchronization

/// Who asks about a subject.
package struct Reader: Sendable, Equatable {
    /// As in `token auditor` or `user 1000`.
    package let name: String
    /// Whether a reading that the disk does not take down is answered, and taken down once it does: where the folder's owner, who
    /// can read its files anyhow, asks a node that runs on.
    package let isOwed: Bool

    package init(name: String, isOwed: Bool) {
        self.name = name
        self.isOwed = isOwed
    }

    /// A user of this machine who asks a running node.
    package static func user(_ number: UInt32) -> Reader { Reader(name: "user \(number)", isOwed: true) }

    /// Whoever runs this process, which ends with its answer: nothing could be taken down later.
    package static var thisUser: Reader { Reader(name: "user \(geteuid())", isOwed: false) }
}

/// One reading of what concerns a subject, or a range of them.
package struct Reading: Sendable, Equatable {
    package enum Subject: String, Sendable, CaseIterable {
        case score, explanation, standings
    }

    package let atMilliseconds: UInt64
    package let reader: String
    package let what: Subject
    package let first: SubjectID
    package let last: SubjectID

    package init(atMilliseconds: UInt64, reader: String, what: Subject, first: SubjectID, last: SubjectID) {
        self.atMilliseconds = atMilliseconds
        self.reader = reader
        self.what = what
        self.first = first
        self.last = last
    }

    package func concerns(_ subject: SubjectID) -> Bool { first <= subject && subject <= last }

    package var json: JSONValue {
        [
            "at_ms": .integer(Int64(clamping: atMilliseconds)), "reader": .string(reader), "what": .string(what.rawValue),
            "first": .string("\(first)"), "last": .string("\(last)"),
        ]
    }

    /// From one line of the log; nil where it is none.
    package init?(line: [UInt8]) {
        guard let value = try? JSONValue.parse(line), var reader = try? JSONObjectReader(value),
            let time = try? reader.integer("at_ms", in: 0...Int64.max), let name = try? reader.string("reader"),
            let what = (try? reader.string("what")).flatMap(Subject.init), let first = try? reader.string("first"),
            let last = try? reader.string("last"), let first = SubjectID(hex: first), let last = SubjectID(hex: last)
        else { return nil }
        self.init(atMilliseconds: UInt64(time), reader: name, what: what, first: first, last: last)
    }
}

/// Every reading of a score, durable before the answer is given: a line of JSON each, in one file a month
/// (`reads-YYYY-MM.ndjson` in the data folder), so that old ones can be deleted when their time is over.
final class ReadLog: Sendable {
    private struct State {
        var file: (any SmallFile)?
        var name = ""
        var end = 0
        /// Readings by the owner that the disk has not taken yet.
        var owed: [[UInt8]] = []
    }

    /// Takes down what the disk has not taken before; for now and then, and for the end.
    func settle(atMilliseconds now: UInt64) {
        state.withLock { state in
            guard !state.owed.isEmpty else { return }
            if append(state.owed.flatMap(\.self), Self.name(now), &state) { state.owed = [] }
        }
    }

    /// Readings that may wait for a disk at once; beyond them none is answered.
    private static let maximumOwed = 10_000
    static let prefix = "reads-"
    static let suffix = ".ndjson"

    private let folder: String
    private let files: any NodeFiles
    private let state = Mutex(State())

    init(folder: String, files: any NodeFiles) {
        self.folder = folder
        self.files = files
    }

    /// Takes readings down; throws where that fails and the reader is not the folder's owner.
    func note(_ reading: Reading, by reader: Reader) throws {
        let line = reading.json.bytes + [0x0a]
        try state.withLock { state in
            let isDurable = append(state.owed.flatMap(\.self) + line, Self.name(reading.atMilliseconds), &state)
            if isDurable { return state.owed = [] }
            guard reader.isOwed, state.owed.count < Self.maximumOwed else {
                throw NodeFailure(
                    .storage,
                    "the reading cannot be taken down in \(folder)/\(Self.name(reading.atMilliseconds)), so it is not answered: make the folder writable, make room on its disk, or ask a copy of the folder that can be written"
                )
            }
            state.owed.append(line)
        }
    }

    private static func name(_ milliseconds: UInt64) -> String {
        prefix + "\(CalendarDay(dayNumber: Int64(milliseconds / 86_400_000)))".prefix(7) + suffix
    }

    private func append(_ bytes: [UInt8], _ name: String, _ state: inout State) -> Bool {
        if state.name != name { state.file = nil }
        if state.file == nil {
            guard let file = try? files.open(folder + "/" + name, isCreated: true) else { return false }
            state.file = file
            state.name = name
            state.end = file.byteCount
            // A line that a power failure cut short does not spoil the next one.
            if state.end > 0, file.read(at: state.end - 1, count: 1) != [0x0a] {
                guard file.write([0x0a], at: state.end) else { return false }
                state.end += 1
            }
        }
        guard let file = state.file, file.write(bytes, at: state.end), file.sync() else {
            // Reopened for the next reading, which may find another disk.
            state.file = nil
            return false
        }
        state.end += bytes.count
        return true
    }
}
