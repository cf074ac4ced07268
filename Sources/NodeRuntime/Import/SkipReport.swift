internal import Foundation

/// The report of an import that skips bad rows: a CSV file with the columns line, column, field and error.
///
/// It is written beside its place and moved there by `finish`, so that what stands there is a whole report or the last
/// one. A file that is no such report is never replaced. Mode 0600, since errors show what the rows said. Without
/// `finish` nothing is left behind.
package struct SkipReport: ~Copyable {
    package struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
        /// What failed and what to do.
        package let description: String
    }

    private static let header = Array("line,column,field,error\r\n".utf8)
    private static let bufferBytes = 64 << 10

    package let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var buffer = SkipReport.header
    private var isFinished = false

    /// Begins a report that will stand at `path`.
    package init(path: String) throws(Failure) {
        try Self.checkReplaceable(path)
        var template = Array((path + ".XXXXXX").utf8CString)
        let descriptor = mkstemp(&template)  // creates with mode 0600, under a name that is free
        guard descriptor >= 0 else { throw Self.failure("cannot write beside \(path)", errno) }
        self.descriptor = descriptor
        self.path = path
        temporaryPath = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(temporaryPath) }
    }

    package mutating func append(_ error: ImportError) throws(Failure) {
        let fields = [String(error.line), error.column.map { String($0) } ?? "", error.field ?? "", error.message]
        for (place, field) in fields.enumerated() {
            if place > 0 { buffer.append(UInt8(ascii: ",")) }
            appendCSVField(field, to: &buffer)
        }
        buffer.append(contentsOf: "\r\n".utf8)
        if buffer.count >= Self.bufferBytes { try flush() }
    }

    /// Makes the report durable and puts it in its place.
    package consuming func finish() throws(Failure) {
        try flush()
        guard fsync(descriptor) == 0, rename(temporaryPath, path) == 0 else {
            throw Self.failure("cannot put the report at \(path)", errno)
        }
        isFinished = true
        // The report is in its place already; that its name survives a loss of power is worth an attempt, not an error.
        syncFolder(of: path)
    }

    private mutating func flush() throws(Failure) {
        var written = 0
        while written < buffer.count {
            let count = buffer[written...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("cannot write the report for \(path)", errno) }
            written += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private static func checkReplaceable(_ path: String) throws(Failure) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            if errno == ENOENT { return }
            throw failure("cannot look at \(path)", errno)
        }
        defer { close(descriptor) }
        var front = [UInt8](repeating: 0, count: header.count)
        guard read(descriptor, &front, front.count) == header.count, front == header else {
            throw Failure(
                description: "\(path) exists and is not a report of skipped rows: name another file for the report")
        }
    }

    private static func failure(_ action: String, _ code: Int32) -> Failure {
        Failure(description: "\(action): \(String(cString: strerror(code))): make room or name another place")
    }
}

/// Appends a field as RFC 4180 has it: in quotes, with quotes doubled, where it holds a separator, quote or line end.
func appendCSVField(_ text: String, to bytes: inout [UInt8]) {
    let quote = UInt8(ascii: "\"")
    let needsQuotes = text.utf8.contains {
        $0 == quote || $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n")
    }
    guard needsQuotes else {
        bytes.append(contentsOf: text.utf8)
        return
    }
    bytes.append(quote)
    for byte in text.utf8 {
        if byte == quote { bytes.append(quote) }
        bytes.append(byte)
    }
    bytes.append(quote)
}
