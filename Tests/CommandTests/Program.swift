import Encoding
import Foundation
import Testing

/// The built program, run as a process of its own.
enum Program {
    /// `CONCORD_BINARY`, or the program that was built beside the tests.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["CONCORD_BINARY"] { return path }
        let bundle =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
        var folder = URL(fileURLWithPath: bundle).deletingLastPathComponent()
        // On macOS the tests lie some folders deeper, in a bundle.
        for _ in 0..<4
        where !FileManager.default.isExecutableFile(atPath: folder.appendingPathComponent("concord").path) {
            folder.deleteLastPathComponent()
        }
        return folder.appendingPathComponent("concord").path
    }()

    /// Runs a command to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        try Running(arguments, environment: environment).outcome()
    }

    static func run(_ arguments: String...) throws -> Outcome { try run(arguments) }
}

/// How a command ended and what it said.
struct Outcome {
    let status: Int32
    let output: String
    let errors: String

    var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(String.init) }

    /// The answer of a command with `--json`: one value, and nothing else.
    func json() throws -> JSONValue { try JSONValue.parse(Array(output.utf8)) }
}

/// A command that runs. Its output goes to files, so that it never waits for a reader.
final class Running {
    private let process = Process()
    private let folder: TemporaryFolder

    /// - Parameter output: takes the standard output, instead of a file.
    init(_ arguments: [String], environment: [String: String] = [:], output: FileHandle? = nil) throws {
        folder = try TemporaryFolder()
        process.executableURL = URL(fileURLWithPath: Program.path)
        process.arguments = arguments
        var all = ProcessInfo.processInfo.environment.filter { $0.key != "CONCORD_DATA" }
        all.merge(environment) { _, new in new }
        process.environment = all
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try output ?? Self.file(folder.path + "/output")
        process.standardError = try Self.file(folder.path + "/errors")
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    }

    private static func file(_ path: String) throws -> FileHandle {
        try Data().write(to: URL(fileURLWithPath: path))
        return try #require(FileHandle(forWritingAtPath: path))
    }

    var isRunning: Bool { process.isRunning }

    var errors: String { (try? String(contentsOfFile: folder.path + "/errors", encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// Waits for the end.
    func outcome() throws -> Outcome {
        process.waitUntilExit()
        // A process that a signal ended has the status that a shell would show.
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        let output = (try? String(contentsOfFile: folder.path + "/output", encoding: .utf8)) ?? ""
        return Outcome(status: status, output: output, errors: errors)
    }

    @discardableResult
    func interrupt() throws -> Outcome {
        send(SIGINT)
        return try outcome()
    }
}

/// A folder of its own for a test, removed at its end. Its path is short enough for a socket in it.
final class TemporaryFolder {
    let path: String

    init() throws {
        var template = Array("/tmp/concord-XXXXXX".utf8CString)
        let isMade = mkdtemp(&template) != nil
        try #require(isMade)
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    @discardableResult
    func write(_ name: String, _ text: String) throws -> String {
        try text.write(toFile: path + "/" + name, atomically: true, encoding: .utf8)
        return path + "/" + name
    }

    func text(_ name: String) throws -> String { try String(contentsOfFile: path + "/" + name, encoding: .utf8) }
}
