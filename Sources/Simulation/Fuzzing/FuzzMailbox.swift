internal import Foundation

/// A mapped file with the input that is being run: after a crash or while it hangs, another process finds it there.
///
///     uint64 executions   (of the machine's byte order, like the next)
///     uint64 length
///     the input
package final class FuzzMailbox: @unchecked Sendable {
    // One process writes, another reads; while the writer runs, the reader looks at the counter alone.
    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    private static let headBytes = 16
    /// No target takes a longer one.
    package static let maximumInput = 64 << 10

    /// Opens a mailbox, or makes one, for inputs of at most `maximumBytes`.
    package init?(path: String, maximumBytes: Int) {
        capacity = maximumBytes
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        let length = Self.headBytes + maximumBytes
        guard ftruncate(descriptor, off_t(length)) == 0,
            let memory = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), memory != MAP_FAILED
        else { return nil }
        self.memory = memory
    }

    deinit { munmap(memory, Self.headBytes + capacity) }

    package func put(_ input: [UInt8]) {
        let count = min(input.count, capacity)
        input.withUnsafeBytes {
            (memory + Self.headBytes).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: count)
        }
        memory.storeBytes(of: UInt64(count), toByteOffset: 8, as: UInt64.self)
        memory.storeBytes(of: executions &+ 1, as: UInt64.self)
    }

    package var executions: UInt64 { memory.load(as: UInt64.self) }

    package var input: [UInt8] {
        let count = min(Int(clamping: memory.load(fromByteOffset: 8, as: UInt64.self)), capacity)
        return Array(UnsafeRawBufferPointer(start: memory + Self.headBytes, count: count))
    }
}
