internal import ArgumentParser
internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Scoring

// What stands on a command line, read strictly: a value that is wrong ends the command with status 64 before anything
// is touched.

/// Why an argument is not taken, in words that say what should stand there.
struct ArgumentFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// The node's data folder, which every command needs that asks a node.
struct DataOptions: ParsableArguments {
    @Option(
        name: .customLong("data"),
        help: ArgumentHelp(
            "The node's data folder; where it is left out, the environment's CONCORD_DATA.", valueName: "dir"))
    var path: String?

    var folder: NodeFolder { NodeFolder(Self.path(path) ?? "") }

    private static func path(_ option: String?) -> String? {
        option ?? ProcessInfo.processInfo.environment["CONCORD_DATA"]
    }

    func validate() throws {
        guard let path = Self.path(path), !path.isEmpty else {
            throw ValidationError(
                "No data folder is named: give it as --data DIR, or in the environment as CONCORD_DATA")
        }
    }
}

/// `--json`, for commands that a script reads.
struct JSONOption: ParsableArguments {
    @Flag(name: .customLong("json"), help: "Answer with one JSON value on the standard output and nothing else.")
    var isWanted = false
}

/// A day as YYYY-MM-DD, UTC.
struct DayArgument: ExpressibleByArgument {
    let number: UInt32

    init?(argument: String) { try? self.init(parsing: argument) }

    init(parsing text: String) throws {
        guard let day = CalendarDay(text), let number = UInt32(exactly: day.dayNumber) else {
            throw ArgumentFailure(
                "a day is written YYYY-MM-DD, must exist in the calendar and not lie before 1970-01-01")
        }
        self.number = number
    }

    var json: JSONValue { .integer(Int64(number)) }
}

/// `--day`, for commands that look at the standings or record.
struct DayOption: ParsableArguments {
    @Option(
        name: .customLong("day"),
        help: ArgumentHelp("The day meant, YYYY-MM-DD in UTC (default: today).", valueName: "day"),
        transform: DayArgument.init(parsing:))
    var day: DayArgument?

    /// As a member of a request; none where the node shall take today.
    var members: [(String, JSONValue)] { day.map { [("day", $0.json)] } ?? [] }

    var number: UInt32 { day?.number ?? today() }
}

struct SubjectArgument: ExpressibleByArgument {
    let subject: SubjectID

    init?(argument: String) { try? self.init(parsing: argument) }

    init(parsing text: String) throws {
        guard let subject = SubjectID(hex: text) else {
            throw ArgumentFailure("a subject is 32 hexadecimal digits, as concord standings lists them")
        }
        self.subject = subject
    }

    var json: JSONValue { .string("\(subject)") }
}

/// Where an entry stands: `<origin line>:<index>`.
struct PositionArgument: ExpressibleByArgument {
    let position: Position

    init?(argument: String) { try? self.init(parsing: argument) }

    init(parsing text: String) throws {
        guard let position = Position(text), OriginName(position.origin) != nil else {
            throw ArgumentFailure("a position is <federation>/<node>/<epoch>:<index>, as concord explain names it")
        }
        self.position = position
    }
}

/// A file that is to be read: it must be there and readable.
struct FileArgument: ExpressibleByArgument {
    let path: String

    init?(argument: String) { try? self.init(parsing: argument) }

    init(parsing path: String) throws {
        var status = stat()
        guard stat(path, &status) == 0, access(path, R_OK) == 0 else {
            throw ArgumentFailure("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard status.st_mode & S_IFMT != S_IFDIR else { throw ArgumentFailure("\(path) is a folder: name a file") }
        self.path = path
    }
}

/// A text within the limits of its field, in bytes.
func text(_ text: String, _ name: String, upTo maximum: Int) throws -> [UInt8] {
    let bytes = Array(text.utf8)
    guard bytes.count <= maximum else {
        throw ValidationError("The \(name) has \(bytes.count) bytes, more than \(maximum): shorten it")
    }
    return bytes
}
