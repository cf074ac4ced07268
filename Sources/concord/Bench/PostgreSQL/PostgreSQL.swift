internal import Foundation
internal import NodeRuntime

/// The programs of an installed PostgreSQL server, and the user to run them as: it refuses to run as root.
struct PostgreSQL {
    let folder: String
    let version: Int
    /// In front of a command line, so that it runs as an unprivileged user; empty where this process is one.
    private let prefix: [String]
    /// Who owns the files; nil where this process does.
    let owner: (user: uid_t, group: gid_t)?

    /// The newest version that is installed where Debian's packages put it, or the one in the PATH.
    init() throws {
        let root = "/usr/lib/postgresql"
        let versions = ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []).compactMap { Int($0) }
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let folders = versions.sorted(by: >).map { "\(root)/\($0)/bin" } + paths
        guard let folder = folders.first(where: { access($0 + "/initdb", X_OK) == 0 }) else {
            throw NodeFailure(
                .invalid,
                "no PostgreSQL server is installed here, neither below \(root) nor in the PATH: install one, for example with apt-get install postgresql-15"
            )
        }
        self.folder = folder
        version = Int(folder.split(separator: "/").dropLast().last ?? "") ?? 0
        guard geteuid() == 0 else {
            prefix = []
            owner = nil
            return
        }
        guard let user = getpwnam("postgres") ?? getpwnam("nobody") else {
            throw NodeFailure(
                .invalid, "PostgreSQL does not run as root, and there is no user postgres or nobody: use another user")
        }
        owner = (user.pointee.pw_uid, user.pointee.pw_gid)
        prefix = [
            "/usr/bin/setpriv", "--reuid=\(user.pointee.pw_uid)", "--regid=\(user.pointee.pw_gid)", "--clear-groups", "--",
        ]
    }

    /// Runs one of its programs to its end; what it wrote. It is read from a file: the server that `pg_ctl` starts would keep
    /// a pipe open.
    @discardableResult
    func run(_ program: String, _ arguments: [String], output path: String) throws -> String {
        let command = prefix + [folder + "/" + program] + arguments
        try? FileManager.default.removeItem(atPath: path)
        let child = try ChildProcess(executable: command[0], arguments: Array(command.dropFirst()), logPath: path)
        var ending = child.ending()
        while ending == nil {
            usleepMilliseconds(1)
            ending = child.ending()
        }
        let said = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        guard let ending, ending.isClean else {
            throw NodeFailure(
                .unavailable,
                (["\(program) of PostgreSQL failed; it says:"] + said.split(separator: "\n").suffix(5).map(String.init))
                    .joined(separator: "\n  "))
        }
        return said
    }
}
