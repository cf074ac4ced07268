internal import Encoding
internal import Federation
internal import Foundation
internal import Storage

/// What a backup holds.
package struct BackupReport: Sendable {
    package let logs: Int
    package let entries: UInt64
    package let bytes: UInt64
}

/// What a restore made.
package struct RestoreReport: Sendable {
    package let node: String
    package let federation: String
    package let logs: Int
    package let entries: UInt64
    /// Entries of the node's own log in the backup: those that came after are fetched from its peers.
    package let ownEntries: UInt64
    /// Where the database that stood there before was moved; nil where there was none.
    package let replaced: String?
}

extension Node {
    /// Copies the node's store, keys and configuration into one file, while the node goes on. The file of the last published
    /// checkpoint stays out of it: it tells afterwards that the database is older.
    package func backUp(to path: String, progress: @escaping (UInt64, UInt64) throws -> Void) throws -> BackupReport {
        let states = log.states
        do {
            try log.backUp(to: path, parts: try folder.backupParts()) { try progress(UInt64($0), UInt64($1)) }
        } catch { throw NodeFailure(error) }
        let bytes = try FileManager.default.attributesOfItem(atPath: path)[.size] as? UInt64 ?? 0
        return BackupReport(logs: states.count, entries: states.reduce(0) { $0 + $1.size }, bytes: bytes)
    }
}

extension NodeFolder {
    private static let configuration = ["node.json", "topology.json", "rulebook.json"]

    /// The small files without which a store is no node: configuration and keys.
    func backupParts() throws -> [BackupPart] {
        let keys = try FileManager.default.contentsOfDirectory(atPath: path + "/keys").filter { $0.hasSuffix(".key") }.sorted()
        return try (Self.configuration + keys.map { "keys/\($0)" }).map { name in
            BackupPart(name: name, bytes: try readFile(path + "/" + name, limit: Limits.configurationBytes))
        }
    }

    /// Makes a data folder of a backup. In a folder that is one already, only the database is exchanged, and only if that is
    /// asked for: keys, configuration and the file of the last published checkpoint stay, and the old database is kept.
    package func restore(from backup: String, replacesDatabase: Bool) throws -> RestoreReport {
        do {
            let parts = try LogStore.parts(ofBackup: backup)
            guard let identity = parts.first(where: { $0.name == "node.json" })?.bytes else {
                throw NodeFailure(.invalid, "\(backup) is no backup: make one with concord backup FILE")
            }
            guard !exists || replacesDatabase else {
                throw NodeFailure(
                    .invalid, "\(path) is a data folder already: name a new one, or exchange its database with --replace")
            }
            return exists ? try exchange(backup, identity) : try makeAnew(backup, parts)
        } catch { throw NodeFailure(error) }
    }

    private func makeAnew(_ backup: String, _ parts: [BackupPart]) throws -> RestoreReport {
        try makeFolder(path, mode: 0o700)
        try makeFolder(path + "/keys", mode: 0o700)
        guard !FileManager.default.fileExists(atPath: logFile) else {
            throw NodeFailure(.invalid, "\(logFile) is there already: name a folder without one")
        }
        try bringIn(backup)
        // The file that makes the folder one comes last.
        for part in parts.sorted(by: { ($0.name == "node.json" ? 1 : 0, $0.name) < ($1.name == "node.json" ? 1 : 0, $1.name) })
        {
            guard Self.isExpected(part.name) else {
                throw NodeFailure(
                    .invalid, "\(backup) holds a file \(part.name), which no backup has: it was not made by concord")
            }
            try writeFile(path + "/" + part.name, part.bytes, mode: part.name.hasPrefix("keys/") ? 0o600 : 0o644)
        }
        return try report(replaced: nil)
    }

    /// Names come from a file: none may lead out of the folder.
    private static func isExpected(_ name: String) -> Bool {
        if configuration.contains(name) { return true }
        let key = name.dropFirst("keys/".count)
        return name.hasPrefix("keys/") && key.hasSuffix(".key") && !key.contains("/") && !key.hasPrefix(".")
    }

    private func exchange(_ backup: String, _ identity: [UInt8]) throws -> RestoreReport {
        let own = try NodeIdentity(folder: self)
        let theirs = try NodeIdentity(decoding: identity, name: "\(backup): node.json")
        guard own.node == theirs.node else {
            throw NodeFailure(.invalid, "\(backup) is of \(theirs.node), but \(path) belongs to \(own.node)")
        }
        let lock = try FolderLock(self)
        let replaced = logFile + ".replaced-\(wallMilliseconds())"
        try bringIn(backup) {
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: logFile + suffix) {
                try FileManager.default.moveItem(atPath: logFile + suffix, toPath: replaced + suffix)
            }
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: standingsFile + suffix) }
        }
        let report = try report(replaced: replaced)
        withExtendedLifetime(lock) {}
        return report
    }

    /// Puts the database into the folder: whole, or not at all.
    private func bringIn(_ backup: String, makingRoom: () throws -> Void = {}) throws {
        let temporary = logFile + ".restoring"
        for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: temporary + suffix) }
        do {
            try FileManager.default.copyItem(atPath: backup, toPath: temporary)
            try LogStore.becomeStore(temporary)
            try makingRoom()
            try FileManager.default.moveItem(atPath: temporary, toPath: logFile)
        } catch {
            for suffix in ["", "-wal", "-shm", "-journal"] { try? FileManager.default.removeItem(atPath: temporary + suffix) }
            throw error
        }
    }

    private func report(replaced: String?) throws -> RestoreReport {
        let identity = try NodeIdentity(folder: self)
        let topology = try FederationFiles.topology(topologyFile)
        let log = try LogStore(path: logFile)
        defer { try? log.close() }
        let own = OriginName("\(topology.federation)/\(identity.node)/\(identity.epoch)")
        return RestoreReport(
            node: identity.node, federation: topology.federation, logs: log.states.count,
            entries: log.states.reduce(0) { $0 + $1.size }, ownEntries: own.flatMap { log.state($0)?.size } ?? 0,
            replaced: replaced)
    }
}
