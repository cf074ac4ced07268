internal import ArgumentParser
internal import Encoding
internal import Foundation
internal import NodeRuntime

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Hash everything stored again, and fold it again.",
        discussion: """
            Entries are held against tiles, checkpoints and signatures, bodies against what their entries commit to, and \
            the standings against a fresh fold. Every damaged position is named, and the exit status is 1 if there is one; \
            concord resync mends what it names.
            """)

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        let value = try withNode(data) { try $0.callShowingProgress("verify") }
        var answer = try Answer(value)
        let isSound = try answer.flag("sound")
        if json.isWanted { try Output.json(value) } else { try Output.lines(Self.lines(&answer, isSound)) }
        if !isSound { throw ExitCode(1) }
    }

    private static func lines(_ answer: inout Answer, _ isSound: Bool) throws -> [String] {
        let entries = try answer.number("entries")
        let milliseconds = max(1, try answer.number("milliseconds"))
        let logs = counted(try answer.number("logs"), "log")
        var lines = [
            "\(counted(entries, "entry", "entries")) of \(logs) hashed, \(grouped(entries * 1_000 / milliseconds)) a second"
        ]
        let damages = try answer.texts("damages")
        let count = Int(try answer.number("damage_count"))
        if count > 0 {
            lines.append("\(counted(count, "place")) damaged:")
            lines += limited(damages, of: count, to: damages.count)
        }
        let subjects = try answer.texts("damaged_subjects")
        if !subjects.isEmpty {
            lines.append("the standings of \(counted(subjects.count, "subject")) differ from a fresh fold:")
            lines += limited(subjects, of: subjects.count, to: subjects.count)
        }
        lines.append(isSound ? "all is sound" : "concord resync mends this")
        return lines
    }
}

struct ResyncCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resync", abstract: "Find what is damaged or missing, and fetch only that from peers.",
        discussion: """
            Needs a running node. Lists what was wrong position by position, and what it took to mend it. The exit status \
            is 1 if something could not be mended, or if a dry run finds damage.

              concord resync --dry-run
              concord resync --peer national --origin ghent
              concord resync --from-scratch --origin ghent
            """)

    @Option(help: ArgumentHelp("Fetch from this peer only.", valueName: "name"))
    var peer: String?

    @Option(help: ArgumentHelp("Mend this log only: a node's name, or an origin line.", valueName: "name"))
    var origin: String?

    @Flag(help: "Only say what is damaged.")
    var dryRun = false

    @Flag(help: "Drop others' logs and fetch them anew.")
    var fromScratch = false

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        var members: [(String, JSONValue)] = [("dry_run", .boolean(dryRun)), ("from_scratch", .boolean(fromScratch))]
        if let peer { members.append(("peer", .string(peer))) }
        if let origin { members.append(("origin", .string(origin))) }
        let value = try withNode(data) { try $0.callShowingProgress("resync", members) }
        var answer = try Answer(value)
        let damages = try answer.number("damage_count")
        let isWhole = try answer.flag("whole") && (!dryRun || damages == 0)
        if json.isWanted { try Output.json(value) } else { try Output.lines(lines(&answer, Int(damages))) }
        if !isWhole { throw ExitCode(1) }
    }

    private func lines(_ answer: inout Answer, _ damages: Int) throws -> [String] {
        var lines = ["\(counted(try answer.number("verified"), "entry", "entries")) hashed"]
        lines.append(damages == 0 ? "nothing is damaged" : "\(counted(damages, "place")) damaged:")
        lines += limited(try answer.texts("damages"), of: damages)
        if dryRun { return damages == 0 ? lines : lines + ["nothing was changed: this was a dry run"] }
        let repaired = try answer.number("repaired")
        let local = try answer.number("repaired_locally")
        let trips = try answer.number("round_trips")
        if repaired > 0 { lines.append("\(counted(repaired, "entry", "entries")) fetched and mended") }
        if local > 0 { lines.append("\(counted(local, "bundle")) mended from what was stored") }
        if trips > 0 {
            lines.append(
                "\(grouped(try answer.number("wire_bytes"))) bytes over the network in \(counted(trips, "round trip")), for "
                    + "\(grouped(try answer.number("missing_bytes"))) bytes that were missing")
        }
        if try answer.flag("rebuilt_standings") { lines.append("the standings were folded anew") }
        let left = try answer.texts("left")
        if !left.isEmpty { lines.append("not mended:") }
        return lines + limited(left, of: left.count)
    }
}

struct ExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export", abstract: "Write everything to a folder that any tlog-tiles reader can read.",
        discussion: """
            For every log its checkpoint, tiles, entries and bodies; beside them the verifier keys, topology, rulebook, \
            attestations and fork proofs. The folder must be new or empty.

              concord export /media/backup/2025-12-31
            """)

    @Argument(help: ArgumentHelp("The folder to write.", valueName: "dir"))
    var path: String

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    func run() throws {
        // A running node works in another folder than this command.
        let absolute = URL(fileURLWithPath: path).path
        let value = try withNode(data) { try $0.callShowingProgress("export", [("path", .string(absolute))]) }
        if json.isWanted { return try Output.json(value) }
        var answer = try Answer(value)
        let logs = counted(try answer.number("logs"), "log")
        let files = counted(try answer.number("files"), "file")
        try Output.line("\(logs) in \(files), \(grouped(try answer.number("bytes"))) bytes, written to \(path)")
    }
}
