import Foundation

/// What is set for the whole process before SQLite is first used.
enum SQLiteProcess {
    static let isSetUp: Bool = {
        let countsNoMemory = leaveMemoryUncounted()
        return EarlyWriteback.begin() && countsNoMemory
    }()

    /// Has SQLite not count the memory of all its connections together: the lock of that count is taken for every allocation, so
    /// that a connection that reads three rows waits for a thread which the system interrupted while it held it.
    private static func leaveMemoryUncounted() -> Bool {
        // The C function takes a variable number of arguments, which Swift does not call.
        typealias Call = @convention(c) (Int32, Int32) -> Int32
        guard let symbol = dlsym(nil, "sqlite3_config") else { return false }
        // SQLITE_CONFIG_MEMSTATUS. It is refused, and changes nothing, where SQLite is in use already.
        return unsafeBitCast(symbol, to: Call.self)(9, 0) == 0
    }
}
