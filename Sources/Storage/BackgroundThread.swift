internal import Foundation

/// Threads whose work nobody waits for.
enum BackgroundThread {
    /// On a busy core a third of the weight of other threads; on a free one nothing changes.
    private static let niceness: Int32 = 5

    /// Runs a piece of work behind what somebody waits for. The calling thread has to be one of a pool that does nothing else: a
    /// process without privileges may step back, and not come forward again.
    static func run(_ work: () -> Void) {
        #if os(Linux)
            // On Linux each thread has a niceness of its own. A process that stands further back stays there.
            let process = __priority_which_t(PRIO_PROCESS.rawValue)
            if getpriority(process, 0) < niceness { setpriority(process, 0, niceness) }
        #endif
        work()
    }
}
