import GRDB
import Synchronization

/// Connections for reading the few rows of one subject, apart from the pool's: taking one from there may wait for a thread of
/// the process's common ones, which hashing, writing and merging keep for tens of milliseconds. Here nobody is waited for but
/// who reads as little.
struct HistoryBriefReaders: Sendable {
    private static let count = 2
    private let readers: [Reader]

    private final class Reader: Sendable {
        let queue: DatabaseQueue
        /// The queue's own order of waiting is not used: it would be a way through the common threads again.
        let isFree = Mutex<Void>(())

        init(_ queue: DatabaseQueue) { self.queue = queue }
    }

    /// The file has to be there, in WAL mode.
    init(path: String, configuration: Configuration) throws {
        var configuration = configuration
        configuration.readonly = true
        readers = try (0..<Self.count).map { _ in Reader(try DatabaseQueue(path: path, configuration: configuration)) }
    }

    func read(_ body: (Database) throws -> Void) throws {
        for reader in readers.dropLast() {
            let isDone = try reader.isFree.withLockIfAvailable { _ in
                try reader.queue.unsafeRead(body)
                return true
            }
            if isDone == true { return }
        }
        guard let last = readers.last else { return }
        try last.isFree.withLock { _ in try last.queue.unsafeRead(body) }
    }

    func close() {
        for reader in readers { reader.isFree.withLock { _ in try? reader.queue.close() } }
    }
}
