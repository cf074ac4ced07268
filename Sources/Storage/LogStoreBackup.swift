internal import Foundation
internal import GRDB

/// A file that came with a backup.
package struct BackupPart: Equatable, Sendable {
    /// The file's path in the data folder.
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

// A backup is the database itself, as it stood in one moment, with small files of the data folder beside its settings. It
// holds keys: it is for its owner alone (mode 0600).
extension LogStore {
    private static let partPrefix = "backup/"
    private static let pagesPerStep: CInt = 1_024

    /// Copies the store into a new file while it goes on being written; `parts` come along. A file that is there is not
    /// overwritten; what could not be finished leaves none. `progress` hears how many of how many pages are copied.
    package func backUp(
        to path: String, parts: [BackupPart], progress: @escaping (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
    ) throws {
        let temporary = path + ".new"
        do {
            guard !FileManager.default.fileExists(atPath: path) else {
                throw StoreFailure(.rejected, "\(path) is there already: a backup overwrites nothing, choose another name")
            }
            try Self.createPrivately(temporary)
            let target = try DatabaseQueue(path: temporary)
            try pool.backup(to: target, pagesPerStep: Self.pagesPerStep) { state in
                try progress(state.completedPageCount, state.totalPageCount)
            }
            try target.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL")
                try database.inTransaction { try Self.put(parts, into: database) }
            }
            try target.close()
            guard rename(temporary, path) == 0 else {
                throw StoreFailure(.inputOutput, "\(path) cannot be written: errno \(errno)")
            }
            try SystemStoreFiles().syncFolder(of: path)
        } catch {
            for suffix in ["", "-journal", "-wal", "-shm"] { unlink(temporary + suffix) }
            throw StoreFailure.mapping(error, "back up to \(path)")
        }
    }

    private static func put(_ parts: [BackupPart], into database: Database) throws -> Database.TransactionCompletion {
        for part in parts {
            try database.run(
                "INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [partPrefix + part.name, blob(part.bytes)])
        }
        return .commit
    }

    private static func createPrivately(_ path: String) throws {
        unlink(path)
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreFailure(.inputOutput, "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        Foundation.close(descriptor)
    }

    /// The small files that came with a backup, by name; none where the file is a log store, but no backup.
    package static func parts(ofBackup path: String) throws -> [BackupPart] {
        var configuration = Configuration()
        configuration.readonly = true
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { database in
                _ = try LogStoreSchema.checkedVersion(database)
                var parts: [BackupPart] = []
                try database.forEachRow(
                    "SELECT key, value FROM meta WHERE key LIKE 'backup/%' ORDER BY key", []
                ) { row in
                    let key = String(decoding: try row.bytes(0), as: UTF8.self)
                    parts.append(BackupPart(name: String(key.dropFirst(partPrefix.count)), bytes: try row.bytes(1)))
                }
                return parts
            }
        } catch { throw StoreFailure.mapping(error, "read the backup \(path)") }
    }

    /// Makes a store of a copy of a backup: the small files go out of it.
    package static func becomeStore(_ path: String) throws {
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.writeWithoutTransaction { database in
                try database.execute(sql: "PRAGMA secure_delete = ON; PRAGMA synchronous = FULL")
                try database.execute(sql: "DELETE FROM meta WHERE key LIKE 'backup/%'")
            }
            try queue.close()
        } catch { throw StoreFailure.mapping(error, "make a store of \(path)") }
    }
}
