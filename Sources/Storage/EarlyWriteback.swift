import Foundation
import GRDBSQLite
import Synchronization

/// Has Linux begin to write out what SQLite writes while SQLite goes on writing, half a megabyte at a time, instead of all
/// of it at the next sync.
///
/// A sync that finds megabytes keeps its core for most of a millisecond, and so do the kernel's own threads and interrupts
/// that end such writes: where the kernel is not preemptible, an answer that is due on that core waits for them. Half a
/// megabyte is over in a tenth of that, and the disk works while the next is copied. What is durable when, the syncs decide
/// as before.
enum EarlyWriteback {
    #if os(Linux)
        private static let blockBytes: Int64 = 524_288
        /// How many threads write what is not to be begun with.
        private static let holds = Atomic(0)

        /// Not among what Swift's module of the C library shows.
        private typealias SyncFileRange = @convention(c) (Int32, Int64, Int64, UInt32) -> Int32
        private static let syncFileRange = dlsym(nil, "sync_file_range").map { unsafeBitCast($0, to: SyncFileRange.self) }
        /// SYNC_FILE_RANGE_WRITE: begins to write, and does not wait for it.
        private static let beginWriting: UInt32 = 2

        typealias Write = @convention(c) (Int32, UnsafeRawPointer?, Int, Int64) -> Int

        static let write: Write = { descriptor, bytes, count, offset in
            let written = pwrite(descriptor, bytes, count, off_t(offset))
            guard written > 0 else { return written }
            let end = (offset + Int64(written)) / blockBytes * blockBytes
            guard offset < end, holds.load(ordering: .relaxed) == 0, let syncFileRange else { return written }
            // This write has filled a block.
            guard syncFileRange(descriptor, end - blockBytes, blockBytes, beginWriting) != 0 else { return written }
            // A file system that finds no place for what it has taken drops it, and may tell no sync. Everything else only says
            // that there is no such call, or that the file is none for it.
            return [EIO, ENOSPC, EDQUOT].contains(errno) ? -1 : written
        }
    #endif

    /// Runs what writes bytes that are about to be written over, so that they are not written out as well.
    static func holding<Value>(_ body: () throws -> Value) rethrows -> Value {
        #if os(Linux)
            holds.wrappingAdd(1, ordering: .relaxed)
            defer { holds.wrappingSubtract(1, ordering: .relaxed) }
        #endif
        return try body()
    }

    /// To be called before SQLite has files open. False where SQLite or the system does not know of it, and nothing changes.
    static func begin() -> Bool {
        #if os(Linux)
            guard syncFileRange != nil, let files = sqlite3_vfs_find(nil), files.pointee.iVersion >= 3,
                let current = files.pointee.xGetSystemCall, let replace = files.pointee.xSetSystemCall
            else { return false }
            // SQLite calls one of the two, and knows the other by no function.
            var isReplaced = false
            for name in ["pwrite", "pwrite64"] where current(files, name) != nil {
                let code = replace(files, name, unsafeBitCast(write, to: sqlite3_syscall_ptr.self))
                isReplaced = isReplaced || code == SQLITE_OK
            }
            return isReplaced
        #else
            return false
        #endif
    }
}
