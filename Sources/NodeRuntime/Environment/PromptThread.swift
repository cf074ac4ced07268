internal import Foundation

/// How soon the calling thread runs when it wakes on a machine whose cores are busy.
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
            let nice = UInt64(UInt32(bitPattern: getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)))
            _ = setAttributes(policy: 0, niceAndPriority: nice, sliceNanoseconds: sliceNanoseconds)
        #endif
    }

    /// Has the calling thread run before all that has no such privilege, as soon as it wakes and for as long as it likes: only
    /// for what is over in a moment. False where the system does not let it (`ulimit -r`, `LimitRTPRIO=`).
    package static func beginFirst() -> Bool {
        #if os(Linux)
            // SCHED_RR with the lowest of its priorities.
            setAttributes(policy: 2, niceAndPriority: 1 << 32, sliceNanoseconds: 0)
        #else
            false
        #endif
    }

    #if os(Linux)
        /// The C library has no function of its own for this call, and Swift takes none with a variable number of arguments.
        private static func setAttributes(policy: UInt64, niceAndPriority: UInt64, sliceNanoseconds: UInt64) -> Bool {
            typealias Call = @convention(c) (Int, Int, UnsafeRawPointer, UInt) -> Int
            guard let symbol = dlsym(nil, "syscall") else { return false }
            let call = unsafeBitCast(symbol, to: Call.self)
            // struct sched_attr: size 48 and policy; flags, of which the first keeps threads that this one starts from taking
            // after it; nice and priority; the slice.
            let attributes: [UInt64] = [48 | policy << 32, 1, niceAndPriority, sliceNanoseconds, 0, 0]
            return attributes.withUnsafeBytes { call(schedSetattr, 0, $0.baseAddress!, 0) } == 0
        }
    #endif
}
