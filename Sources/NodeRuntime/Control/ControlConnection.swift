package import Encoding
internal import Foundation

/// One side of a connection over the control socket, in blocking calls: frames of `uint32 length; uint8 kind; payload`,
/// kind 1 a JSON text, kind 2 encoded drafts that belong to the JSON before them.
package final class ControlConnection: Sendable {
    package enum Frame: Sendable {
        case json(JSONValue)
        case drafts([UInt8])

        /// From what stands behind the length: the kind and the payload.
        package init(decoding bytes: [UInt8]) throws {
            switch bytes.first {
            case 1: self = .json(try JSONValue.parse(Array(bytes[1...])))
            case 2: self = .drafts(Array(bytes[1...]))
            case let kind?: throw NodeFailure(.invalid, "a control frame of the unknown kind \(kind)")
            case nil: throw NodeFailure(.invalid, "a control frame without a kind")
            }
        }
    }

    static let maximumFrame = 64 << 20
    private let descriptor: Int32

    init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Connects to a node's control socket; nil where no node listens.
    package static func connect(_ path: String) throws -> ControlConnection? {
        guard let address = socketAddress(path) else {
            throw NodeFailure(.invalid, "\(path) is too long for a socket's name: choose a data folder with a shorter path")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw NodeFailure(.unavailable, "no socket: \(String(cString: strerror(errno)))") }
        guard withSocketAddress(address, { Glibc.connect(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            if code == ENOENT || code == ECONNREFUSED { return nil }
            throw NodeFailure(.unavailable, "\(path): \(String(cString: strerror(code)))")
        }
        return ControlConnection(descriptor: descriptor)
    }

    package func send(_ value: JSONValue) throws { try send(kind: 1, Array(value.text.utf8)) }

    package func send(drafts: [UInt8]) throws { try send(kind: 2, drafts) }

    private func send(kind: UInt8, _ payload: [UInt8]) throws {
        var writer = ByteWriter(capacity: payload.count + 5)
        writer.uint32(UInt32(payload.count + 1))
        writer.uint8(kind)
        writer.fixed(payload)
        var sent = 0
        while sent < writer.bytes.count {
            let count = writer.bytes.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress! + sent, $0.count - sent, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else {
                throw NodeFailure(.unavailable, "the control connection broke: \(String(cString: strerror(errno)))")
            }
            sent += count
        }
    }

    /// The next frame; nil at the end.
    package func receive() throws -> Frame? {
        guard let head = try read(4) else { return nil }
        var reader = ByteReader(head)
        let length = Int(try reader.uint32())
        guard (1...Self.maximumFrame).contains(length), let frame = try read(length) else {
            throw NodeFailure(.invalid, "a control frame of \(length) bytes")
        }
        return try Frame(decoding: frame)
    }

    private func read(_ count: Int) throws -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var received = 0
        while received < count {
            let part = bytes.withUnsafeMutableBytes { Glibc.recv(descriptor, $0.baseAddress! + received, count - received, 0) }
            if part < 0 && errno == EINTR { continue }
            if part == 0 && received == 0 { return nil }
            guard part > 0 else { throw NodeFailure(.unavailable, "the control connection broke") }
            received += part
        }
        return bytes
    }

    /// The user at the other end, as the system knows it.
    var peer: Reader {
        // Linux's struct ucred: process, user, group.
        var credentials: (UInt32, user: UInt32, UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: credentials))
        let isKnown = getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &length) == 0
        return isKnown ? .user(credentials.user) : Reader(name: "unknown user", isOwed: true)
    }

    /// Ends both directions, so that a blocked read returns.
    func shutDown() { _ = Glibc.shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// The address of a Unix socket; nil where the path is too long for one.
func socketAddress(_ path: String) -> sockaddr_un? {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return nil }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    return address
}

func withSocketAddress(_ address: sockaddr_un, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
    var address = address
    return withUnsafePointer(to: &address) {
        $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
}
