internal import ArgumentParser
internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

struct BackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Copy the node into one file, while it runs.",
        discussion: """
            The file holds the store as it stood in one moment, the configuration and the keys: whoever has it can speak \
            for this node, so keep it as you keep keys. It also holds bodies that are erased later; delete old backups \
            within the time that your erasures promise.

              concord backup /media/backup/ghent-2025-12-31
            """)

    @Argument(help: ArgumentHelp("The file to write; it must not be there.", valueName: "file"))
    var path: String

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        // A running node works in another folder than this command.
        let absolute = URL(fileURLWithPath: path).path
        let value = try withNode(data) { try $0.callShowingProgress("backup", [("path", .string(absolute))]) }
        if json.isWanted { return try Output.json(value) }
        var answer = try Answer(value)
        let entries = counted(try answer.number("entries"), "entry", "entries")
        let logs = counted(try answer.number("logs"), "log")
        try Output.line(
            "\(entries) of \(logs), configuration and keys: \(grouped(try answer.number("bytes"))) bytes in \(path)")
    }
}

struct RestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a data folder of a backup.",
        discussion: """
            The node keeps its identity. When it is started it asks its peers how far its own log had come, fetches what \
            the backup lacks, and publishes nothing before; what is recorded meanwhile follows behind. So an old backup \
            loses nothing that any peer has seen, and never makes the node contradict itself.

              concord restore /media/backup/ghent-2025-12-31 --data /srv/ghent
              concord node run --data /srv/ghent

            Where no peer can give the missing past back, --accept-loss begins a new epoch of the node's log: it has a key of \
            its own, which has to be listed in the topology, and the reason stays on the record. What peers still hold of \
            the old log is fetched as before.

            Where the folder is there and only its database is lost or damaged, --replace exchanges that and keeps the rest.
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "file"), transform: FileArgument.init(parsing:))
    var file: FileArgument

    @Flag(help: "Exchange the database of a folder that is there; the old one is kept beside it.")
    var replace = false

    @Flag(help: "Go on in a new epoch of the log, without waiting for what the backup lacks.")
    var acceptLoss = false

    @Option(help: ArgumentHelp("Why, with --accept-loss.", valueName: "text"))
    var reason = "restored from a backup; what it lacks was given up"

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let report = try data.folder.restore(from: file.path, replacesDatabase: replace)
        let epoch = try acceptLoss ? data.folder.beginEpoch(reason: reason) : nil
        if json.isWanted {
            return try Output.json([
                "node": .string(report.node), "federation": .string(report.federation),
                "logs": .integer(Int64(report.logs)), "entries": .integer(Int64(report.entries)),
                "own": .integer(Int64(report.ownEntries)), "replaced": report.replaced.map { .string($0) } ?? .null,
                "epoch": epoch.map { .string($0.origin.description) } ?? .null,
            ])
        }
        var lines = [
            "\(report.node) of \(report.federation): \(counted(Int64(report.entries), "entry", "entries")) of "
                + "\(counted(Int64(report.logs), "log")), \(grouped(Int64(report.ownEntries))) of them its own"
        ]
        if let replaced = report.replaced { lines.append("the database that was there is kept as \(replaced)") }
        if let epoch {
            lines.append("it goes on as \(epoch.origin): \(reason)")
            lines.append(
                "list its new key: assemble the topology with \(data.folder.publicKeysFile(report.node)), install it on every node"
            )
        }
        lines.append(
            "start it with concord node run --data \(data.folder.path): it publishes when its peers have confirmed its past")
        try Output.lines(lines)
    }
}
