internal import GRDBSQLite

/// Who holds which lock on a database file; the rules are those of SQLite's "File Locking And Concurrency".
struct DiskLocks {
    private var shared = 0
    /// The handle that holds a lock above the shared one.
    private var writer: ObjectIdentifier?
    /// Whether the writer keeps new readers out.
    private var isPending = false

    /// Raises the level of a handle; false if others stand in the way.
    mutating func lock(_ handle: ObjectIdentifier, _ level: inout Int32, to wanted: Int32) -> Bool {
        if level >= wanted { return true }
        if let writer, writer != handle, wanted > SQLITE_LOCK_SHARED || isPending { return false }
        if level == SQLITE_LOCK_NONE {
            shared += 1
            level = SQLITE_LOCK_SHARED
        }
        if wanted == SQLITE_LOCK_SHARED { return true }
        writer = handle
        level = max(level, SQLITE_LOCK_RESERVED)
        if wanted == SQLITE_LOCK_RESERVED { return true }
        isPending = true
        level = SQLITE_LOCK_PENDING
        guard shared == 1 else { return false }
        level = SQLITE_LOCK_EXCLUSIVE
        return true
    }

    mutating func unlock(_ handle: ObjectIdentifier, _ level: inout Int32, to wanted: Int32) {
        if level <= wanted { return }
        if writer == handle {
            writer = nil
            isPending = false
        }
        if wanted == SQLITE_LOCK_NONE { shared -= 1 }
        level = wanted
    }

    var isReserved: Bool { writer != nil }
}

/// The memory that the connections of a database in WAL mode share, and its eight locks.
final class DiskSharedMemory {
    private var regions: [UnsafeMutableRawBufferPointer] = []
    private var sharers = [Int](repeating: 0, count: Int(SQLITE_SHM_NLOCK))
    private var owners = [ObjectIdentifier?](repeating: nil, count: Int(SQLITE_SHM_NLOCK))
    var users = 0

    deinit { for region in regions { region.deallocate() } }

    /// A region; nil where it is not there and is not to be made.
    func region(_ number: Int, byteCount: Int, extends: Bool) -> UnsafeMutableRawPointer? {
        while number >= regions.count {
            guard extends else { return nil }
            let region = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 16)
            region.initializeMemory(as: UInt8.self, repeating: 0)
            regions.append(region)
        }
        return regions[number].baseAddress
    }

    /// Takes locks, each for all or for one; false, and nothing is taken, if others stand in the way.
    func lock(_ places: Range<Int>, _ handle: DiskHandle, isExclusive: Bool) -> Bool {
        let identifier = ObjectIdentifier(handle)
        for place in places {
            let isMine = handle.sharedPlaces & 1 << place != 0
            if let owner = owners[place], owner != identifier { return false }
            if isExclusive, sharers[place] > (isMine ? 1 : 0) { return false }
        }
        for place in places where isExclusive { owners[place] = identifier }
        for place in places where !isExclusive && handle.sharedPlaces & 1 << place == 0 {
            handle.sharedPlaces |= 1 << place
            sharers[place] += 1
        }
        return true
    }

    func unlock(_ places: Range<Int>, _ handle: DiskHandle) {
        let identifier = ObjectIdentifier(handle)
        for place in places {
            if owners[place] == identifier { owners[place] = nil }
            guard handle.sharedPlaces & 1 << place != 0 else { continue }
            handle.sharedPlaces &= ~(1 << place)
            sharers[place] -= 1
        }
    }
}
