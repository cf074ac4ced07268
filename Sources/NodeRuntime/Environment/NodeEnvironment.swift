package import CoreMetrics
internal import Cryptography
internal import Foundation
package import Storage
internal import Synchronization

/// All that a node takes from its surroundings besides its peers: time, chance, threads and files. In a process they are the
/// system's; a simulation gives its own, and then a node does nothing that its seed does not decide.
package struct NodeEnvironment: Sendable {
    /// Milliseconds since 1970-01-01, UTC; may jump.
    package var wallMilliseconds: @Sendable () -> UInt64 = { NodeRuntime.wallMilliseconds() }
    /// Milliseconds of a clock that never jumps.
    package var steadyMilliseconds: @Sendable () -> UInt64 = { NodeRuntime.steadyMilliseconds() }
    package var randomBytes: @Sendable (Int) -> [UInt8] = { Cryptography.randomBytes($0) }
    /// Lets a caller wait: for as many milliseconds, or until something may have happened.
    package var pause: @Sendable (_ milliseconds: UInt64) -> Void = { usleepMilliseconds(UInt32(clamping: $0)) }
    package var makeLane: @Sendable (LaneKind) -> any Lane = {
        QueueLane("concord.\($0.rawValue)", isConcurrent: $0 == .readers)
    }
    /// Threads that score standings beside each other.
    package var scoringThreads = 2
    package var logOptions = LogStoreOptions()
    package var historyOptions = HistoryOptions()
    package var files: any NodeFiles = SystemFiles()
    /// Where what is counted and measured goes.
    package var metrics: any MetricsFactory = NOOPMetricsHandler.instance

    package init() {}

    /// Today as a day number, UTC.
    package var today: UInt32 { UInt32(wallMilliseconds() / 86_400_000) }
}

package enum LaneKind: String, Sendable, CaseIterable {
    /// The replica.
    case replica
    /// Reads of the store for peers, beside each other and beside the replica.
    case readers
    /// Hashes and proves ranges.
    case integrator
    /// The one writer of the log store.
    case writer
    /// Makes the log of readings durable.
    case readings
    case chores
}

/// The files of a node's folder that are not databases and change while it runs.
package protocol NodeFiles: Sendable {
    /// Opens a small file for reading and writing; nil where there is none and none is to be made.
    func open(_ path: String, isCreated: Bool) throws -> (any SmallFile)?
    func remove(_ path: String)
    /// A path for a store that is thrown away.
    func scratchFolder() throws -> String
    /// Holds the folder for one process; let go with the value.
    func lock(_ folder: NodeFolder) throws -> any Sendable
}

/// A file written in place.
package protocol SmallFile: Sendable {
    /// Up to `count` bytes from `offset`; fewer at the end of the file, none where it cannot be read.
    func read(at offset: Int, count: Int) -> [UInt8]
    /// Whether all of it was taken.
    @discardableResult func write(_ bytes: [UInt8], at offset: Int) -> Bool
    /// Whether what was written is durable, and the file's name.
    @discardableResult func sync() -> Bool
    var byteCount: Int { get }
}

/// The files of the system.
struct SystemFiles: NodeFiles {
    func open(_ path: String, isCreated: Bool) throws -> (any SmallFile)? {
        if !isCreated, !FileManager.default.fileExists(atPath: path) { return nil }
        return try SystemFile(path)
    }

    func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    func scratchFolder() throws -> String {
        let folder = NSTemporaryDirectory() + "/concord-scratch-\(getpid())-\(steadyNanoseconds())"
        try makeFolder(folder, mode: 0o700)
        return folder
    }

    func lock(_ folder: NodeFolder) throws -> any Sendable { try FolderLock(folder) }
}

private final class SystemFile: SmallFile {
    private let descriptor: Int32
    private let path: String
    /// A file's name has to be durable too, also where the file is there: who made it may have been killed before its first sync.
    private let owesName = Atomic(true)

    init(_ path: String) throws {
        self.path = path
        descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NodeFailure(opening: path, errno)
        }
    }

    deinit { close(descriptor) }

    func read(at offset: Int, count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let read = pread(descriptor, &bytes, count, off_t(offset))
        return Array(bytes.prefix(max(0, read)))
    }

    func write(_ bytes: [UInt8], at offset: Int) -> Bool {
        pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count
    }

    func sync() -> Bool {
        guard fdatasync(descriptor) == 0 else { return false }
        guard owesName.load(ordering: .relaxed) else { return true }
        let isNameDurable = syncFolder(of: path)
        if isNameDurable { owesName.store(false, ordering: .relaxed) }
        return isNameDurable
    }

    var byteCount: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }
}
