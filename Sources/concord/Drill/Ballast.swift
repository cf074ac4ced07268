internal import Foundation
internal import NodeRuntime

/// A file that takes all the room that a file system has left.
struct Ballast {
    private let path: String

    /// - Parameter spare: bytes that are left free.
    init(in folder: String, spare: Int = 0) throws {
        path = folder + "/ballast"
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw NodeFailure(.storage, "\(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var written = 0
        // Ever smaller pieces, so that not a page is left.
        for size in [1 << 20, 4_096, 1] {
            let piece = [UInt8](repeating: 0x55, count: size)
            while true {
                let count = write(descriptor, piece, piece.count)
                if count <= 0 { break }
                written += count
            }
        }
        if spare > 0 { ftruncate(descriptor, off_t(max(0, written - spare))) }
    }

    func remove() { unlink(path) }
}
