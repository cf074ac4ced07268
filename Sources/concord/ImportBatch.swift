internal import Encoding
internal import Federation
internal import NodeRuntime

/// Neighbouring rows of a file: what one request to the node holds.
struct ImportBatch {
    /// Rows at most.
    static let rows = 8_192

    private(set) var records: [ImportRecord] = []
    /// In the order of the lines.
    private(set) var errors: [ImportError] = []

    var rowCount: Int { records.count + errors.count }

    mutating func append(_ item: ImportItem) {
        switch item {
        case .record(let record): records.append(record)
        case .error(let error): errors.append(error)
        }
    }

    /// Asks the node what it would not record, and moves that to the errors.
    /// - Parameter enrolments: what earlier rows of the file change and the node does not know yet.
    mutating func check(_ client: NodeClient, _ enrolments: EnrolmentsOfFile) throws {
        guard !records.isEmpty else { return }
        let before = enrolments.drafts(about: records)
        let answer = try client.call("check", drafts: before + records.map(\.draft))
        guard case .array(let flaws)? = answer["flaws"]?.content else {
            throw JSONFailure(at: nil, path: "flaws", "is missing")
        }
        var isBad = Set<Int>()
        for flaw in flaws {
            guard case .array(let pair) = flaw.content, pair.count == 2, case .integer(let place) = pair[0].content,
                case .string(let message) = pair[1].content
            else { throw JSONFailure(at: nil, path: "flaws", "must be pairs of a place and a reason") }
            let index = Int(place) - before.count
            guard records.indices.contains(index) else { continue }
            isBad.insert(index)
            errors.append(ImportError(line: records[index].line, message: message))
        }
        guard !isBad.isEmpty else { return }
        errors.sort { $0.line < $1.line }
        records = records.indices.filter { !isBad.contains($0) }.map { records[$0] }
    }
}

/// A file in batches.
struct ImportBatches {
    private var reader: ImportReader
    /// Bytes of the file; nil where it has no end that is known.
    let totalBytes: Int?

    init(_ source: ImportSource, _ format: ImportFormat, _ node: [UInt8]) {
        totalBytes = source.byteCount
        reader = ImportReader(source, format: format, node: node)
    }

    var byteCount: Int { reader.byteCount }
    var rowCount: Int { reader.recordCount + reader.errorCount }
    /// The errors are about the file as a whole.
    var isUnreadable: Bool { reader.isUnreadable }

    /// Nil at the end of the file.
    mutating func next() throws -> ImportBatch? {
        var batch = ImportBatch()
        do throws(ImportSourceFailure) {
            while batch.rowCount < ImportBatch.rows, let item = try reader.next() { batch.append(item) }
        } catch { throw NodeFailure(.invalid, error.description) }
        return batch.rowCount == 0 ? nil : batch
    }
}

extension ImportRecord {
    var draft: Draft { .body(day: day, subject: subject, content: content) }
}

/// Enrolments and withdrawals in the rows of a file that are checked already but not recorded: later rows depend on them.
struct EnrolmentsOfFile {
    /// The first day of enrolment.
    private var enrolled: [SubjectID: UInt32] = [:]
    private var withdrawn: [SubjectID: UInt32] = [:]

    mutating func add(_ records: [ImportRecord]) {
        for record in records {
            switch record.content {
            case .enrolment: enrolled[record.subject] = min(record.day, enrolled[record.subject] ?? .max)
            case .withdrawal: withdrawn[record.subject] = record.day
            default: break
            }
        }
    }

    /// Those about the subjects of records, once each.
    func drafts(about records: [ImportRecord]) -> [Draft] {
        guard !enrolled.isEmpty || !withdrawn.isEmpty else { return [] }
        var drafts: [Draft] = []
        var seen = Set<SubjectID>()
        for record in records where seen.insert(record.subject).inserted {
            if let day = enrolled[record.subject] {
                drafts.append(.body(day: day, subject: record.subject, content: .enrolment(statement: [])))
            }
            if let day = withdrawn[record.subject] {
                drafts.append(.body(day: day, subject: record.subject, content: .withdrawal(statement: [])))
            }
        }
        return drafts
    }
}
