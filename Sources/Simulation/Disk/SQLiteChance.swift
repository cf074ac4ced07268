internal import GRDBSQLite
internal import Synchronization

/// SQLite draws random numbers, among them the salts of write-ahead logs, from one generator of the whole process, which it
/// seeds from the default VFS. They decide nothing but these bytes; but only with them under control are the files of two
/// runs the same. So a program that simulates runs one simulation at a time in a process, and calls ``begin(seed:)`` first.
package enum SQLiteChance {
    private static let random = Mutex<SeededRandom?>(nil)
    /// The VFS that was the default before; it lives as long as the process.
    nonisolated(unsafe) private static let system: UnsafeMutablePointer<sqlite3_vfs> = {
        guard let system = sqlite3_vfs_find(nil) else { preconditionFailure("SQLite has a default VFS") }
        return system
    }()
    private static let registration: Void = register()

    /// From here on, what SQLite draws in this process follows from the seed.
    package static func begin(seed: UInt64) {
        registration
        random.withLock { $0 = SeededRandom(seed: seed) }
        sqlite3_randomness(0, nil)
    }

    /// From here on SQLite draws from the system again.
    package static func end() {
        random.withLock { $0 = nil }
        sqlite3_randomness(0, nil)
    }

    /// Makes a VFS the default that is the system's in all but its random numbers. It lives as long as the process.
    private static func register() {
        let copy = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        copy.initialize(to: system.pointee)
        let name: StaticString = "concord-chance"
        copy.pointee.zName = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        copy.pointee.pNext = nil
        copy.pointee.xRandomness = { _, count, target in SQLiteChance.draw(count, target) }
        let code = sqlite3_vfs_register(copy, 1)
        precondition(code == SQLITE_OK, "SQLite does not take a VFS: \(code)")
    }

    private static func draw(_ count: Int32, _ target: UnsafeMutablePointer<CChar>?) -> Int32 {
        guard let target else { return 0 }
        let isDrawn = random.withLock { random in
            guard random != nil else { return false }
            for place in 0..<Int(count) { target[place] = CChar(truncatingIfNeeded: random?.next() ?? 0) }
            return true
        }
        return isDrawn ? count : system.pointee.xRandomness?(system, count, target) ?? 0
    }
}
