package import Federation

/// One row of an imported file: a body without its salt, and where it stood.
package struct ImportRecord: Equatable, Sendable {
    /// The line of the file in which the row begins, from 1.
    package let line: Int
    /// Effective day: days since 1970-01-01, UTC.
    package let day: UInt32
    package let subject: SubjectID
    /// An observation always has a reference: its own or a derived one. So a row is stored already exactly if the
    /// node's own log holds a body with this subject, day and content.
    package let content: Body.Content

    package init(line: Int, day: UInt32, subject: SubjectID, content: Body.Content) {
        self.line = line
        self.day = day
        self.subject = subject
        self.content = content
    }
}

/// Why a row was not taken: where it stands, what is wrong with it and what to do.
package struct ImportError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line of the file in which the row begins, from 1.
    package let line: Int
    /// In CSV the number of the field within its row, as a spreadsheet counts its columns; in NDJSON the character
    /// within the line. From 1.
    package let column: Int?
    /// The column's or member's name; nil where the error concerns the whole row.
    package let field: String?
    package let message: String

    package init(line: Int, column: Int? = nil, field: String? = nil, message: String) {
        self.line = line
        self.column = column
        self.field = field
        self.message = message
    }

    /// As in `line 12, column 3 (factor): is missing: name a factor of the rulebook`.
    package var description: String {
        "line \(line)" + (column.map { ", column \($0)" } ?? "") + (field.map { " (\($0))" } ?? "") + ": \(message)"
    }
}

/// What a reader gives for a row.
package enum ImportItem: Equatable, Sendable {
    case record(ImportRecord)
    case error(ImportError)
}

package enum ImportFormat: Equatable, Sendable {
    /// RFC 4180 with the liberties that spreadsheets take.
    case csv
    /// One JSON object a line.
    case ndjson

    /// By the ending of a file's name: `.csv`, `.tsv`; `.ndjson`, `.jsonl`. Nil for another.
    package init?(path: String) {
        let path = path.lowercased()
        if path.hasSuffix(".csv") || path.hasSuffix(".tsv") {
            self = .csv
        } else if path.hasSuffix(".ndjson") || path.hasSuffix(".jsonl") {
            self = .ndjson
        } else {
            return nil
        }
    }
}

/// The limits of what is read at once.
enum ImportLimits {
    /// Bytes of one record: of its fields' text and separators in CSV, of its line in NDJSON.
    static let recordBytes = 64 << 10
    /// Bytes read from a file at once.
    static let blockBytes = 1 << 20
    /// Bytes read at once from a file that is smaller still.
    static let leastBlockBytes = 4 << 10
    /// Columns that a CSV header may name; far above the fields that there are.
    static let columns = 256
}
