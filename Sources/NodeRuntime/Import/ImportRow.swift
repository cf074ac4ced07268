internal import Federation

/// One row as its file has it: the text of its fields, and which field stands where. Used again for every row, so that
/// reading allocates nothing for a field.
struct ImportRow {
    /// The line of the file in which the row begins.
    private(set) var line = 1
    /// The text of all fields, one behind another, without quotes and separators.
    var bytes: [UInt8] = []
    /// Where each field's text ends in `bytes`, in the order of the row.
    var ends: [Int] = []
    /// By `ImportField.rawValue`: which of `ends` is the field's; -1 where the row has no such field.
    var places = [Int](repeating: -1, count: ImportField.allCases.count)
    /// Each field's column for the errors, where it is not its number within the row.
    var columns: [Int] = []

    /// Forgets the fields, but not which stands where.
    mutating func begin(line: Int) {
        self.line = line
        bytes.removeAll(keepingCapacity: true)
        ends.removeAll(keepingCapacity: true)
    }

    /// Where the text of the field in a place of the row lies.
    func range(at place: Int) -> Range<Int> { (place == 0 ? 0 : ends[place - 1])..<ends[place] }

    /// Where a field's text lies; empty if the row has none, which is the same as an empty field.
    func range(_ field: ImportField) -> Range<Int> {
        let place = places[field.rawValue]
        return place < 0 ? 0..<0 : range(at: place)
    }

    func text(_ field: ImportField) -> ArraySlice<UInt8> { bytes[range(field)] }

    func error(_ field: ImportField, _ message: String) -> ImportError {
        let place = places[field.rawValue]
        let column = place < 0 ? nil : columns.isEmpty ? place + 1 : columns[place]
        return ImportError(line: line, column: column, field: field.name, message: message)
    }
}

/// What a row reader found next.
enum ImportRowOutcome {
    /// The row is in the argument.
    case row
    /// The row cannot be read, but the ones behind it can.
    case flaw(ImportError)
    /// Nothing of the file can be read.
    case unreadable([ImportError])
    case end
}

/// Splits a file of one format into rows.
protocol ImportRowReader {
    /// Bytes read from the file so far.
    var byteCount: Int { get }

    /// Reads the next row that is not blank. Not to be called again after `unreadable` or `end`.
    mutating func next(into row: inout ImportRow) throws(ImportSourceFailure) -> ImportRowOutcome
}
