/// Rows of a CSV file whose first line names the columns, in any order and case.
///
/// Blank lines and rows of empty fields, which spreadsheets like to write at the end, are not rows. A column without a
/// name may be there as long as it is empty. Every row has as many fields as the header: a row that is cut short would
/// otherwise pass for one that leaves its last columns to their defaults.
struct CSVRowReader: ImportRowReader {
    private var blocks: ImportBlocks
    private var scanner = CSVScanner()
    /// Which field stands in each column; nil for a column without a name.
    private var columns: [ImportField?] = []
    private var hasHeader = false

    init(_ source: ImportSource) { blocks = ImportBlocks(source) }

    var byteCount: Int { blocks.byteCount }

    mutating func next(into row: inout ImportRow) throws(ImportSourceFailure) -> ImportRowOutcome {
        if !hasHeader {
            let errors = try readHeader(into: &row)
            guard errors.isEmpty else { return .unreadable(errors) }
            hasHeader = true
        }
        while true {
            switch try record(into: &row) {
            case .record where row.bytes.isEmpty: continue
            case .record: return flaw(row).map { .flaw($0) } ?? .row
            case .flaw(let error): return .flaw(error)
            case .end, .incomplete: return .end
            }
        }
    }

    private mutating func record(into row: inout ImportRow) throws(ImportSourceFailure) -> CSVScanner.Outcome {
        while true {
            let outcome = scanner.scan(blocks.bytes, &blocks.position, to: blocks.end, into: &row)
            guard case .incomplete = outcome else { return outcome }
            guard try blocks.advance() else { return scanner.finish(into: &row) }
        }
    }

    /// What is wrong with the fields of a row before their text is looked at.
    private func flaw(_ row: ImportRow) -> ImportError? {
        guard row.ends.count == columns.count else {
            let counts = "the row has \(fields(row.ends.count)), the header names \(columns.count)"
            let advice =
                row.ends.count < columns.count
                ? "write the missing separators, also for empty fields"
                : "remove the surplus, or put fields that contain the separator in quotes"
            return ImportError(line: row.line, message: "\(counts): \(advice)")
        }
        for place in columns.indices where columns[place] == nil && !row.range(at: place).isEmpty {
            let text = shown(row.bytes[row.range(at: place)])
            let message = "\(text) stands in a column without a name: name the column in the header, or empty it"
            return ImportError(line: row.line, column: place + 1, message: message)
        }
        return nil
    }

    private func fields(_ count: Int) -> String { count == 1 ? "1 field" : "\(count) fields" }
}

extension CSVRowReader {
    /// Takes the names of the columns; gives all that is wrong with them.
    private mutating func readHeader(into row: inout ImportRow) throws(ImportSourceFailure) -> [ImportError] {
        if let message = try blocks.open() { return [ImportError(line: 1, message: message)] }
        repeat {
            switch try record(into: &row) {
            case .record: continue
            case .flaw(let error): return [error]
            case .end, .incomplete:
                let message = "the file is empty: its first line must name the columns, such as day, subject, factor"
                return [ImportError(line: 1, message: message)]
            }
        } while row.bytes.isEmpty
        guard row.ends.count <= ImportLimits.columns else {
            let message = "the header names \(row.ends.count) columns: use only \(ImportField.list)"
            return [ImportError(line: row.line, message: message)]
        }
        return takeColumns(&row)
    }

    private mutating func takeColumns(_ row: inout ImportRow) -> [ImportError] {
        var errors: [ImportError] = []
        for place in row.ends.indices {
            let name = trimmed(row.bytes[row.range(at: place)])
            let field = ImportField(named: name, ignoringCase: true)
            columns.append(field)
            if let field, row.places[field.rawValue] >= 0 {
                let message = "column \(field.name) stands in the header twice: remove one"
                errors.append(ImportError(line: row.line, column: place + 1, field: field.name, message: message))
            } else if let field {
                row.places[field.rawValue] = place
            } else if !name.isEmpty {
                let message =
                    "unknown column \(shown(name)): remove it or correct its name; known are \(ImportField.list)"
                errors.append(ImportError(line: row.line, column: place + 1, message: message))
            }
        }
        return errors + missingColumns(row)
    }

    /// Day and subject are always needed, the factor unless the rows can be of another kind.
    private func missingColumns(_ row: ImportRow) -> [ImportError] {
        let needed: [ImportField] = columns.contains(.kind) ? [.day, .subject] : [.day, .subject, .factor]
        return needed.filter { !columns.contains($0) }.map { field in
            let message = "column \(field.name) is missing: the header must name it"
            return ImportError(line: row.line, field: field.name, message: message)
        }
    }

    private func trimmed(_ name: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        let space = UInt8(ascii: " ")
        var name = name.drop { $0 == space }
        while name.last == space { name.removeLast() }
        return name
    }
}
