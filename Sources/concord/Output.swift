internal import Encoding
internal import Foundation

/// Nobody reads the standard output any more (`| head`): the command ends quietly.
struct OutputClosed: Error {}

/// The standard output. What a command answers goes here; everything else goes to the standard error.
enum Output {
    static func write(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(STDOUT_FILENO, $0.baseAddress! + written, $0.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                // Whoever shares the terminal made it non-blocking.
                usleep(1_000)
            } else if errno != EINTR {
                throw OutputClosed()
            }
        }
    }

    static func line(_ text: String) throws { try write(Array((text + "\n").utf8)) }

    static func lines(_ lines: [String]) throws { try write(Array(lines.map { $0 + "\n" }.joined().utf8)) }

    /// One JSON value on a line: what `--json` promises.
    static func json(_ value: JSONValue) throws { try write(value.bytes + [0x0a]) }
}

/// The standard output for many lines: written in large pieces.
struct OutputBuffer {
    private static let pieceBytes = 64 << 10
    private var bytes: [UInt8] = []

    mutating func append(_ line: String) throws {
        bytes.append(contentsOf: line.utf8)
        bytes.append(0x0a)
        if bytes.count >= Self.pieceBytes { try flush() }
    }

    mutating func flush() throws {
        try Output.write(bytes)
        bytes.removeAll(keepingCapacity: true)
    }
}

/// Something an operator should know, on the standard error.
func note(_ text: String) {
    FileHandle.standardError.write(Data("concord: \(text)\n".utf8))
}
