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

/// Every reading of a score, taken down before the answer is given: a line of JSON each, in one file a month
/// (`reads-YYYY-MM.ndjson` in the data folder), so that old ones can be deleted when their time is over.
///
/// What anybody else reads is durable before it is answered. What the folder's owner reads of a running node is in the file
/// before, so that the end of the process takes nothing with it, and the disk is asked a moment later: the owner can read the
/// stores themselves, which no log sees, so that a power failure in these milliseconds hides nothing that could not be hidden
/// anyhow, and a disk that takes in a whole federation at the same time keeps nobody at the machine waiting.
final class ReadLog: Sendable {
    private struct State {
        var file: (any SmallFile)?
        var name = ""
        var end = 0
        /// The owner's readings that are in the file, and may be lost with the power.
        var unsynced: [[UInt8]] = []
        var isSyncDue = false
        /// The owner's readings that the disk has not taken yet.
        var owed: [[UInt8]] = []

        /// What is in a file that is given up may not be on its disk.
        mutating func giveUpFile() {
            file = nil
            owed = unsynced + owed
            unsynced = []
        }
    }

    /// The owner's readings that may wait for a disk at once; beyond them none is answered before they are durable.
    private static let maximumWaiting = 10_000
    /// How long what the owner reads waits for others, so that the disk is asked for all of them at once.
    private static let syncMilliseconds: UInt64 = 20
    static let prefix = "reads-"
    static let suffix = ".ndjson"

    private let folder: String
    private let files: any NodeFiles
    private let lane: any Lane
    /// For moments only: a disk is waited for outside of it.
    private let state = Mutex(State())
    /// Held while a disk is waited for.
    private let syncing = Mutex<Void>(())

    /// - Parameter lane: where the owner's readings are made durable.
    init(folder: String, files: any NodeFiles, lane: any Lane) {
        self.folder = folder
        self.files = files
        self.lane = lane
    }

    /// Takes a reading down; throws where that fails and the reader is not the folder's owner.
    func note(_ reading: Reading, by reader: Reader) throws {
        let line = reading.json.bytes + [0x0a]
        let name = Self.name(reading.atMilliseconds)
        if reader.isOwed, noteSoonDurably(line, name) { return }
        if noteDurably(line, name) { return }
        guard reader.isOwed, owe(line) else {
            throw NodeFailure(
                .storage,
                "the reading cannot be taken down in \(folder)/\(name), so it is not answered: make the folder writable, make room on its disk, or ask a copy of the folder that can be written"
            )
        }
    }

    /// Makes durable what is not yet, and takes down what the disk has not taken before; for now and then, and for the end.
    func settle(atMilliseconds now: UInt64) {
        settle()
        if state.withLock({ !$0.owed.isEmpty }) { _ = noteDurably([], Self.name(now)) }
    }

    private func settle() {
        syncing.withLock { _ in
            state.withLock { $0.isSyncDue = false }
            syncUnsynced()
        }
    }

    private func owe(_ line: [UInt8]) -> Bool {
        state.withLock { state in
            guard state.owed.count < Self.maximumWaiting else { return false }
            state.owed.append(line)
            return true
        }
    }

    /// False where the disk has to be waited for.
    private func noteSoonDurably(_ line: [UInt8], _ name: String) -> Bool {
        let isFirst = state.withLock { state -> Bool? in
            // Another month begins with another file, once this one is done.
            guard state.name == name || state.unsynced.isEmpty, state.unsynced.count < Self.maximumWaiting,
                write(line, name, &state) != nil
            else { return nil }
            state.unsynced.append(line)
            defer { state.isSyncDue = true }
            return !state.isSyncDue
        }
        if isFirst == true { lane.after(Self.syncMilliseconds) { [weak self] in self?.settle() } }
        return isFirst != nil
    }

    private func noteDurably(_ line: [UInt8], _ name: String) -> Bool {
        syncing.withLock { _ in
            if state.withLock({ $0.name != name }) { syncUnsynced() }
            let written = state.withLock { state in write(line, name, &state).map { ($0, state.unsynced.count) } }
            guard let (file, count) = written else { return false }
            return sync(file, count)
        }
    }

    private func syncUnsynced() {
        let (file, count) = state.withLock { ($0.file, $0.unsynced.count) }
        if let file, count > 0 { _ = sync(file, count) }
    }

    /// Waits for the disk, which then has the first of what is not synced. Where it fails, the owner's readings are owed again.
    private func sync(_ file: any SmallFile, _ count: Int) -> Bool {
        let isDurable = file.sync()
        state.withLock { state in
            // Reopened after a failure for the next reading, which may find another disk.
            if isDurable { state.unsynced.removeFirst(min(count, state.unsynced.count)) } else { state.giveUpFile() }
        }
        return isDurable
    }

    /// Writes a line, and before it what is owed; nil where the disk does not take them.
    private func write(_ line: [UInt8], _ name: String, _ state: inout State) -> (any SmallFile)? {
        if state.file == nil || state.name != name {
            guard open(name, &state) else { return nil }
        }
        let bytes = state.owed.flatMap(\.self) + line
        guard let file = state.file, file.write(bytes, at: state.end) else {
            // What is in the file and not synced yet still needs it.
            if state.unsynced.isEmpty { state.file = nil }
            return nil
        }
        state.end += bytes.count
        state.unsynced += state.owed
        state.owed = []
        return file
    }

    private static func name(_ milliseconds: UInt64) -> String {
        prefix + "\(CalendarDay(dayNumber: Int64(milliseconds / 86_400_000)))".prefix(7) + suffix
    }

    private func open(_ name: String, _ state: inout State) -> Bool {
        state.giveUpFile()
        guard let file = try? files.open(folder + "/" + name, isCreated: true) else { return false }
        state.name = name
        state.end = file.byteCount
        // A line that a power failure cut short does not spoil the next one.
        if state.end > 0, file.read(at: state.end - 1, count: 1) != [0x0a] {
            guard file.write([0x0a], at: state.end) else { return false }
            state.end += 1
        }
        state.file = file
        return true
    }
}
