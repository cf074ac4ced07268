internal import Foundation
internal import NodeRuntime

/// Asks a node's HTTP side as one visitor does: one request after another over one connection.
///
/// A node answers so many requests a second to one address. The loopback network has sixteen million of them, so each visitor
/// comes from another.
final class WebVisitor {
    struct Reply {
        let status: Int
        let body: [UInt8]
    }

    private let descriptor: Int32
    private let authorization: String
    private var unread: [UInt8] = []

    private static let patienceSeconds = 60

    /// - Parameters:
    ///   - number: of the visitor; those of different numbers have different addresses.
    ///   - token: shown with each request, where there is one.
    init(port: UInt16, number: Int, token: String? = nil) throws {
        authorization = token.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure("no socket") }
        var patience = timeval(tv_sec: Self.patienceSeconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
        let own = Self.address(0x7f01_0001 + UInt32(number % 0xf_0000), port: 0)
        let node = Self.address(0x7f00_0001, port: port)
        guard Self.withAddress(own, { bind(descriptor, $0, $1) }) == 0,
            Self.withAddress(node, { connect(descriptor, $0, $1) }) == 0
        else {
            let failure = Self.failure("the node's HTTP side cannot be reached")
            close(descriptor)
            throw failure
        }
    }

    deinit { close(descriptor) }

    func get(_ path: String) throws -> Reply {
        let head = "GET \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\n\(authorization)\r\n"
        let bytes = Array(head.utf8)
        guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw Self.failure("the request is not taken")
        }
        let end = Array("\r\n\r\n".utf8)
        var headEnd = unread.firstRange(of: end)
        while headEnd == nil {
            try receive()
            headEnd = unread.firstRange(of: end)
        }
        let fields = String(decoding: unread[..<(headEnd?.lowerBound ?? 0)], as: UTF8.self).split(separator: "\r\n")
        unread.removeFirst(headEnd?.upperBound ?? 0)
        guard let status = fields.first?.split(separator: " ").dropFirst().first.flatMap({ Int($0) }),
            let length = fields.lazy.map({ $0.lowercased() }).first(where: { $0.hasPrefix("content-length:") })
                .flatMap({ Int($0.dropFirst(15).trimmingCharacters(in: .whitespaces)) })
        else { throw NodeFailure(.unavailable, "\(path): the answer's head says neither status nor length") }
        while unread.count < length { try receive() }
        let body = Array(unread[..<length])
        unread.removeFirst(length)
        return Reply(status: status, body: body)
    }

    private func receive() throws {
        var block = [UInt8](repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &block, block.count, 0)
        guard count > 0 else { throw Self.failure("the node's answer breaks off") }
        unread += block[..<count]
    }

    private static func address(_ host: UInt32, port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = host.bigEndian
        address.sin_port = port.bigEndian
        return address
    }

    private static func withAddress(_ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = address
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func failure(_ what: String) -> NodeFailure {
        NodeFailure(.unavailable, "\(what): \(String(cString: strerror(errno)))")
    }
}

extension NodeFolder {
    /// The port of the running node's HTTP side.
    var httpPort: UInt16? { address?.split(separator: ":").last.flatMap { UInt16($0.prefix { $0.isNumber }) } }
}
