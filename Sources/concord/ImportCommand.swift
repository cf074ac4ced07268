internal import ArgumentParser
internal import Encoding
internal import NodeRuntime

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Record the rows of a CSV or NDJSON file in the node's own log.",
        discussion: """
            CSV as spreadsheets write it (commas or semicolons, quotes, any line ends, with or without a byte-order mark), \
            with a header; or one JSON object a line. Columns or members:
              kind           observation where it is empty; retraction, appeal,
                             ruling, enrolment, withdrawal
              day            YYYY-MM-DD
              subject        32 hexadecimal digits
              factor, quantity (1 where empty), reference
                             of an observation
              target, reason of a retraction, appeal or ruling
              verdict        of a ruling
              statement      of an enrolment or withdrawal

            The whole file is checked first: if a row is wrong, the lines are named and nothing is recorded. With \
            --skip-bad the good rows are recorded, and the bad ones listed in a report. What the node's log holds already \
            is not recorded again, so importing a file twice adds nothing, and an import that was interrupted goes on \
            where it stopped. Rows that are the same in everything but have no reference count as separate occurrences; \
            rows of other kinds than observations that are the same in everything count once.

              concord import records.csv --data /srv/ghent
              concord import records.ndjson --skip-bad bad-rows.csv
            """)

    @Argument(help: ArgumentHelp("The file to import.", valueName: "file"), transform: FileArgument.init(parsing:))
    var file: FileArgument

    @Option(
        help: ArgumentHelp(
            "csv or ndjson, where the file's name does not end in .csv, .tsv, .ndjson or .jsonl.", valueName: "format"),
        transform: Self.format)
    var format: ImportFormat?

    @Option(help: ArgumentHelp("Record the good rows and list the bad ones in this CSV file.", valueName: "report"))
    var skipBad: String?

    @OptionGroup var data: DataOptions
    @OptionGroup var json: JSONOption

    @Sendable private static func format(_ text: String) throws -> ImportFormat {
        switch text {
        case "csv": return .csv
        case "ndjson": return .ndjson
        default: throw ArgumentFailure("a format is csv or ndjson")
        }
    }

    func validate() throws {
        guard format ?? ImportFormat(path: file.path) != nil else {
            throw ValidationError(
                "\(file.path) does not say by its name what it is: add --format csv or --format ndjson")
        }
    }

    func run() throws {
        Interruption.watch()
        let node = try NodeIdentity(folder: data.folder).node
        let outcome = try withNode(data) { client in
            var job = ImportJob(
                client, path: file.path, format: format ?? ImportFormat(path: file.path) ?? .csv, node: node)
            if let skipBad { return try job.recordGoodRows(reportPath: skipBad) }
            return try job.recordAllOrNothing()
        }
        try show(outcome)
        if outcome.isInterrupted {
            note("interrupted: import the file again to record the rest")
            throw ExitCode(130)
        }
    }

    private func show(_ outcome: ImportOutcome) throws {
        if json.isWanted {
            return try Output.json([
                "recorded": .integer(outcome.recorded), "there_already": .integer(outcome.known),
                "skipped": .integer(outcome.skipped), "interrupted": .boolean(outcome.isInterrupted),
            ])
        }
        try Output.line(outcome.words)
        if outcome.skipped > 0, let skipBad { note("the rows that were skipped are listed in \(skipBad)") }
    }
}
