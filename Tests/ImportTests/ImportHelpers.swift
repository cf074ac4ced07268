import Federation
import NodeRuntime

let subjectDigits = "00112233445566778899aabbccddeeff"
let subject = SubjectID(high: 0x0011_2233_4455_6677, low: 0x8899_aabb_ccdd_eeff)

func items(
    _ bytes: [UInt8], _ format: ImportFormat = .csv, blockBytes: Int = .max, node: String = "rongcheng",
    validate: @escaping (ImportRecord) -> String? = { _ in nil }
) throws -> [ImportItem] {
    var reader = ImportReader(
        .bytes(bytes, blockBytes: blockBytes), format: format, node: Array(node.utf8), validate: validate)
    var items: [ImportItem] = []
    while let item = try reader.next() { items.append(item) }
    return items
}

func items(_ text: String, _ format: ImportFormat = .csv) throws -> [ImportItem] {
    try items(Array(text.utf8), format)
}

/// What a file gives, one line an item: a record as line, kind and texts, an error as its description.
func summary(_ bytes: [UInt8], _ format: ImportFormat = .csv, blockBytes: Int = .max) throws -> [String] {
    try items(bytes, format, blockBytes: blockBytes).map { item in
        switch item {
        case .record(let record): "\(record.line): \(words(record.content))"
        case .error(let error): "\(error)"
        }
    }
}

func summary(_ text: String, _ format: ImportFormat = .csv) throws -> [String] {
    try summary(Array(text.utf8), format)
}

private func words(_ content: Body.Content) -> String {
    func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
    return switch content {
    case .observation(let factor, let quantity, let reference): "\(text(factor)) × \(quantity) [\(text(reference))]"
    case .retraction(let target, let reason): "retraction of \(target) [\(text(reason))]"
    case .appeal(let target, let reason): "appeal against \(target) [\(text(reason))]"
    case .ruling(let target, let verdict, let reason): "\(verdict) \(target) [\(text(reason))]"
    case .enrolment(let statement): "enrolment [\(text(statement))]"
    case .withdrawal(let statement): "withdrawal [\(text(statement))]"
    }
}

func references(_ items: [ImportItem]) -> [[UInt8]] {
    items.compactMap { item in
        guard case .record(let record) = item, case .observation(_, _, let reference) = record.content else {
            return nil
        }
        return reference
    }
}

/// What a file holds, found by reading it once without recording anything.
struct ImportSummary: Equatable {
    let recordCount: Int
    let errorCount: Int
    /// The first errors, as many as were asked for.
    let errors: [ImportError]
}

extension ImportReader {
    /// Reads to the end of the file.
    mutating func check(maximumErrors: Int = 100) throws(ImportSourceFailure) -> ImportSummary {
        var errors: [ImportError] = []
        while let item = try next() {
            if case .error(let error) = item, errors.count < maximumErrors { errors.append(error) }
        }
        return ImportSummary(recordCount: recordCount, errorCount: errorCount, errors: errors)
    }
}
