internal import Synchronization
package import TransparencyLog

/// The last published checkpoint, in a small file outside the database and outside its backup: a database that is older
/// than this file was restored. Two slots are written in turn, so that a torn write leaves the other one.
///
/// It is written behind the durable commit and not synced for each checkpoint: the system may lose its last second in a
/// power failure, and then the database, which lost nothing, is ahead of it.
package final class PublishedFile: Sendable {
    package static let slotBytes = 4_096

    private struct State {
        var file: (any SmallFile)?
        /// The slot that was written last.
        var slot: Int
    }

    private let path: String
    private let files: any NodeFiles
    private let state: Mutex<State>
    /// The largest checkpoint of the log found at the start.
    package let initial: Checkpoint?
    package let wasPresent: Bool

    /// - Parameter origin: the line of the own log; a checkpoint of an earlier epoch says nothing about this one.
    package init(path: String, origin: [UInt8], files: any NodeFiles) throws {
        self.path = path
        self.files = files
        let file = try files.open(path, isCreated: false)
        wasPresent = file != nil
        let slots = file.map { [Self.slot($0, 0), Self.slot($0, 1)] } ?? []
        let found = slots.map { $0?.origin == origin ? $0 : nil }
        initial = found.compactMap(\.self).max { $0.size < $1.size }
        // The next write goes to the slot that does not hold the largest.
        state = Mutex(State(file: file, slot: initial != nil && found.last == initial ? 1 : 0))
    }

    private static func slot(_ file: any SmallFile, _ number: Int) -> Checkpoint? {
        checkpoint(inSlot: file.read(at: number * slotBytes, count: slotBytes)[...])
    }

    /// The checkpoint whose note a slot holds, zeros behind it; nil where it holds none.
    package static func checkpoint(inSlot bytes: ArraySlice<UInt8>) -> Checkpoint? {
        try? SignedCheckpoint(trusted: Array(bytes.prefix { $0 != 0 })).checkpoint
    }

    /// The bytes of a slot; nil for a note that is too long for one.
    package static func slot(_ note: [UInt8]) -> [UInt8]? {
        note.count < slotBytes ? note + [UInt8](repeating: 0, count: slotBytes - note.count) : nil
    }

    func write(_ checkpoint: SignedCheckpoint) {
        guard let bytes = Self.slot(checkpoint.note) else { return }
        state.withLock { state in
            // Made with the first checkpoint and not before: while it is missing every peer is asked. Without room for it
            // the next one tries again.
            if state.file == nil { state.file = (try? files.open(path, isCreated: true)) ?? nil }
            state.slot ^= 1
            state.file?.write(bytes, at: state.slot * Self.slotBytes)
        }
    }

    func sync() { state.withLock { $0.file }?.sync() }
}
