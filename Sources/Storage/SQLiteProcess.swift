import Foundation
import GRDBSQLite

/// What is set for the whole process before SQLite is first used.
enum SQLiteProcess {
    /// Whether all of it was taken. SQLite refuses, and works as it comes, where it is in use already.
    static let isSetUp: Bool = {
        let isConfigured = leaveMemoryUncounted() && takeMutexes()
        return EarlyWriteback.begin() && isConfigured
    }()

    /// Has SQLite not count the memory of all its connections together: the lock of that count is taken for every allocation, so
    /// that a connection that reads three rows waits for a thread which the system interrupted while it held it.
    private static func leaveMemoryUncounted() -> Bool {
        configure { unsafeBitCast($0, to: (@convention(c) (Int32, Int32) -> Int32).self)(SQLITE_CONFIG_MEMSTATUS, 0) }
    }

    private static func takeMutexes() -> Bool {
        guard UrgentMutexes.areThere else { return false }
        typealias Call = @convention(c) (Int32, UnsafePointer<sqlite3_mutex_methods>) -> Int32
        // SQLite copies it.
        var methods = UrgentMutexes.methods
        return configure { unsafeBitCast($0, to: Call.self)(SQLITE_CONFIG_MUTEX, &methods) }
    }

    /// Calls `sqlite3_config`, which takes a variable number of arguments: Swift calls no such function, and only on Linux are they
    /// handed over as those of any other.
    private static func configure(_ call: (UnsafeMutableRawPointer) -> Int32) -> Bool {
        #if os(Linux)
            guard let symbol = dlsym(nil, "sqlite3_config") else { return false }
            return call(symbol) == SQLITE_OK
        #else
            return false
        #endif
    }
}
