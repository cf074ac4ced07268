internal import Encoding

/// Rows of a file with one JSON object a line; the members are named like the columns of a CSV file, in that case only.
///
/// All values are strings but the quantity, which is a number. A member that is null counts as absent. Blank lines are
/// not rows. A line that is too long is left out to its end.
struct NDJSONRowReader: ImportRowReader {
    private var blocks: ImportBlocks
    private var isOpen = false
    private var line = 0
    private var text: [UInt8] = []

    init(_ source: ImportSource) { blocks = ImportBlocks(source) }

    var byteCount: Int { blocks.byteCount }

    mutating func next(into row: inout ImportRow) throws(ImportSourceFailure) -> ImportRowOutcome {
        if !isOpen {
            if let message = try blocks.open() { return .unreadable([ImportError(line: 1, message: message)]) }
            isOpen = true
        }
        while try readLine() {
            if text.count > ImportLimits.recordBytes {
                let message = "the line is longer than \(ImportLimits.recordBytes >> 10) KiB: shorten it"
                return .flaw(ImportError(line: line, message: message))
            }
            if text.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }) { continue }
            do throws(ImportError) {
                try split(into: &row)
                return .row
            } catch {
                return .flaw(error)
            }
        }
        return .end
    }

    /// Takes the next line without its line end, or one byte more than the limit of it. False behind the last line.
    private mutating func readLine() throws(ImportSourceFailure) -> Bool {
        text.removeAll(keepingCapacity: true)
        line += 1
        var isLine = false
        while true {
            if blocks.position == blocks.end, try !blocks.advance() { break }
            isLine = true
            let rest = blocks.bytes[blocks.position..<blocks.end]
            let lineEnd = rest.firstIndex(of: UInt8(ascii: "\n"))
            // Room for a carriage return, which does not count.
            let room = max(0, ImportLimits.recordBytes + 2 - text.count)
            text.append(contentsOf: rest[..<(lineEnd ?? rest.endIndex)].prefix(room))
            blocks.position = lineEnd.map { $0 + 1 } ?? rest.endIndex
            if lineEnd != nil { break }
        }
        if text.last == UInt8(ascii: "\r") { text.removeLast() }
        return isLine
    }

    private func split(into row: inout ImportRow) throws(ImportError) {
        row.begin(line: line)
        row.columns.removeAll(keepingCapacity: true)
        for place in row.places.indices { row.places[place] = -1 }
        let value: JSONValue
        do throws(JSONFailure) {
            value = try JSONValue.parse(text, firstLine: line)
        } catch {
            throw ImportError(line: line, column: error.position?.column, message: error.message)
        }
        guard case .object(let members) = value.content else {
            let message = "each line must be one object in braces, not \(value.typeName)"
            throw ImportError(line: line, column: value.position?.column, message: message)
        }
        for member in members { try take(member, into: &row) }
    }

    private func take(_ member: JSONMember, into row: inout ImportRow) throws(ImportError) {
        let column = member.value.position?.column
        guard let field = ImportField(named: member.name.utf8, ignoringCase: false) else {
            let name = shown(member.name.utf8)
            let message = "unknown member \(name): remove it or correct its name; known are \(ImportField.list)"
            throw ImportError(line: line, column: column, message: message)
        }
        switch (member.value.content, field) {
        case (.null, _): return
        case (.integer(let number), .quantity): row.bytes.append(contentsOf: String(number).utf8)
        case (.string(let string), _) where field != .quantity: row.bytes.append(contentsOf: string.utf8)
        default:
            let wanted = field == .quantity ? "a whole number" : "a string"
            let message = "must be \(wanted), not \(member.value.typeName)"
            throw ImportError(line: line, column: column, field: field.name, message: message)
        }
        row.places[field.rawValue] = row.ends.count
        row.ends.append(row.bytes.count)
        row.columns.append(column ?? 1)
    }
}
