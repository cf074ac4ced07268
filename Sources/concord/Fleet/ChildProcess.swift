internal import Foundation
internal import NodeRuntime

/// A process of this same program, started in a process group of its own: Ctrl-C in the terminal reaches only the parent,
/// which then stops its children in order. Should the parent die without doing so, the child sees the end of its standard
/// input, a pipe that only the parent holds open, and stops by itself (see ``Lifeline``).
struct ChildProcess: Sendable {
    let identifier: pid_t
    /// The end of the child's standard input that keeps it running.
    private let lifeline: Int32

    /// - Parameters:
    ///   - executable: the program's file, where it is another one.
    ///   - logPath: takes what the child writes to standard output and error, behind what stands there.
    init(executable: String = program, arguments: [String], logPath: String) throws {
        var pipe: [Int32] = [0, 0]
        guard Glibc.pipe(&pipe) == 0 else { throw Self.failure("no pipe", errno) }
        // Closed on exec, so that no other child keeps this one's standard input open; children are started one by one.
        for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(pipe[0]) }
        do {
            identifier = try Self.spawn(executable, arguments, input: pipe[0], logPath)
        } catch {
            close(pipe[1])
            throw error
        }
        lifeline = pipe[1]
    }

    private static func spawn(
        _ path: String, _ arguments: [String], input: Int32, _ logPath: String
    ) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, logPath, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that the parent ignores or blocks in order to handle them itself must work in the child.
        var none = sigset_t()
        var handled = sigset_t()
        sigemptyset(&none)
        sigemptyset(&handled)
        for signal in StopSignals.numbers + [SIGPIPE] { sigaddset(&handled, signal) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &handled)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETPGROUP) | Int16(POSIX_SPAWN_SETSIGDEF) | Int16(POSIX_SPAWN_SETSIGMASK))

        let name = path == program ? "concord" : path
        var strings: [UnsafeMutablePointer<CChar>?] = ([name] + arguments).map { strdup($0) } + [nil]
        defer { for string in strings { free(string) } }
        var identifier: pid_t = 0
        let code = posix_spawn(&identifier, path, &actions, &attributes, &strings, environ)
        guard code == 0 else { throw failure("\(path) cannot be started", code) }
        return identifier
    }

    /// This program's file; its link in /proc where the file has been replaced since.
    static var program: String {
        let link = "/proc/self/exe"
        guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: link), access(path, X_OK) == 0 else {
            return link
        }
        return path
    }

    private static func failure(_ what: String, _ code: Int32) -> NodeFailure {
        NodeFailure(.unavailable, "\(what): \(String(cString: strerror(code)))")
    }

    func send(_ signal: Int32) { kill(identifier, signal) }

    /// How it ended, once it has; may be asked until then, and not after.
    func ending() -> ProcessEnding? {
        var status: Int32 = 0
        guard waitpid(identifier, &status, WNOHANG) != 0 else { return nil }
        close(lifeline)
        return ProcessEnding(status: status)
    }

    /// Largest resident memory so far, in bytes.
    var peakMemoryBytes: UInt64? {
        let lines = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
        guard let line = lines?.split(separator: "\n").first(where: { $0.hasPrefix("VmHWM:") }) else { return nil }
        return line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { UInt64($0) }.map {
            $0 * 1_024
        }
    }

    /// Processor time used so far, in hundredths of a second.
    var processorTicks: UInt64? {
        guard let text = try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return nil }
        let fields = text[end...].split(separator: " ")
        guard fields.count > 13, let user = UInt64(fields[12]), let system = UInt64(fields[13]) else { return nil }
        return user + system
    }

    /// Processor time used so far, in nanoseconds.
    var processorNanoseconds: UInt64? {
        var clock = clockid_t()
        var time = timespec()
        guard clock_getcpuclockid(identifier, &clock) == 0, clock_gettime(clock, &time) == 0 else { return nil }
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}

/// How a process ended.
struct ProcessEnding: Equatable, Sendable, CustomStringConvertible {
    /// As `waitpid` gives it.
    let status: Int32

    var isClean: Bool { status == 0 }

    var description: String { status & 0x7f == 0 ? "exit status \(status >> 8 & 0xff)" : "signal \(status & 0x7f)" }
}
