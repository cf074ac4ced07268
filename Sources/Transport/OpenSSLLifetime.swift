import COpenSSL

/// Left to itself OpenSSL frees its global tables when `exit` is called, while event loops may still be in the middle
/// of a handshake: the process then dies of a segmentation fault instead of ending with its exit status.
package enum OpenSSLLifetime {
    private static let isKept = concord_OPENSSL_init_without_atexit() == 1

    /// Leaves the freeing to the end of the process. OpenSSL heeds this only before anything else has used it, so a
    /// program that opens links calls it first thing; later calls change nothing.
    package static func keepUntilProcessEnds() {
        _ = isKept
    }
}
