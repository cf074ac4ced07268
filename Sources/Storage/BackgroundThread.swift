internal import Foundation

/// Threads that take in, fold and merge: what they do is never done sooner by letting somebody wait who asks for a score.
package enum BackgroundThread {
    /// On a busy core a third of the weight of a thread that answers; on a free one nothing changes. More would leave the
    /// cores to whatever else runs on the machine.
    private static let niceness: Int32 = 5

    /// Runs a piece of work behind the threads that answer. The calling thread has to be one of a pool that does nothing else:
    /// a process without privileges may step back, and not come forward again.
    package static func run(_ work: () -> Void) {
        begin()
        work()
    }

    /// Lets the calling thread step back, unless its process stands as far back already.
    package static func begin() {
        #if os(Linux)
            // On Linux each thread has a niceness of its own.
            let process = __priority_which_t(PRIO_PROCESS.rawValue)
            if getpriority(process, 0) < niceness { setpriority(process, 0, niceness) }
        #endif
    }
}
