internal import Foundation
internal import Synchronization
package import TransparencyLog

/// The last published checkpoint, in a small file outside the database and outside its backup: a database that is older
/// than this file was restored. Two slots are written in turn, so that a torn write leaves the other one.
///
/// It is written behind the durable commit and not synced for each checkpoint: the system may lose its last second in a
/// power failure, and then the database, which lost nothing, is ahead of it.
package final class PublishedFile: Sendable {
    private static let slotBytes = 4_096
    private let descriptor: Int32
    private let turn = Mutex(0)
    /// The largest checkpoint found at the start; nil where the file was not there.
    package let initial: Checkpoint?
    package let wasPresent: Bool

    package init(path: String) throws {
        wasPresent = FileManager.default.fileExists(atPath: path)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NodeFailure(.storage, "\(path) cannot be opened: \(String(cString: strerror(errno)))")
        }
        initial = [Self.slot(descriptor, 0), Self.slot(descriptor, 1)].compactMap(\.self).max { $0.size < $1.size }
    }

    deinit { close(descriptor) }

    private static func slot(_ descriptor: Int32, _ number: Int) -> Checkpoint? {
        var bytes = [UInt8](repeating: 0, count: slotBytes)
        let count = pread(descriptor, &bytes, slotBytes, off_t(number * slotBytes))
        guard count > 0, let end = bytes[..<count].firstIndex(of: 0) ?? bytes[..<count].indices.last.map({ $0 + 1 }) else {
            return nil
        }
        return try? SignedCheckpoint(trusted: Array(bytes[..<end])).checkpoint
    }

    func write(_ checkpoint: SignedCheckpoint) {
        guard checkpoint.note.count < Self.slotBytes else { return }
        let slot = turn.withLock { turn in
            turn ^= 1
            return turn
        }
        let bytes = checkpoint.note + [UInt8](repeating: 0, count: Self.slotBytes - checkpoint.note.count)
        _ = pwrite(descriptor, bytes, bytes.count, off_t(slot * Self.slotBytes))
    }

    func sync() { fdatasync(descriptor) }
}
