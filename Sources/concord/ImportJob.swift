internal import Encoding
internal import Federation
internal import NodeRuntime

/// What became of a file's rows.
struct ImportOutcome {
    var recorded: Int64 = 0
    /// Stood in the log already.
    var known: Int64 = 0
    var skipped: Int64 = 0
    var isInterrupted = false

    var words: String { "\(grouped(recorded)) recorded, \(grouped(known)) there already, \(grouped(skipped)) skipped" }
}

/// Takes a file into the node's own log, batch by batch.
struct ImportJob {
    /// Errors that are shown of a file that is refused.
    private static let shownErrors = 100

    private let client: NodeClient
    private let path: String
    private let format: ImportFormat
    private let node: [UInt8]
    private var outcome = ImportOutcome()
    private var bar = ProgressBar()

    /// - Parameter node: name of the importing node.
    init(_ client: NodeClient, path: String, format: ImportFormat, node: String) {
        self.client = client
        self.path = path
        self.format = format
        self.node = Array(node.utf8)
    }

    /// Checks the whole file, then records it; throws where a row is wrong, before anything is recorded.
    mutating func recordAllOrNothing() throws -> ImportOutcome {
        defer { bar.clear() }
        guard try checkAll() else { return outcome }
        bar = ProgressBar()
        var batches = try batches()
        while let batch = try batches.next() {
            guard batch.errors.isEmpty else {
                throw stopped(NodeFailure(.invalid, "\(path) changed while it was imported"))
            }
            try record(batch.records, batches)
            if isInterrupted() { break }
        }
        return outcome
    }

    /// Records the good rows; the bad ones are listed in a report, which is in its place even if the import is cut short.
    mutating func recordGoodRows(reportPath: String) throws -> ImportOutcome {
        defer { bar.clear() }
        var batches = try batches()
        var report = try reporting { () throws(SkipReport.Failure) in try SkipReport(path: reportPath) }
        while let batch = try batches.next() {
            if batches.isUnreadable { throw refusal(batch.errors, count: batch.errors.count, canSkip: false) }
            var batch = batch
            try batch.check(client, EnrolmentsOfFile())
            for error in batch.errors { try reporting { () throws(SkipReport.Failure) in try report.append(error) } }
            outcome.skipped += Int64(batch.errors.count)
            do { try record(batch.records, batches) } catch {
                try? report.finish()
                throw error
            }
            if isInterrupted() { break }
        }
        try report.finish()
        return outcome
    }

    private func batches() throws -> ImportBatches {
        do { return ImportBatches(try .file(path), format, node) } catch {
            throw NodeFailure(.invalid, error.description)
        }
    }

    /// Whether to go on: false where the check was interrupted.
    private mutating func checkAll() throws -> Bool {
        var batches = try batches()
        guard batches.totalBytes != nil else {
            throw NodeFailure(
                .invalid,
                "\(path) can be read only once, and a file is checked before it is recorded: save it to a file, or use --skip-bad"
            )
        }
        var enrolments = EnrolmentsOfFile()
        var errors: [ImportError] = []
        var count = 0
        while let batch = try batches.next() {
            var batch = batch
            if !batches.isUnreadable { try batch.check(client, enrolments) }
            enrolments.add(batch.records)
            count += batch.errors.count
            errors += batch.errors.prefix(Self.shownErrors - errors.count)
            show("checking", batches)
            if isInterrupted() { return false }
        }
        guard count == 0 else { throw refusal(errors, count: count, canSkip: !batches.isUnreadable) }
        return true
    }

    private mutating func record(_ records: [ImportRecord], _ batches: ImportBatches) throws {
        guard !records.isEmpty else { return }
        do {
            var answer = try Answer(client.call("record", [("deduplicate", true)], drafts: records.map(\.draft)))
            outcome.recorded += try answer.number("added")
            outcome.known += try answer.number("duplicates")
        } catch { throw stopped(error) }
        show("recording", batches)
    }

    private mutating func isInterrupted() -> Bool {
        if Interruption.isWanted { outcome.isInterrupted = true }
        return outcome.isInterrupted
    }

    private mutating func show(_ label: String, _ batches: ImportBatches) {
        bar.update(
            label, done: UInt64(batches.byteCount), total: UInt64(batches.totalBytes ?? 0),
            counter: (UInt64(batches.rowCount), "rows"))
    }
}

// What is said when it does not work.
extension ImportJob {
    private func refusal(_ errors: [ImportError], count: Int, canSkip: Bool) -> NodeFailure {
        let advice = canSkip ? "correct them, or leave them out with --skip-bad REPORT" : "correct it"
        let rows = canSkip ? counted(count, "row") + (count == 1 ? " is" : " are") : "its form is"
        let lines = ["\(path): \(rows) wrong and nothing was recorded: \(advice)"]
        return NodeFailure(.invalid, (lines + limited(errors.map(\.description), of: count)).joined(separator: "\n"))
    }

    /// An error in the middle of recording, with how far it came.
    private func stopped(_ error: any Error) -> NodeFailure {
        let failure = NodeFailure(error)
        return NodeFailure(
            failure.code,
            "\(path): \(failure.message)\n  \(outcome.words) before that; import the file again to record the rest, none is added twice"
        )
    }

    private func reporting<Value: ~Copyable>(_ body: () throws(SkipReport.Failure) -> Value) throws -> Value {
        do { return try body() } catch { throw stopped(NodeFailure(.storage, error.description)) }
    }
}
