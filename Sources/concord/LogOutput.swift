internal import Foundation
internal import Logging
internal import NodeRuntime
internal import Scoring

/// Log lines on the standard error: time (UTC), level, message.
struct LogOutput: LogHandler {
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var line = "\(Self.time(wallMilliseconds())) \(Self.name(event.level)) \(event.message)"
        let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
        for key in all.keys.sorted() { line += " \(key)=\(all[key].map { "\($0)" } ?? "")" }
        if let error = event.error { line += " error=\(error)" }
        // One line an event, whatever the words hold.
        line = line.split(whereSeparator: \.isNewline).joined(separator: " ") + "\n"
        // What cannot be written, on a disk that is full, is lost; that must not end the node.
        _ = Array(line.utf8).withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }

    /// As in `2026-03-01T07:05:09.120Z`.
    static func time(_ milliseconds: UInt64) -> String {
        let day = CalendarDay(dayNumber: Int64(milliseconds / 86_400_000))
        let rest = milliseconds % 86_400_000
        let clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60].map { padded($0, 2) }.joined(
            separator: ":")
        return "\(day)T\(clock).\(padded(rest % 1_000, 3))Z"
    }

    private static func padded(_ number: UInt64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func name(_ level: Logger.Level) -> String {
        level.rawValue.padding(toLength: 8, withPad: " ", startingAt: 0)
    }
}
