internal import GRDBSQLite

/// A file that one connection has open.
final class DiskHandle {
    let disk: SimulatedDisk
    let file: DiskFile
    /// Empty for a file without a name, which is gone when it is closed.
    let name: String
    private let isReadOnly: Bool
    /// Whether the first sync makes the folder durable too, as SQLite does on Unix for a new journal or write-ahead log.
    private var syncsFolder: Bool
    private let generation: Int
    private var level = SQLITE_LOCK_NONE
    /// The locks of the shared memory that this connection holds with others, a bit for each.
    var sharedPlaces = 0
    private var memory: DiskSharedMemory?

    init(_ disk: SimulatedDisk, _ file: DiskFile, name: String, isReadOnly: Bool, syncsFolder: Bool) {
        self.disk = disk
        self.file = file
        self.name = name
        self.isReadOnly = isReadOnly
        self.syncsFolder = syncsFolder
        generation = disk.generation
    }

    private var isNamed: Bool { !name.isEmpty }

    private func requireLife() throws(DiskFailure) { try disk.requireLife(generation) }

    func close() {
        unlock(to: SQLITE_LOCK_NONE)
        unmap()
    }

    // MARK: Content

    /// Returns whether the whole range was there; zeros stand for what was not.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: Int) throws(DiskFailure) -> Bool {
        try requireLife()
        if disk.fails(perMillion: disk.faults.failedReadsPerMillion) { throw .inputOutput }
        let count = file.read(into: target, at: offset)
        if count == target.count { return true }
        UnsafeMutableRawBufferPointer(rebasing: target[count...]).initializeMemory(as: UInt8.self, repeating: 0)
        return false
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(DiskFailure) {
        try requireLife()
        if isReadOnly { throw .readOnly }
        guard isNamed else { return file.write(bytes, at: offset) }
        try disk.write(file, name, bytes, at: offset)
    }

    func truncate(_ size: Int) throws(DiskFailure) {
        try requireLife()
        if isReadOnly { throw .readOnly }
        guard isNamed else { return file.truncate(size) }
        if SimulatedDisk.isTemporary(name) { return file.truncate(size) }
        try disk.act(.truncate, name) { () throws(DiskFailure) in disk.sizing(file) { file.truncate(size) } }
    }

    func sync() throws(DiskFailure) {
        try requireLife()
        guard isNamed, !SimulatedDisk.isTemporary(name) else { return }
        try disk.sync(file, name)
        if syncsFolder { try disk.syncFolder() }
        syncsFolder = false
    }

    func byteCount() throws(DiskFailure) -> Int {
        try requireLife()
        return file.visible.count
    }

    // MARK: Locks

    /// False if others stand in the way.
    func lock(_ wanted: Int32) throws(DiskFailure) -> Bool {
        try requireLife()
        return file.locks.lock(ObjectIdentifier(self), &level, to: wanted)
    }

    func unlock(to wanted: Int32) {
        // The locks of the dead were lifted by the crash.
        guard generation == disk.generation else { return }
        file.locks.unlock(ObjectIdentifier(self), &level, to: wanted)
    }

    func isReserved() throws(DiskFailure) -> Bool {
        try requireLife()
        return file.locks.isReserved
    }

    // MARK: Shared memory

    func map(_ region: Int, byteCount: Int, extends: Bool) throws(DiskFailure) -> UnsafeMutableRawPointer? {
        try requireLife()
        if memory == nil {
            // Its file would have to be made.
            if file.memory == nil, disk.faults.isReadOnly, !SimulatedDisk.isTemporary(name) { throw .noSuchFile }
            let joined = file.memory ?? DiskSharedMemory()
            file.memory = joined
            joined.users += 1
            memory = joined
        }
        return memory?.region(region, byteCount: byteCount, extends: extends)
    }

    func lockMemory(_ places: Range<Int>, isExclusive: Bool) throws(DiskFailure) -> Bool {
        try requireLife()
        return memory?.lock(places, self, isExclusive: isExclusive) ?? false
    }

    func unlockMemory(_ places: Range<Int>) { memory?.unlock(places, self) }

    /// Lets go of the memory, which ends with its last user.
    func unmap() {
        guard let memory else { return }
        memory.unlock(0..<Int(SQLITE_SHM_NLOCK), self)
        memory.users -= 1
        if memory.users == 0, file.memory === memory { file.memory = nil }
        self.memory = nil
    }
}
