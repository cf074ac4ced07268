internal import GRDBSQLite

/// What SQLite keeps of an open file: its own part in front, and the handle.
struct DiskSlot {
    var base = sqlite3_file()
    var handle: Unmanaged<DiskHandle>?
}

/// Result codes that the importer of C macros does not bring along: a kind of input or output error in the second byte.
enum DiskCode {
    static let read = SQLITE_IOERR | 1 << 8
    static let shortRead = SQLITE_IOERR | 2 << 8
    static let write = SQLITE_IOERR | 3 << 8
    static let sync = SQLITE_IOERR | 4 << 8
    static let truncate = SQLITE_IOERR | 6 << 8
    static let size = SQLITE_IOERR | 7 << 8
    static let delete = SQLITE_IOERR | 10 << 8
    static let access = SQLITE_IOERR | 13 << 8
    static let reserved = SQLITE_IOERR | 14 << 8
    static let lock = SQLITE_IOERR | 15 << 8
    static let memoryLock = SQLITE_IOERR | 20 << 8
    static let memoryMap = SQLITE_IOERR | 21 << 8
    static let deleteNothing = SQLITE_IOERR | 23 << 8

    /// The code for an operation that failed: the full disk has its own, for the rest there is `other`.
    static func code(_ failure: DiskFailure, _ other: Int32) -> Int32 {
        switch failure {
        case .full: SQLITE_FULL
        case .noSuchFile: SQLITE_CANTOPEN
        case .dead, .inputOutput, .readOnly: other
        }
    }
}

/// The methods of an open file, as C functions.
enum DiskMethods {
    /// For the life of the process, as SQLite wants it.
    nonisolated(unsafe) static let table: UnsafePointer<sqlite3_io_methods> = {
        let table = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        table.initialize(to: methods)
        return UnsafePointer(table)
    }()

    private static func handle(_ file: UnsafeMutablePointer<sqlite3_file>?) -> DiskHandle {
        let slot = UnsafeMutableRawPointer(file)?.assumingMemoryBound(to: DiskSlot.self)
        guard let handle = slot?.pointee.handle else { preconditionFailure("SQLite calls methods of open files only") }
        return handle.takeUnretainedValue()
    }

    /// Zero, or the code of what went wrong.
    private static func result(_ other: Int32, _ body: () throws(DiskFailure) -> Int32) -> Int32 {
        do { return try body() } catch { return DiskCode.code(error, other) }
    }

    private static var methods: sqlite3_io_methods {
        var methods = sqlite3_io_methods()
        methods.iVersion = 2
        addContent(&methods)
        addLocks(&methods)
        addMemory(&methods)
        methods.xFileControl = { _, _, _ in SQLITE_NOTFOUND }
        // What SQLite assumes on Unix: so it takes the same ways as in production. Writes do not harm bytes beside them.
        methods.xSectorSize = { _ in 4_096 }
        methods.xDeviceCharacteristics = { _ in SQLITE_IOCAP_POWERSAFE_OVERWRITE }
        return methods
    }

    private static func addContent(_ methods: inout sqlite3_io_methods) {
        methods.xClose = { file in
            guard let slot = UnsafeMutableRawPointer(file)?.assumingMemoryBound(to: DiskSlot.self) else { return SQLITE_OK }
            slot.pointee.base.pMethods = nil
            slot.pointee.handle?.takeRetainedValue().close()
            slot.pointee.handle = nil
            return SQLITE_OK
        }
        methods.xRead = { file, target, count, offset in
            DiskMethods.result(DiskCode.read) { () throws(DiskFailure) in
                let buffer = UnsafeMutableRawBufferPointer(start: target, count: Int(count))
                return try DiskMethods.handle(file).read(into: buffer, at: Int(offset)) ? SQLITE_OK : DiskCode.shortRead
            }
        }
        methods.xWrite = { file, bytes, count, offset in
            DiskMethods.result(DiskCode.write) { () throws(DiskFailure) in
                try DiskMethods.handle(file).write(UnsafeRawBufferPointer(start: bytes, count: Int(count)), at: Int(offset))
                return SQLITE_OK
            }
        }
        methods.xTruncate = { file, size in
            DiskMethods.result(DiskCode.truncate) { () throws(DiskFailure) in
                try DiskMethods.handle(file).truncate(Int(size))
                return SQLITE_OK
            }
        }
        methods.xSync = { file, _ in
            DiskMethods.result(DiskCode.sync) { () throws(DiskFailure) in
                try DiskMethods.handle(file).sync()
                return SQLITE_OK
            }
        }
        methods.xFileSize = { file, size in
            DiskMethods.result(DiskCode.size) { () throws(DiskFailure) in
                size?.pointee = Int64(try DiskMethods.handle(file).byteCount())
                return SQLITE_OK
            }
        }
    }

    private static func addLocks(_ methods: inout sqlite3_io_methods) {
        methods.xLock = { file, level in
            DiskMethods.result(DiskCode.lock) { () throws(DiskFailure) in
                try DiskMethods.handle(file).lock(level) ? SQLITE_OK : SQLITE_BUSY
            }
        }
        methods.xUnlock = { file, level in
            DiskMethods.handle(file).unlock(to: level)
            return SQLITE_OK
        }
        methods.xCheckReservedLock = { file, answer in
            DiskMethods.result(DiskCode.reserved) { () throws(DiskFailure) in
                answer?.pointee = try DiskMethods.handle(file).isReserved() ? 1 : 0
                return SQLITE_OK
            }
        }
    }

    private static func addMemory(_ methods: inout sqlite3_io_methods) {
        methods.xShmMap = { file, region, byteCount, extends, address in
            DiskMethods.result(DiskCode.memoryMap) { () throws(DiskFailure) in
                address?.pointee = try DiskMethods.handle(file).map(
                    Int(region), byteCount: Int(byteCount), extends: extends != 0)
                return SQLITE_OK
            }
        }
        methods.xShmLock = { file, first, count, flags in
            let places = Int(first)..<Int(first + count)
            if flags & SQLITE_SHM_UNLOCK != 0 {
                DiskMethods.handle(file).unlockMemory(places)
                return SQLITE_OK
            }
            return DiskMethods.result(DiskCode.memoryLock) { () throws(DiskFailure) in
                let isExclusive = flags & SQLITE_SHM_EXCLUSIVE != 0
                return try DiskMethods.handle(file).lockMemory(places, isExclusive: isExclusive) ? SQLITE_OK : SQLITE_BUSY
            }
        }
        // All connections are used by one thread.
        methods.xShmBarrier = { _ in }
        methods.xShmUnmap = { file, _ in
            DiskMethods.handle(file).unmap()
            return SQLITE_OK
        }
    }
}
