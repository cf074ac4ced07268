import COpenSSL
import NIOCore

/// The memory between OpenSSL and the socket: an OpenSSL BIO that reads from the buffers that arrived and writes into
/// the buffer that leaves. OpenSSL's own memory BIO would copy and zero each byte once more in both directions.
///
/// Owned by a session; `makeBIO` gives its `SSL` an unretained pointer, so the pipe must outlive the `SSL`.
final class CiphertextPipe {
    /// Arrived and not yet read by OpenSSL.
    private var inbound = ByteBuffer()
    /// Written by OpenSSL and not yet taken.
    private(set) var outbound = ByteBuffer()

    func receive(_ ciphertext: ByteBuffer) {
        if inbound.readableBytes == 0 {
            inbound = ciphertext
        } else {
            inbound.writeImmutableBuffer(ciphertext)
        }
    }

    /// Everything that OpenSSL has written, or nil.
    func takeOutbound() -> ByteBuffer? {
        guard outbound.readableBytes > 0 else { return nil }
        let taken = outbound
        outbound = ByteBuffer()
        return taken
    }

    func reserveOutbound(_ capacity: Int) {
        outbound.reserveCapacity(minimumWritableBytes: capacity)
    }

    fileprivate func read(into target: UnsafeMutableRawBufferPointer) -> Int {
        let count = min(target.count, inbound.readableBytes)
        guard count > 0 else { return 0 }
        inbound.withUnsafeReadableBytes { source in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
        }
        inbound.moveReaderIndex(forwardBy: count)
        // Gives the storage back to whoever pools it.
        if inbound.readableBytes == 0 { inbound = ByteBuffer() }
        return count
    }

    fileprivate func write(_ bytes: UnsafeRawBufferPointer) {
        outbound.writeBytes(bytes)
    }

    /// A BIO over this pipe for `SSL_set_bio`, or nil if there is no memory.
    func makeBIO() -> OpaquePointer? {
        guard let method = Self.method.pointer, let bio = BIO_new(method) else { return nil }
        BIO_set_data(bio, Unmanaged.passUnretained(self).toOpaque())
        BIO_set_init(bio, 1)
        return bio
    }

    /// `@unchecked Sendable`: made once, only read afterwards.
    private struct Method: @unchecked Sendable {
        let pointer: OpaquePointer?
    }

    private static let method: Method = {
        guard let method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "concord ciphertext pipe") else {
            return Method(pointer: nil)
        }
        let isComplete =
            BIO_meth_set_read(method, readFromPipe) == 1
            && BIO_meth_set_write(method, writeToPipe) == 1
            && BIO_meth_set_ctrl(method, controlPipe) == 1
        return Method(pointer: isComplete ? method : nil)
    }()
}

private func pipe(of bio: OpaquePointer) -> CiphertextPipe {
    guard let pointer = BIO_get_data(bio) else { preconditionFailure("a BIO is used that no pipe has made") }
    return Unmanaged<CiphertextPipe>.fromOpaque(pointer).takeUnretainedValue()
}

private func readFromPipe(_ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ count: CInt) -> CInt {
    guard let bio, let target, count > 0 else { return 0 }
    concord_BIO_clear_retry_flags(bio)
    let taken = pipe(of: bio).read(into: UnsafeMutableRawBufferPointer(start: target, count: Int(count)))
    if taken > 0 { return CInt(taken) }
    // "No more for now", not "the end": the end is the channel's to report.
    concord_BIO_set_retry_read(bio)
    return -1
}

private func writeToPipe(_ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: CInt) -> CInt {
    guard let bio, let source, count > 0 else { return 0 }
    concord_BIO_clear_retry_flags(bio)
    pipe(of: bio).write(UnsafeRawBufferPointer(start: source, count: Int(count)))
    return count
}

private func controlPipe(
    _: OpaquePointer?, _ command: CInt, _: CLong, _: UnsafeMutableRawPointer?
) -> CLong {
    // Nothing is held back, so a flush has always succeeded. Nothing else is supported.
    command == BIO_CTRL_FLUSH ? 1 : 0
}
