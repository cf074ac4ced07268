import NIOCore

/// What listener and dialer set on every connection.
enum ConnectionOptions {
    /// Large reads, because a frame may have megabytes; small ones while a connection is quiet.
    static var allocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 16_384, maximum: 262_144)
    }
}

extension SocketAddress {
    /// `address:port`, IPv6 in brackets.
    var text: String {
        guard let address = ipAddress, let port else { return description }
        return self.protocol == .inet6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
