import Cryptography
import Federation
import Foundation
import GRDB
import Simulation
import TransparencyLog

@testable import Storage

/// A folder for one test, removed at its end.
final class LogFolder {
    let path: String
    var file: String { path + "/log.sqlite" }

    init() throws {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("log-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func store(_ change: (inout LogStoreOptions) -> Void = { _ in }) throws -> LogStore {
        var options = LogStoreOptions()
        change(&options)
        return try LogStore(path: file, options: options)
    }

    /// Puts into another folder what a process that is killed now leaves on the disk, in place of what lies there.
    func leave(in copy: LogFolder) throws {
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: copy.file + suffix)
            try FileManager.default.copyItem(atPath: file + suffix, toPath: copy.file + suffix)
        }
    }

    /// Runs SQL on the file of a closed store, as a fault would.
    func tamper(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        let queue = try DatabaseQueue(path: file)
        try queue.write { try $0.execute(sql: sql, arguments: arguments) }
        try queue.close()
    }

    func value<Value: DatabaseValueConvertible>(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws
        -> Value?
    {
        let queue = try DatabaseQueue(path: file)
        defer { try? queue.close() }
        return try queue.read { try Value.fetchOne($0, sql: sql, arguments: arguments) }
    }

    /// Everything in all files of the database, one after another.
    func rawBytes() throws -> Data {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted().reduce(into: Data()) {
            $0.append(try Data(contentsOf: URL(fileURLWithPath: path + "/" + $1)))
        }
    }
}

/// A log as it ought to be stored.
struct ModelLog {
    let origin: OriginName
    var entries: [StoredEntry] = []

    var leaves: [Digest] { entries.map { leafHash($0.entry) } }

    func root(_ size: Int) -> Digest { treeRoot(leaves.prefix(size)) }

    /// An entry with a random body, or an erasure, or one of an unknown kind, or one whose body is missing.
    static func entry(_ generator: inout SeededRandom) -> StoredEntry {
        let time = generator.next()
        switch Int.random(in: 0..<20, using: &generator) {
        case 0:
            let target = Position(origin: Array("pilot/other/1".utf8), index: time >> 40)
            return StoredEntry(entry: Entry(erasing: target, ground: .request, recordedAt: time).encoded, body: [])
        case 1:
            let count = Int.random(in: 1...300, using: &generator)
            return StoredEntry(entry: [9] + (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }, body: [])
        case let choice:
            let count = Int.random(in: 1...(choice == 2 ? 2_000 : 120), using: &generator)
            let body = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            let entry = Entry(kind: .observation, recordedAt: time, commitment: sha256(body)).encoded
            return StoredEntry(entry: entry, body: choice == 3 ? [] : body)
        }
    }

    /// An observation with a body of its own.
    static func plain(_ number: Int) -> StoredEntry {
        let body = Array("body \(number) ".utf8) + sha256(Array("salt \(number)".utf8)).bytes
        let entry = Entry(kind: .observation, recordedAt: UInt64(number), commitment: sha256(body)).encoded
        return StoredEntry(entry: entry, body: body)
    }

    /// Appends entries to the model and to a store, in pieces of the given lengths.
    mutating func append(_ new: [StoredEntry], pieces lengths: [Int], _ transaction: LogTransaction) throws {
        precondition(lengths.reduce(0, +) == new.count)
        var pieces: [PackedEntries] = []
        var bundleRoots: [Digest] = []
        var start = 0
        for length in lengths {
            pieces.append(pack(new[start..<(start + length)]))
            if length == 256, (entries.count + start) % 256 == 0 {
                bundleRoots.append(treeRoot(new[start..<(start + length)].map { leafHash($0.entry) }))
            }
            start += length
        }
        // Whether the roots come along makes no difference.
        let areKnown = entries.count % 2 == 0
        try transaction.append(
            origin, pieces, leafHashes: new.map { leafHash($0.entry) }, bundleRoots: areKnown ? bundleRoots : [])
        entries += new
    }

    /// Appends plain entries up to a size in one write.
    mutating func grow(to size: Int, _ store: LogStore) throws {
        try append((entries.count..<size).map { Self.plain($0) }, store)
    }

    /// Appends entries in one write, in pieces of a bundle.
    mutating func append(_ new: [StoredEntry], _ store: LogStore) throws {
        let lengths = stride(from: 0, to: new.count, by: 256).map { min(256, new.count - $0) }
        var copy = self
        try store.write { try copy.append(new, pieces: lengths, $0) }
        self = copy
    }
}

func pack(_ entries: some Sequence<StoredEntry>) -> PackedEntries {
    var builder = PackedEntriesBuilder()
    for entry in entries { builder.append(entry: entry.entry, body: entry.body) }
    return builder.finish()
}

extension LogStore {
    func entries(_ origin: OriginName, _ range: Range<UInt64>) throws -> [StoredEntry] {
        try packed(origin, range).flatMap(\.unpacked).map { StoredEntry(entry: $0.entry, body: $0.body) }
    }
}

let rongcheng = OriginName("pilot/rongcheng/1")!
let suining = OriginName("pilot/suining/1")!

/// The keys with which the origins of the tests sign.
let signingKey = SigningKey(seed: Array(1...32))!

func verifierKey(_ origin: OriginName) -> VerifierKey {
    VerifierKey(name: origin.line, key: VerifyingKey(signingKey.publicKey)!)
}

func checkpoint(_ origin: OriginName, _ size: UInt64, _ root: Digest) throws -> SignedCheckpoint {
    try SignedCheckpoint(signing: Checkpoint(origin: origin.line, size: size, root: root), with: signingKey)
}
