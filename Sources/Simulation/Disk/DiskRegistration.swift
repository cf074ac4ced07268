internal import GRDBSQLite
internal import Synchronization

/// A disk's VFS, registered with SQLite for as long as this lives.
final class DiskRegistration {
    private static let count = Atomic(0)

    let name: String
    private let vfs: UnsafeMutablePointer<sqlite3_vfs>
    private let nameBytes: UnsafeMutablePointer<CChar>

    /// The disk must outlive the registration.
    init(_ disk: SimulatedDisk) {
        name = "concord-disk-\(Self.count.add(1, ordering: .relaxed).newValue)"
        nameBytes = .allocate(capacity: name.utf8.count + 1)
        for (place, byte) in name.utf8.enumerated() { nameBytes[place] = CChar(bitPattern: byte) }
        nameBytes[name.utf8.count] = 0
        vfs = .allocate(capacity: 1)
        vfs.initialize(to: Self.template)
        vfs.pointee.zName = UnsafePointer(nameBytes)
        vfs.pointee.pAppData = Unmanaged.passUnretained(disk).toOpaque()
        let code = sqlite3_vfs_register(vfs, 0)
        precondition(code == SQLITE_OK, "SQLite does not take a VFS: \(code)")
    }

    deinit {
        sqlite3_vfs_unregister(vfs)
        vfs.deallocate()
        nameBytes.deallocate()
    }

    private static func disk(_ vfs: UnsafeMutablePointer<sqlite3_vfs>?) -> SimulatedDisk {
        guard let data = vfs?.pointee.pAppData else { preconditionFailure("a VFS knows its disk") }
        return Unmanaged<SimulatedDisk>.fromOpaque(data).takeUnretainedValue()
    }

    private static var template: sqlite3_vfs {
        var vfs = sqlite3_vfs()
        vfs.iVersion = 2
        vfs.szOsFile = Int32(MemoryLayout<DiskSlot>.size)
        vfs.mxPathname = 512
        addFiles(&vfs)
        addSurroundings(&vfs)
        return vfs
    }

    private static func addFiles(_ vfs: inout sqlite3_vfs) {
        vfs.xOpen = { vfs, name, file, flags, outFlags in
            guard let slot = UnsafeMutableRawPointer(file)?.assumingMemoryBound(to: DiskSlot.self) else { return SQLITE_MISUSE }
            slot.initialize(to: DiskSlot())
            do throws(DiskFailure) {
                let (handle, isReadOnly) = try DiskRegistration.disk(vfs).open(name.map { String(cString: $0) }, flags)
                slot.pointee.handle = Unmanaged.passRetained(handle)
                slot.pointee.base.pMethods = DiskMethods.table
                outFlags?.pointee = isReadOnly ? flags & ~SQLITE_OPEN_READWRITE | SQLITE_OPEN_READONLY : flags
                return SQLITE_OK
            } catch { return error == .full ? SQLITE_FULL : SQLITE_CANTOPEN }
        }
        vfs.xDelete = { vfs, name, syncsFolder in
            guard let name else { return SQLITE_MISUSE }
            do throws(DiskFailure) {
                try DiskRegistration.disk(vfs).delete(String(cString: name), syncsFolder: syncsFolder != 0)
                return SQLITE_OK
            } catch { return error == .noSuchFile ? DiskCode.deleteNothing : DiskCode.delete }
        }
        vfs.xAccess = { vfs, name, flags, answer in
            guard let name else { return SQLITE_MISUSE }
            do throws(DiskFailure) {
                let isThere = try DiskRegistration.disk(vfs).access(
                    String(cString: name), isWritable: flags == SQLITE_ACCESS_READWRITE)
                answer?.pointee = isThere ? 1 : 0
                return SQLITE_OK
            } catch { return DiskCode.access }
        }
        vfs.xFullPathname = { _, name, limit, target in
            guard let name, let target else { return SQLITE_MISUSE }
            return DiskRegistration.copy(name, to: target, limit)
        }
    }

    private static func addSurroundings(_ vfs: inout sqlite3_vfs) {
        vfs.xRandomness = { vfs, count, target in
            guard let target else { return 0 }
            let disk = DiskRegistration.disk(vfs)
            for place in 0..<Int(count) { target[place] = CChar(truncatingIfNeeded: disk.random.next()) }
            return count
        }
        vfs.xSleep = { _, microseconds in microseconds }
        vfs.xCurrentTimeInt64 = { vfs, target in
            target?.pointee = DiskRegistration.julianMilliseconds(DiskRegistration.disk(vfs))
            return SQLITE_OK
        }
        vfs.xCurrentTime = { vfs, target in
            target?.pointee = Double(DiskRegistration.julianMilliseconds(DiskRegistration.disk(vfs))) / 86_400_000
            return SQLITE_OK
        }
        vfs.xGetLastError = { _, _, _ in 0 }
    }

    /// Milliseconds since noon of 24 November -4713, which SQLite counts from.
    private static func julianMilliseconds(_ disk: SimulatedDisk) -> Int64 {
        210_866_760_000_000 + Int64(clamping: disk.wallMilliseconds())
    }

    /// Copies a name with its end; it has to fit.
    private static func copy(
        _ name: UnsafePointer<CChar>, to target: UnsafeMutablePointer<CChar>, _ limit: Int32
    ) -> Int32 {
        var place = 0
        while place < Int(limit) {
            target[place] = name[place]
            if name[place] == 0 { return SQLITE_OK }
            place += 1
        }
        return SQLITE_CANTOPEN
    }
}
