import NIOCore

/// What listener and dialer have in common.
enum ConnectionOptions {
    /// Large reads, because a frame may have megabytes; small ones while a connection is quiet.
    static var allocator: AdaptiveRecvByteBufferAllocator {
        AdaptiveRecvByteBufferAllocator(minimum: 2_048, initial: 16_384, maximum: 262_144)
    }

    /// `host:port`, an IPv6 address in brackets.
    static func address(host: String, port: Int) -> String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}

extension SocketAddress {
    /// `address:port`, an IPv6 address in brackets.
    var text: String {
        guard let ipAddress, let port else { return description }
        return ConnectionOptions.address(host: ipAddress, port: port)
    }
}
