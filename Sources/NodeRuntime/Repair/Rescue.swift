package import Federation
internal import Foundation
internal import Storage

/// What a rescue made out in a damaged store.
package struct RescueReport: Sendable {
    package struct Log: Sendable {
        package let origin: OriginName
        /// Entries that the damaged store was to hold, and those of them that are in the new one.
        package let recorded: UInt64
        package let saved: UInt64
    }

    package var logs: [Log] = []
    /// Entries of the own log that were set aside, to be recorded anew behind what peers hold of it.
    package var aside: UInt64 = 0
    /// Where the damaged file lies now.
    package var damagedFile = ""
    /// Why nothing could be read; nil where something could.
    package var unreadable: String?
}

extension NodeFolder {
    /// Puts a new store in the place of a damaged one, with everything that can still be read of it; the damaged files are
    /// kept beside it. The node must be stopped. What is missing then, entries of its own log among them, comes from peers:
    /// the node publishes nothing before they have confirmed its past.
    package func rescue() throws -> RescueReport {
        // Nothing is touched in a folder that is no node's.
        let identity = try NodeIdentity(folder: self)
        let topology = try FederationFiles.topology(topologyFile)
        let lock = try FolderLock(self)
        defer { withExtendedLifetime(lock) {} }
        guard FileManager.default.fileExists(atPath: logFile) else {
            throw NodeFailure(.invalid, "\(logFile) is not there: nothing is to be rescued; start the node")
        }
        let fresh = logFile + ".rescued"
        Self.remove(fresh)
        var report = RescueReport()
        var recorded: [OriginName: UInt64] = [:]
        do {
            recorded = try copy(
                to: fresh, own: OriginName("\(topology.federation)/\(identity.node)/\(identity.epoch)"), topology)
        } catch let failure as StoreFailure where [.corrupt, .rejected, .other].contains(failure.code) {
            report.unreadable = failure.description
            Self.remove(fresh)
        }
        report.damagedFile = try putAside()
        if report.unreadable == nil {
            try Self.move(fresh, logFile)
            try count(recorded, topology, &report)
        }
        // Derived from the log, and folded again from the new one.
        Self.remove(standingsFile)
        return report
    }

    /// Copies what can be read; the sizes that the logs were recorded to have.
    private func copy(to fresh: String, own: OriginName?, _ topology: Topology) throws -> [OriginName: UInt64] {
        let keys = topology.keys
        let store = try LogStore.opening(path: logFile, keys: keys)
        defer { try? store.close() }
        try store.copyReadable(to: fresh, own: own, keys: keys)
        return Dictionary(uniqueKeysWithValues: store.states.map { ($0.origin, max($0.recordedSize, $0.size)) })
    }

    private func count(_ recorded: [OriginName: UInt64], _ topology: Topology, _ report: inout RescueReport) throws {
        let store = try LogStore(path: logFile)
        defer { try? store.close() }
        let verifier = LogVerifier(store, keys: topology.keys)
        report.aside = try store.asideCount()
        report.logs = try recorded.keys.sorted().map { origin in
            let mirror = try verifier.verify(origin)?.mirror
            let damaged = mirror?.damaged.indices.count ?? 0
            return RescueReport.Log(
                origin: origin, recorded: recorded[origin] ?? 0, saved: (mirror?.size ?? 0) - UInt64(damaged))
        }
    }

    /// Gives the damaged files names under which nothing takes them for the store.
    private func putAside() throws -> String {
        var number = 1
        while FileManager.default.fileExists(atPath: "\(logFile).damaged-\(number)") { number += 1 }
        let name = "\(logFile).damaged-\(number)"
        for suffix in ["-wal", ""] where FileManager.default.fileExists(atPath: logFile + suffix) {
            try Self.move(logFile + suffix, name + suffix)
        }
        Self.remove(logFile + "-shm", isWhole: false)
        return name
    }

    private static func move(_ from: String, _ to: String) throws {
        guard rename(from, to) == 0 else {
            throw NodeFailure(.storage, "\(from) cannot become \(to): \(String(cString: strerror(errno)))")
        }
    }

    /// Removes a database with what SQLite keeps beside it, or one file.
    private static func remove(_ path: String, isWhole: Bool = true) {
        for suffix in isWhole ? ["", "-wal", "-shm"] : [""] { try? FileManager.default.removeItem(atPath: path + suffix) }
    }
}
