internal import Foundation
internal import NodeRuntime

/// A throw-away database cluster in a temporary folder: durable as Concord is (fsync and synchronous commit are on), else
/// tuned for what is measured.
final class PostgreSQLCluster {
    private static let settings = [
        "wal_level = logical", "fsync = on", "synchronous_commit = on", "shared_buffers = 512MB", "max_wal_size = 8GB",
        "checkpoint_timeout = 30min", "max_worker_processes = 24", "max_logical_replication_workers = 16",
        "max_sync_workers_per_subscription = 4", "max_wal_senders = 16", "max_replication_slots = 16",
        "track_commit_timestamp = on", "autovacuum = off",
        // Its default lets a table wait five seconds for a worker: with many small tables that is most of the time.
        "wal_retrieve_retry_interval = 1ms",
    ]

    private let server: PostgreSQL
    private let folder: String
    private let ports: ReservedPorts
    private var isRunning = false

    private var data: String { folder + "/data" }
    private var output: String { folder + "/output" }
    var port: Int { ports.ports[0] }

    init(_ server: PostgreSQL) throws {
        self.server = server
        ports = try ReservedPorts(1)
        var name = Array((FileManager.default.temporaryDirectory.path + "/concord-postgresql-XXXXXX").utf8CString)
        guard mkdtemp(&name) != nil else { throw NodeFailure(.storage, "no temporary folder can be made for PostgreSQL") }
        folder = String(decoding: name.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if let owner = server.owner { chown(folder, owner.user, owner.group) }
    }

    deinit {
        if isRunning { _ = try? control(["stop", "-m", "immediate"]) }
        try? FileManager.default.removeItem(atPath: folder)
    }

    func start() throws {
        try server.run(
            "initdb", ["-D", data, "-U", "concord", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
            output: output)
        let settings =
            Self.settings + ["port = \(port)", "listen_addresses = '127.0.0.1'", "unix_socket_directories = '\(folder)'"]
        let path = data + "/postgresql.conf"
        let handle = FileHandle(forWritingAtPath: path)
        handle?.seekToEndOfFile()
        try handle?.write(contentsOf: Data(("\n" + settings.joined(separator: "\n") + "\n").utf8))
        try handle?.close()
        isRunning = true
        try control(["start", "-w", "-l", folder + "/server.log"])
    }

    @discardableResult
    private func control(_ arguments: [String]) throws -> String {
        try server.run("pg_ctl", ["-D", data] + arguments, output: output)
    }

    /// What a statement answers, as text.
    @discardableResult
    func query(_ database: String, _ statement: String) throws -> String {
        try server.run(
            "psql",
            [
                "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-p", "\(port)", "-U", "concord", "-d", database,
                "-c", statement,
            ], output: output
        ).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Runs a script of pgbench at a rate.
    func bench(_ database: String, script: String, rate: UInt64, transactions: UInt64, clients: UInt64) throws {
        let path = folder + "/script.sql"
        try writeFile(path, Array(script.utf8))
        try server.run(
            "pgbench",
            [
                "-n", "-M", "prepared", "-h", folder, "-p", "\(port)", "-U", "concord", "-c", "\(clients)", "-j", "2",
                "-R", "\(rate)", "-t", "\(max(1, transactions / clients))", "-f", path, database,
            ], output: output)
    }
}
