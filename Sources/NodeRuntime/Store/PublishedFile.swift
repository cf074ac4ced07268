internal import Synchronization
package import TransparencyLog

/// The last published checkpoint, in a small file outside the database and outside its backup: a database that is older
/// than this file was restored. Two slots are written in turn, so that a torn write leaves the other one.
///
/// It is written behind the durable commit and not synced for each checkpoint: the system may lose its last second in a
/// power failure, and then the database, which lost nothing, is ahead of it.
package final class PublishedFile: Sendable {
    private static let slotBytes = 4_096
    private let file: any SmallFile
    private let turn: Mutex<Int>
    /// The largest checkpoint of the log found at the start.
    package let initial: Checkpoint?
    package let wasPresent: Bool

    /// - Parameter origin: the line of the own log; a checkpoint of an earlier epoch says nothing about this one.
    package init(path: String, origin: [UInt8], files: any NodeFiles) throws {
        let (file, wasPresent) = try files.open(path)
        self.file = file
        self.wasPresent = wasPresent
        let slots = [Self.slot(file, 0), Self.slot(file, 1)]
        let found = slots.map { $0?.origin == origin ? $0 : nil }
        initial = found.compactMap(\.self).max { $0.size < $1.size }
        // The next write goes to the slot that does not hold the largest.
        turn = Mutex(initial != nil && found[1] == initial ? 1 : 0)
    }

    private static func slot(_ file: any SmallFile, _ number: Int) -> Checkpoint? {
        let bytes = file.read(at: number * slotBytes, count: slotBytes)
        return try? SignedCheckpoint(trusted: Array(bytes.prefix { $0 != 0 })).checkpoint
    }

    func write(_ checkpoint: SignedCheckpoint) {
        guard checkpoint.note.count < Self.slotBytes else { return }
        let slot = turn.withLock { turn in
            turn ^= 1
            return turn
        }
        file.write(
            checkpoint.note + [UInt8](repeating: 0, count: Self.slotBytes - checkpoint.note.count),
            at: slot * Self.slotBytes)
    }

    func sync() { file.sync() }
}
