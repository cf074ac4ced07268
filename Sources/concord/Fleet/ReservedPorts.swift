internal import Foundation
internal import NodeRuntime

/// Free ports of the loopback address, kept for the nodes that are to listen on them.
///
/// A socket is bound to each and stays bound without ever listening: so nobody else is given the port, neither a listener
/// nor an outgoing connection, also while its node is away. It is marked for reuse only after it is bound: a node that binds
/// with SO_REUSEADDR gets the port beside it, another reservation does not.
final class ReservedPorts: Sendable {
    let ports: [Int]
    private let descriptors: [Int32]

    init(_ count: Int) throws {
        var ports: [Int] = []
        var descriptors: [Int32] = []
        do {
            for _ in 0..<count {
                let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                guard descriptor >= 0 else { throw Self.failure() }
                descriptors.append(descriptor)
                ports.append(try Self.bind(descriptor))
            }
        } catch {
            for descriptor in descriptors { close(descriptor) }
            throw error
        }
        self.ports = ports
        self.descriptors = descriptors
    }

    deinit { for descriptor in descriptors { close(descriptor) } }

    private static func bind(_ descriptor: Int32) throws -> Int {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
            }
        }
        var yes: Int32 = 1
        guard isBound, setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size)) == 0
        else { throw failure() }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func failure() -> NodeFailure {
        NodeFailure(.unavailable, "no free port on 127.0.0.1: \(String(cString: strerror(errno)))")
    }
}
