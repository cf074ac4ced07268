import COpenSSL

/// What OpenSSL's callbacks need to know about one session, and what they found out. Owned by the session, which lets
/// its `SSL` point here.
final class PeerVerification {
    enum Outcome {
        case pending
        case allowed([UInt8])
        case refused(LinkClosure)
    }

    let isAllowed: @Sendable ([UInt8]) -> Bool
    var outcome = Outcome.pending

    init(isAllowed: @escaping @Sendable ([UInt8]) -> Bool) {
        self.isAllowed = isAllowed
    }

    /// Lets the session's `SSL` find this object. It must outlive the `SSL`.
    func attach(to ssl: OpaquePointer) -> Bool {
        SSL_set_ex_data(ssl, 0, Unmanaged.passUnretained(self).toOpaque()) == 1
    }

    static func of(_ ssl: OpaquePointer) -> PeerVerification {
        guard let pointer = SSL_get_ex_data(ssl, 0) else {
            preconditionFailure("an SSL object is used whose session has not attached its peer verification")
        }
        return Unmanaged<PeerVerification>.fromOpaque(pointer).takeUnretainedValue()
    }
}
