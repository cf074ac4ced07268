internal import Foundation

extension ImportSource {
    /// A file, or anything else that can be opened and read from front to back. It stays open until the source and its
    /// copies are gone.
    package static func file(_ path: String) throws(ImportSourceFailure) -> ImportSource {
        let file = try OpenFile(path)
        return ImportSource(byteCount: file.byteCount, read: file.read)
    }
}

/// An open file descriptor, closed with the last reference to it.
private final class OpenFile {
    private let path: String
    private let descriptor: Int32
    /// Nil for what is not a regular file.
    let byteCount: Int?

    init(_ path: String) throws(ImportSourceFailure) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw OpenFile.failure(path, errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let code = errno
            close(descriptor)
            throw OpenFile.failure(path, code)
        }
        byteCount = status.st_mode & S_IFMT == S_IFREG ? Int(status.st_size) : nil
    }

    deinit { close(descriptor) }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ImportSourceFailure) -> Int {
        while true {
            let count = Foundation.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw OpenFile.failure(path, errno) }
        }
    }

    private static func failure(_ path: String, _ code: Int32) -> ImportSourceFailure {
        let advice =
            switch code {
            case ENOENT: "check the path"
            case EACCES, EPERM: "give the user that runs concord the right to read it"
            case EISDIR: "name a file in it"
            default: "check the disk and import the file again: what is already recorded is not added twice"
            }
        return ImportSourceFailure("cannot read \(path): \(String(cString: strerror(code))): \(advice)")
    }
}
