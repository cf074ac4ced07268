import Foundation
import GRDBSQLite

/// Mutexes for SQLite that inherit priority: a thread that holds one runs as soon as a thread of the round-robin class that waits
/// for it would (`PromptAnswers` in NodeRuntime).
///
/// SQLite's own do not. Each transaction takes one that all connections to a file share; where the system interrupted a merge,
/// which steps back by its niceness, while it held it, such an answer waited for up to ten milliseconds.
enum UrgentMutexes {
    /// SQLite's numbers for its static mutexes begin behind those of the two kinds that it has made one by one.
    private static let firstStatic = Int(SQLITE_MUTEX_RECURSIVE) + 1
    private static let statics = (firstStatic...Int(SQLITE_MUTEX_STATIC_VFS3)).map { _ in Handle(isRecursive: false) }

    /// Whether the system has them.
    static var areThere: Bool { statics.allSatisfy { $0 != nil } }

    /// What SQLite calls a mutex. Not one of Swift's: it is taken in one call and let go in another.
    private struct Handle: @unchecked Sendable {
        let mutex: UnsafeMutablePointer<pthread_mutex_t>

        /// Nil where the system makes no such mutex, of which SQLite then says that it lacks memory.
        init?(isRecursive: Bool) {
            var attributes = pthread_mutexattr_t()
            pthread_mutexattr_init(&attributes)
            defer { pthread_mutexattr_destroy(&attributes) }
            guard pthread_mutexattr_setprotocol(&attributes, Int32(PTHREAD_PRIO_INHERIT)) == 0 else { return nil }
            if isRecursive { pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE)) }
            mutex = .allocate(capacity: 1)
            guard pthread_mutex_init(mutex, &attributes) == 0 else {
                mutex.deallocate()
                return nil
            }
        }

        init?(_ pointer: OpaquePointer?) {
            guard let pointer else { return nil }
            mutex = UnsafeMutablePointer(pointer)
        }

        var pointer: OpaquePointer { OpaquePointer(mutex) }
    }

    /// For `sqlite3_config(SQLITE_CONFIG_MUTEX)`.
    static var methods: sqlite3_mutex_methods {
        sqlite3_mutex_methods(
            xMutexInit: { SQLITE_OK },
            xMutexEnd: { SQLITE_OK },
            xMutexAlloc: { kind in
                switch kind {
                case SQLITE_MUTEX_FAST: Handle(isRecursive: false)?.pointer
                case SQLITE_MUTEX_RECURSIVE: Handle(isRecursive: true)?.pointer
                case Int32(UrgentMutexes.firstStatic)...SQLITE_MUTEX_STATIC_VFS3:
                    UrgentMutexes.statics[Int(kind) - UrgentMutexes.firstStatic]?.pointer
                default: nil
                }
            },
            xMutexFree: {
                guard let handle = Handle($0) else { return }
                pthread_mutex_destroy(handle.mutex)
                handle.mutex.deallocate()
            },
            xMutexEnter: { if let handle = Handle($0) { pthread_mutex_lock(handle.mutex) } },
            xMutexTry: {
                guard let handle = Handle($0) else { return SQLITE_OK }
                return pthread_mutex_trylock(handle.mutex) == 0 ? SQLITE_OK : SQLITE_BUSY
            },
            xMutexLeave: { if let handle = Handle($0) { pthread_mutex_unlock(handle.mutex) } },
            // Only looked at by assertions of a debug build of SQLite.
            xMutexHeld: nil,
            xMutexNotheld: nil)
    }
}
