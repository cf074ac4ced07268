internal import Glibc

/// Why a key file cannot be used.
package struct KeyFileFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package let description: String
}

/// Private keys on disk: 32 bytes of seed, hexadecimal, one line, readable by the owner alone.
package enum KeyFile {
    /// Writes a new key; never replaces a file that is there. At any time the file is whole or not there.
    package static func write(_ seed: [UInt8], to path: String) throws(KeyFileFailure) {
        // Under another name first: who is killed here must not leave a file that is no key and that nobody overwrites.
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw unwritten(path) }
        defer {
            close(descriptor)
            unlink(temporary)
        }
        let text = Array((seed.map { byte in digits(byte) }.joined() + "\n").utf8)
        guard writeAll(descriptor, text), fsync(descriptor) == 0, link(temporary, path) == 0 else { throw unwritten(path) }
        syncFolder(of: path)
    }

    private static func unwritten(_ path: String) -> KeyFileFailure {
        KeyFileFailure(
            description: errno == EEXIST
                ? "\(path) exists: a key is never overwritten; move it away if it is no longer wanted"
                : "\(path) cannot be written: \(String(cString: strerror(errno)))")
    }

    private static func syncFolder(of path: String) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// The seed of a key, refused where others than the owner may read the file.
    package static func read(_ path: String) throws(KeyFileFailure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw KeyFileFailure(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & 0o077 == 0 else {
            throw KeyFileFailure(
                description: "\(path) is readable by others than its owner: chmod 600 it, and replace the key if others read it"
            )
        }
        var buffer = [UInt8](repeating: 0, count: 80)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        guard count >= 0, let seed = seed(ofText: buffer[..<count]) else {
            throw KeyFileFailure(description: "\(path) is not a key file: one line of 64 hexadecimal digits is expected")
        }
        return seed
    }

    private static func digits(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return byte < 16 ? "0" + text : text
    }

    /// The seed that a file's bytes state; nil where they are anything but 64 hexadecimal digits, with a newline or without.
    package static func seed(ofText text: ArraySlice<UInt8>) -> [UInt8]? {
        let digits = text.prefix(64)
        guard digits.count == 64, text.count == 64 || (text.count == 65 && text.last == 0x0a) else { return nil }
        // Digit by digit: a number parser would also take a sign for one.
        let values = digits.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map(UInt8.init) }
        guard values.count == digits.count else { return nil }
        return stride(from: 0, to: values.count, by: 2).map { values[$0] << 4 | values[$0 + 1] }
    }

    private static func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) -> Bool {
        Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    }
}
