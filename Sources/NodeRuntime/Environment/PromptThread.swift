internal import Foundation

/// Threads that answer somebody who waits, and do little else than sleep.
package enum PromptThread {
    #if arch(x86_64)
        private static let schedSetattr = 314
    #else
        private static let schedSetattr = 274
    #endif
    /// As long as one answer takes, so that it is not interrupted, and shorter than the turns of other threads.
    private static let sliceNanoseconds: UInt64 = 1_000_000

    /// Asks the system to run the calling thread as soon as it wakes. It takes no more of a core than its share: its turns are
    /// shorter and come sooner. Where Linux is older than 6.12 or does not let it, nothing changes.
    ///
    /// Without it a thread that wakes while others hash and copy waits until one of them has used up its turn of some
    /// milliseconds.
    package static func begin() {
        #if os(Linux)
            // The C library has no function of its own for this call, and Swift takes none with a variable number of arguments.
            typealias Call = @convention(c) (Int, Int, UnsafeRawPointer, UInt) -> Int
            guard let symbol = dlsym(nil, "syscall") else { return }
            let call = unsafeBitCast(symbol, to: Call.self)
            // struct sched_attr: size 48 and policy 0 (SCHED_OTHER), flags, nice and priority, then the slice.
            let nice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
            let attributes: [UInt64] = [48, 0, UInt64(UInt32(bitPattern: nice)), sliceNanoseconds, 0, 0]
            _ = attributes.withUnsafeBytes { call(schedSetattr, 0, $0.baseAddress!, 0) }
        #endif
    }
}
