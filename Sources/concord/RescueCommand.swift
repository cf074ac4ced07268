internal import ArgumentParser
internal import Encoding
internal import NodeRuntime

struct RescueCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rescue", abstract: "Make a new store from what can be read of a damaged one.",
        discussion: """
            For a node that does not start because log.sqlite is damaged, or whose resync says that the file itself is. The \
            node must be stopped. Everything that can be read is copied to a new file; the damaged one is kept beside it. \
            Then start the node and run concord resync: what is missing, also of its own log, comes from its peers.

              concord rescue --data /srv/ghent
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let report = try data.folder.rescue()
        if json.isWanted { return try Output.json(Self.json(report)) }
        var lines = ["the damaged file is kept as \(report.damagedFile)"]
        if let reason = report.unreadable { lines.append("nothing of it can be read: \(reason)") }
        for log in report.logs {
            lines.append("\(log.origin): \(grouped(log.saved)) of \(counted(log.recorded, "entry", "entries")) saved")
        }
        if report.aside > 0 {
            lines.append(
                "\(counted(report.aside, "entry", "entries")) of the own log set aside: what no peer holds of it is recorded anew behind what they hold"
            )
        }
        lines.append("start the node and run concord resync: what is missing comes from its peers")
        try Output.lines(lines)
    }

    private static func json(_ report: RescueReport) -> JSONValue {
        [
            "damaged_file": .string(report.damagedFile), "unreadable": report.unreadable.map { .string($0) } ?? .null,
            "logs": .array(
                report.logs.map {
                    [
                        "origin": .string("\($0.origin)"), "recorded": .integer(Int64($0.recorded)),
                        "saved": .integer(Int64($0.saved)),
                    ]
                }),
            "aside": .integer(Int64(report.aside)),
        ]
    }
}
