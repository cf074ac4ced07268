internal import Encoding
internal import Federation

/// Makes records of rows, of either format.
struct ImportRecordBuilder {
    private var references: ImportReferences
    /// The factor of the last observation: neighbouring rows often share it, and then its bytes.
    private var lastFactor: [UInt8] = []

    /// - Parameter node: the importing node's name, 1 to 255 bytes.
    init(node: [UInt8]) { references = ImportReferences(node: node) }

    mutating func record(_ row: ImportRow) throws(ImportError) -> ImportRecord {
        let kind = try row.kind()
        try row.checkFields(of: kind)
        let day = try row.day()
        let subject = try row.subject()
        return ImportRecord(
            line: row.line, day: day, subject: subject, content: try content(kind, row, day: day, subject: subject))
    }

    private mutating func content(
        _ kind: EventKind, _ row: ImportRow, day: UInt32, subject: SubjectID
    ) throws(ImportError) -> Body.Content {
        switch kind {
        case .observation:
            let factor = try factor(row)
            let quantity = try row.quantity()
            let reference =
                try row.reference()
                ?? references.reference(subject: subject, day: day, factor: factor, quantity: quantity)
            return .observation(factor: factor, quantity: quantity, reference: reference)
        case .retraction:
            return .retraction(target: try row.target(), reason: try row.words(.reason))
        case .appeal:
            return .appeal(target: try row.target(), reason: try row.words(.reason))
        case .ruling:
            return .ruling(target: try row.target(), verdict: try row.verdict(), reason: try row.words(.reason))
        case .enrolment:
            return .enrolment(statement: try row.words(.statement))
        case .withdrawal:
            return .withdrawal(statement: try row.words(.statement))
        case .erasure:
            throw row.error(.kind, ImportRow.erasureMessage)
        }
    }

    private mutating func factor(_ row: ImportRow) throws(ImportError) -> [UInt8] {
        let range = row.range(.factor)
        guard !range.isEmpty else { throw row.error(.factor, "is missing: name a factor of the rulebook") }
        if range.count == lastFactor.count, row.bytes[range].elementsEqual(lastFactor) { return lastFactor }
        lastFactor = try row.words(.factor, maximum: Body.maximumFactor)
        return lastFactor
    }
}
