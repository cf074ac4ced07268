internal import Foundation
internal import Transport

/// What a process that runs nodes or talks to them has to do before anything else.
package enum ProcessSetup {
    package static func prepare() {
        // Without this OpenSSL cleans up when the process exits, while links may still be at work on other threads.
        OpenSSLLifetime.keepUntilProcessEnds()
        // Every link, store and client is a descriptor; the default soft limit of 1,024 is small for an aggregator.
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0, limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = min(limit.rlim_max, 65_536)
            setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
        // A pipe or socket that nobody reads any more is an error of the write, not the end of the process.
        signal(SIGPIPE, SIG_IGN)
    }
}
