internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Storage

/// A store as it was before it is damaged.
struct StoreCopy {
    private let folder: NodeFolder
    private var path: String { folder.logFile + ".before" }

    /// Copies the log of a node that was stopped in order: all of it is in the one file then.
    init(_ folder: NodeFolder) throws {
        self.folder = folder
        do { try FileManager.default.copyItem(atPath: folder.logFile, toPath: path) } catch {
            throw NodeFailure(.storage, "\(folder.logFile) cannot be copied: \(error.localizedDescription)")
        }
    }

    /// Puts the copy back, while the node is stopped. What the node took in since comes again from its peers.
    func restore() throws {
        for suffix in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: folder.logFile + suffix) }
        guard rename(path, folder.logFile) == 0 else {
            throw NodeFailure(
                .storage, "\(path) cannot take the place of \(folder.logFile): \(String(cString: strerror(errno)))")
        }
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}

/// Damage to a city's store: entries overwritten and bits flipped, in its own log and in those of others.
struct StoreDamage: CustomStringConvertible {
    private var blows: [OriginName: [UInt64: LogDamage.Blow]] = [:]
    private var destroyed = 0
    private var flipped = 0
    private var flippedHashes = 0

    private static let entriesOfEachKind = 12

    /// - Parameter standing: what the store holds at least, once the node is stopped.
    init(_ standing: NodeStanding, seed: String) throws {
        var numbers = SeededNumbers(seed: "damage \(seed)")
        let logs = standing.logs.filter { $0.recorded > 0 }
        guard !logs.isEmpty else { throw NodeFailure(.internal, "the store that is to be damaged is empty") }
        for number in 0..<(2 * Self.entriesOfEachKind + 3) {
            // The own log first: what a city has recorded itself can come back from others only.
            let log = number < 4 ? logs.first(where: \.isOwn) ?? logs[0] : logs[Int.random(in: 0..<logs.count, using: &numbers)]
            guard let origin = OriginName(log.origin) else { continue }
            let index = UInt64.random(in: 0..<log.recorded, using: &numbers)
            let bit = UInt64.random(in: 0..<(1 << 20), using: &numbers)
            guard blows[origin]?[index] == nil else { continue }
            blows[origin, default: [:]][index] = blow(number, bit)
        }
    }

    private mutating func blow(_ number: Int, _ bit: UInt64) -> LogDamage.Blow {
        if number >= 2 * Self.entriesOfEachKind {
            flippedHashes += 1
            return .flippedHashBit(bit)
        }
        if number.isMultiple(of: 2) {
            destroyed += 1
            return .destroyed
        }
        flipped += 1
        return .flippedBit(bit)
    }

    /// Damages the store of a stopped node.
    func strike(_ folder: NodeFolder) throws {
        let lock = try FolderLock(folder)
        for origin in blows.keys.sorted() { try LogDamage.strike(path: folder.logFile, origin, blows[origin] ?? [:]) }
        withExtendedLifetime(lock) {}
    }

    var description: String {
        "\(counted(destroyed, "entry", "entries")) of \(counted(blows.count, "log")) overwritten with zeros, "
            + "a bit flipped in \(flipped) more and in \(counted(flippedHashes, "stored hash", "stored hashes"))"
    }
}
