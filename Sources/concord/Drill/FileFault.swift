internal import Foundation
internal import NodeRuntime

/// What disks, file systems and people do to a file: the faults of Jepsen's file nemesis, and a whole folder of older files.
enum FileFault: String, CaseIterable, Sendable {
    case flippedBits = "flipped bits"
    case truncated
    /// A part of the file stands in another place of it too.
    case copiedChunk = "copied chunk"
    /// A part of the file is as it was some time ago.
    case olderChunk = "older chunk"
    /// The file is as it was some time ago, those beside it are not.
    case olderFile = "older file"
    /// All of the node's files are as they were some time ago: a backup that was put back.
    case olderFolder = "older folder"

    private static let maximumFlips = 64
    private static let maximumChunk = 65_536
    /// What disks write at once.
    private static let block = 512
    /// Bytes at the front of a database that hold its schema and its smallest tables.
    private static let front = 65_536

    /// How often each is done, in a line.
    private static let turns: [FileFault] = [
        .flippedBits, .flippedBits, .flippedBits, .truncated, .truncated, .copiedChunk, .copiedChunk, .copiedChunk, .olderChunk,
        .olderChunk, .olderChunk, .olderFile, .olderFile, .olderFolder,
    ]

    static func random(_ numbers: inout SeededNumbers) -> FileFault {
        turns[Int.random(in: turns.indices, using: &numbers)]
    }

    /// Does it to a file in place, so that a process which has it open sees it.
    ///
    /// - Parameters:
    ///   - older: bytes of the same file some time ago; none where it was not there.
    /// - Returns: what was done, in words; nil where this fault changes nothing of this file.
    func strike(_ path: String, older: [UInt8]?, _ numbers: inout SeededNumbers) throws -> String? {
        let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
        switch self {
        case .flippedBits: return try flip(path, bytes, &numbers)
        case .truncated:
            guard !bytes.isEmpty else { return nil }
            let length = Int.random(in: 0..<bytes.count, using: &numbers)
            try Self.write(path, [], at: 0, length: length)
            return "cut from \(bytes.count) to \(length) bytes"
        case .copiedChunk:
            guard bytes.count > 1 else { return nil }
            let from = Self.place(bytes.count, &numbers)
            let to = Self.place(bytes.count, &numbers)
            let count = min(Self.length(&numbers), bytes.count - max(from, to))
            guard bytes[from..<from + count] != bytes[to..<to + count] else { return nil }
            try Self.write(path, bytes[from..<from + count], at: to, length: nil)
            return "\(count) bytes at \(from) copied to \(to)"
        case .olderChunk:
            guard let older, !older.isEmpty else { return nil }
            let changed = Self.changedBlocks(bytes, older)
            guard !changed.isEmpty else { return nil }
            let start = changed[Int.random(in: changed.indices, using: &numbers)]
            let count = min(max(Self.block, Self.length(&numbers)), older.count - start)
            try Self.write(path, older[start..<start + count], at: start, length: nil)
            return "\(count) bytes at \(start) as they were before"
        case .olderFile, .olderFolder:
            guard let older, older != bytes else { return nil }
            try Self.write(path, older[...], at: 0, length: older.count)
            return "the file of \(bytes.count) bytes as it was before, with \(older.count)"
        }
    }

    private func flip(_ path: String, _ bytes: [UInt8], _ numbers: inout SeededNumbers) throws -> String? {
        guard !bytes.isEmpty else { return nil }
        let count = Bool.random(using: &numbers) ? 1 : Int.random(in: 2...Self.maximumFlips, using: &numbers)
        var places: [Int] = []
        for _ in 0..<count {
            let place = Self.place(bytes.count, &numbers)
            let bit = UInt8.random(in: 0..<8, using: &numbers)
            try Self.write(path, [bytes[place] ^ (1 << bit)][...], at: place, length: nil)
            places.append(place)
        }
        return "\(counted(count, "bit")) flipped, the first at \(places[0])"
    }

    /// Anywhere in a file, and every third time near its front.
    private static func place(_ count: Int, _ numbers: inout SeededNumbers) -> Int {
        let bound = Int.random(in: 0..<3, using: &numbers) == 0 ? min(count, front) : count
        return Int.random(in: 0..<bound, using: &numbers)
    }

    /// Where blocks begin that are not as they were before.
    private static func changedBlocks(_ bytes: [UInt8], _ older: [UInt8]) -> [Int] {
        stride(from: 0, to: older.count, by: block).filter { start in
            let end = min(start + block, older.count)
            return end > bytes.count || bytes[start..<end] != older[start..<end]
        }
    }

    /// Of any size, short ones as often as long ones.
    private static func length(_ numbers: inout SeededNumbers) -> Int {
        Int.random(in: 1...(maximumChunk >> Int.random(in: 0...14, using: &numbers)), using: &numbers)
    }

    /// - Parameter length: cuts the file to this length afterwards; nil leaves it as long as it is.
    static func write(_ path: String, _ bytes: ArraySlice<UInt8>, at offset: Int, length: Int?) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(path) }
        defer { close(descriptor) }
        let written = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset)) }
        guard written == bytes.count, length.map({ ftruncate(descriptor, off_t($0)) }) ?? 0 == 0 else { throw failure(path) }
    }

    private static func failure(_ path: String) -> NodeFailure {
        NodeFailure(.storage, "\(path) cannot be changed: \(String(cString: strerror(errno)))")
    }
}

/// A file of a node's data folder that a fault can strike.
enum FileTarget: String, CaseIterable, Sendable {
    case log = "log.sqlite"
    case logWAL = "log.sqlite-wal"
    case standings = "standings.sqlite"
    case standingsWAL = "standings.sqlite-wal"
    case published
    case lock
    case identity = "node.json"

    /// How often each is struck, in a line.
    private static let turns: [FileTarget] = [
        .log, .log, .log, .log, .log, .logWAL, .logWAL, .logWAL, .standings, .standings, .standingsWAL, .published, .published,
        .lock, .identity,
    ]

    static func random(_ numbers: inout SeededNumbers) -> FileTarget {
        turns[Int.random(in: turns.indices, using: &numbers)]
    }

    func path(_ folder: NodeFolder) -> String { "\(folder.path)/\(rawValue)" }
}

/// Copies of a node's files at one moment; those that are not there are left out.
struct FileCopies {
    private(set) var bytes: [FileTarget: [UInt8]] = [:]

    init() {}

    init(_ folder: NodeFolder) {
        for target in FileTarget.allCases {
            if let data = try? Data(contentsOf: URL(fileURLWithPath: target.path(folder))) { bytes[target] = [UInt8](data) }
        }
    }

    /// Puts them all back, and takes away what was not there.
    func restore(_ folder: NodeFolder) throws {
        for file in [folder.logFile, folder.standingsFile] { try? FileManager.default.removeItem(atPath: file + "-shm") }
        for target in FileTarget.allCases {
            guard let bytes = bytes[target] else {
                try? FileManager.default.removeItem(atPath: target.path(folder))
                continue
            }
            do { try Data(bytes).write(to: URL(fileURLWithPath: target.path(folder))) } catch {
                throw NodeFailure(.storage, "\(target.path(folder)) cannot be written: \(error.localizedDescription)")
            }
        }
    }
}
