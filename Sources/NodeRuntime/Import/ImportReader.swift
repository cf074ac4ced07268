/// Reads a file of records row by row, in memory that does not grow with the file but for the ordinals of
/// `ImportReferences`.
///
///     var reader = ImportReader(try .file(path), format: .csv, node: Array("shanghai".utf8)) { record in
///         population.contains(record.subject) ? nil : "the subject is not a member of the population: correct it"
///     }
///     while let item = try reader.next() { … }
///
/// The columns: `kind` (observation where absent; retraction, appeal, ruling, enrolment, withdrawal), `day`
/// (YYYY-MM-DD), `subject` (32 hexadecimal digits), `factor`, `quantity` (1 where absent), `reference` (text, or bytes
/// as `hex:` and digits; a derived one where absent), `target` (`<origin line>:<index>`), `verdict` (upheld,
/// overturned), `reason`, `statement`. An empty field is an absent one. Every row gives one record or one error.
package struct ImportReader {
    private var rows: any ImportRowReader
    private var row = ImportRow()
    private var builder: ImportRecordBuilder
    private let validate: (ImportRecord) -> String?
    /// Errors found and not given yet, in reverse order.
    private var pending: [ImportError] = []
    private var isFinished = false

    /// Records and errors given so far.
    package private(set) var recordCount = 0
    package private(set) var errorCount = 0
    /// Nothing of the file can be read (a header that is wrong, say): its errors are all there is, and there is nothing
    /// to go on with even where bad rows are skipped.
    package private(set) var isUnreadable = false

    /// - Parameters:
    ///   - node: the importing node's name within its federation, 1 to 255 bytes; derived references depend on it.
    ///   - validate: what else is wrong with a record, in words that say what to do; nil if nothing is.
    package init(
        _ source: ImportSource, format: ImportFormat, node: [UInt8],
        validate: @escaping (ImportRecord) -> String? = { _ in nil }
    ) {
        switch format {
        case .csv: rows = CSVRowReader(source)
        case .ndjson: rows = NDJSONRowReader(source)
        }
        builder = ImportRecordBuilder(node: node)
        self.validate = validate
    }

    /// Bytes read from the source so far, for the progress shown.
    package var byteCount: Int { rows.byteCount }

    /// The next record or error; nil at the end of the file.
    package mutating func next() throws(ImportSourceFailure) -> ImportItem? {
        guard let item = try item() else { return nil }
        switch item {
        case .record: recordCount += 1
        case .error: errorCount += 1
        }
        return item
    }

    private mutating func item() throws(ImportSourceFailure) -> ImportItem? {
        if let error = pending.popLast() { return .error(error) }
        guard !isFinished else { return nil }
        switch try rows.next(into: &row) {
        case .row: return checked()
        case .flaw(let error): return .error(error)
        case .unreadable(let errors):
            isFinished = true
            isUnreadable = true
            pending = errors.reversed()
            return pending.popLast().map { .error($0) }
        case .end:
            isFinished = true
            return nil
        }
    }

    private mutating func checked() -> ImportItem {
        do throws(ImportError) {
            let record = try builder.record(row)
            if let message = validate(record) { return .error(ImportError(line: record.line, message: message)) }
            return .record(record)
        } catch {
            return .error(error)
        }
    }
}
