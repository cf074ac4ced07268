package import Federation
internal import Foundation

extension NodeFolder {
    /// The newest readings that concern a subject, the newest first, and how many there are.
    package func readings(of subject: SubjectID, limit: Int) throws -> (readings: [Reading], total: Int) {
        let names = try FileManager.default.contentsOfDirectory(atPath: path)
            .filter { $0.hasPrefix(ReadLog.prefix) && $0.hasSuffix(ReadLog.suffix) }
        var newest: [Reading] = []
        var total = 0
        for name in names.sorted() {
            try ReadingSearch(subject).forEach(in: path + "/" + name) { reading in
                total += 1
                newest.append(reading)
                if newest.count >= 2 * limit { newest.removeFirst(newest.count - limit) }
            }
        }
        return (newest.suffix(limit).reversed(), total)
    }
}

/// Looks through files of readings for those that concern one subject. A month may have millions of lines: of each only its end is
/// looked at, where this program writes the first and last subject, and only those are read that may concern the one.
private struct ReadingSearch {
    private static let blockBytes = 1 << 20
    /// Longer than any reading; what is longer still is none.
    private static let lineBytes = 1 << 16
    private static let lineEnd = UInt8(ascii: "\n")
    /// Between the first subject and the last one of a line, and behind that.
    private static let between = Array("\",\"last\":\"".utf8)
    private static let behind = Array("\"}".utf8)

    private let digits: [UInt8]
    private let subject: SubjectID

    init(_ subject: SubjectID) {
        self.subject = subject
        digits = Array("\(subject)".utf8)
    }

    /// In the order of the file. What has no line end yet is still being written, or was cut short.
    func forEach(in path: String, _ body: (Reading) -> Void) throws {
        guard let handle = FileHandle(forReadingAtPath: path) else {
            throw NodeFailure(.storage, "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { try? handle.close() }
        var rest: [UInt8] = []
        while let block = try handle.read(upToCount: Self.blockBytes), !block.isEmpty {
            let bytes = rest + block
            let end = bytes.lastIndex(of: Self.lineEnd).map { $0 + 1 } ?? 0
            for line in bytes.withUnsafeBytes({ lines(in: UnsafeRawBufferPointer(rebasing: $0[..<end])) }) {
                if let reading = Reading(line: Array(bytes[line])), reading.concerns(subject) { body(reading) }
            }
            rest = Array(bytes[end...].prefix(Self.lineBytes))
        }
    }

    /// Where the lines lie that may concern the subject.
    private func lines(in bytes: UnsafeRawBufferPointer) -> [Range<Int>] {
        guard let base = bytes.baseAddress else { return [] }
        var found: [Range<Int>] = []
        var start = 0
        while start < bytes.count, let place = memchr(base + start, Int32(Self.lineEnd), bytes.count - start) {
            let end = UnsafeRawPointer(place) - base
            if mayConcern(UnsafeRawBufferPointer(rebasing: bytes[start..<end])) { found.append(start..<end) }
            start = end + 1
        }
        return found
    }

    /// Hexadecimal digits in lower case have the order of the subjects. A line of another form is read to be sure.
    private func mayConcern(_ line: UnsafeRawBufferPointer) -> Bool {
        let (count, marks) = (digits.count, Self.between.count)
        let last = line.count - Self.behind.count - count
        let first = last - marks - count
        guard first >= 0, let base = line.baseAddress, memcmp(base + last + count, Self.behind, Self.behind.count) == 0,
            memcmp(base + last - marks, Self.between, marks) == 0
        else { return true }
        return memcmp(base + first, digits, count) <= 0 && memcmp(base + last, digits, count) >= 0
    }
}
