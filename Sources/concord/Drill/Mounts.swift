internal import Foundation
internal import NodeRuntime

/// File systems of a drill's own, in a mount namespace of its own: nobody else sees them, and they go with its last process.
enum Mounts {
    private static let mark = "CONCORD_DRILL_MOUNTS"

    static var isEntered: Bool { ProcessInfo.processInfo.environment[mark] == "1" }

    /// Goes on as the same command in a new mount namespace, where this process is not in one yet: to be called before
    /// anything is begun.
    ///
    /// Throws ``NotPermitted`` where the system gives none: that takes root, or user namespaces.
    static func enter() throws {
        if isEntered { return }
        let unshare = ["--mount", "--propagation", "private"] + (geteuid() == 0 ? [] : ["--map-root-user"])
        guard (try? run("unshare", unshare + ["true"])) == true else {
            throw NotPermitted(
                description:
                    "this drill mounts file systems, for which this system gives no namespace: run it as root, or allow user "
                    + "namespaces (unshare --map-root-user --mount true has to work), with util-linux installed")
        }
        setenv(mark, "1", 1)
        let arguments = ["unshare"] + unshare + [ChildProcess.program] + CommandLine.arguments.dropFirst()
        var strings: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        execvp("unshare", &strings)
        throw NotPermitted(description: "unshare cannot be started: \(String(cString: strerror(errno)))")
    }

    /// A file system in memory, of a few megabytes.
    static func small(at path: String, megabytes: Int) throws {
        try makeFolder(path, mode: 0o700)
        try mount(["-t", "tmpfs", "-o", "size=\(megabytes)m,mode=0700", "concord-drill", path])
    }

    /// Makes a folder or a file one that can only be read, whoever reads it.
    static func readOnly(_ path: String) throws {
        try mount(["--bind", path, path])
        try mount(["-o", "remount,bind,ro", path])
    }

    static func unmount(_ path: String) throws {
        guard try run("umount", [path]) else { throw NodeFailure(.unavailable, "\(path) cannot be unmounted") }
    }

    private static func mount(_ arguments: [String]) throws {
        guard try run("mount", arguments) else {
            throw NotPermitted(description: "mount \(arguments.joined(separator: " ")) is not permitted here")
        }
    }

    /// Whether a program of the system ended well.
    private static func run(_ program: String, _ arguments: [String]) throws -> Bool {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }
}
