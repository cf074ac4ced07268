/// Splits CSV (RFC 4180) into records, from blocks that may end anywhere.
///
/// Lines end in LF or CRLF. The separator is the first comma, semicolon or tab outside quotes, so that of the header. A
/// quote may stand only around a whole field, where it is doubled to mean itself. After any other quote the record is
/// given up and reading goes on at the next line. A record that is too long is read to its proper end but not kept: the
/// lines of a long quoted text never pass for records of their own.
struct CSVScanner {
    enum Outcome {
        /// The block ends before the record does.
        case incomplete
        /// The record is in the argument.
        case record
        case flaw(ImportError)
        case end
    }

    private enum State {
        case recordStart
        case fieldStart
        case plain
        case quoted
        /// Behind a quote in a quoted field: the field's end, or the first half of a doubled quote.
        case quoteSeen
        /// Behind a carriage return outside quotes, which a line feed has to follow.
        case carriageReturn
        /// Behind a flaw: the rest of the line is not looked at.
        case skippingLine
        case recordEnd
    }

    private static let quote = UInt8(ascii: "\"")
    private static let carriageReturn = UInt8(ascii: "\r")
    private static let lineFeed = UInt8(ascii: "\n")

    /// Nil until one has been seen.
    private(set) var separator: UInt8?
    private var state = State.recordStart
    /// Of the byte to be read next.
    private var line = 1
    /// The line of the last opening quote.
    private var quoteLine = 1
    private var isTooLong = false
    private var flaw: ImportError?

    /// Reads on in `block` from `position` until a record or the block ends.
    mutating func scan(
        _ block: [UInt8], _ position: inout Int, to end: Int, into row: inout ImportRow
    ) -> Outcome {
        while position < end {
            switch state {
            case .recordStart:
                row.begin(line: line)
                isTooLong = false
                flaw = nil
                state = .fieldStart
            case .fieldStart: startField(block[position], &position)
            case .plain: readPlain(block, &position, to: end, into: &row)
            case .quoted: readQuoted(block, &position, to: end, into: &row)
            case .quoteSeen: leaveQuote(block[position], &position, in: &row)
            case .carriageReturn: endLine(block[position], &position, in: &row)
            case .skippingLine: skipLine(block, &position, to: end)
            case .recordEnd: break
            }
            if state == .recordEnd {
                state = .recordStart
                return outcome(row)
            }
        }
        return .incomplete
    }

    /// What the file ends with, when no block is left.
    mutating func finish(into row: inout ImportRow) -> Outcome {
        defer { state = .recordStart }
        switch state {
        case .recordStart, .recordEnd: return .end
        case .quoted:
            let place = quoteLine == row.line ? "here" : "in line \(quoteLine)"
            fail(
                row,
                "the quote opened \(place) is not closed before the end of the file in line \(line): close it; "
                    + "nothing behind it was read")
        case .fieldStart, .plain, .quoteSeen, .carriageReturn: endField(&row)
        case .skippingLine: break
        }
        return outcome(row)
    }

    private func outcome(_ row: ImportRow) -> Outcome {
        if let flaw { return .flaw(flaw) }
        guard isTooLong else { return .record }
        let message = "the record is longer than \(ImportLimits.recordBytes >> 10) KiB: shorten it"
        let hint = line - row.line > 1 ? "; it ends in line \(line - 1): is a quote left open in it?" : ""
        return .flaw(ImportError(line: row.line, message: message + hint))
    }

    private mutating func fail(_ row: ImportRow, _ message: String) {
        flaw = ImportError(line: row.line, column: isTooLong ? nil : row.ends.count + 1, message: message)
        state = .skippingLine
    }
}

extension CSVScanner {
    private mutating func startField(_ byte: UInt8, _ position: inout Int) {
        guard byte == Self.quote else {
            state = .plain
            return
        }
        position += 1
        quoteLine = line
        state = .quoted
    }

    private mutating func readPlain(_ block: [UInt8], _ position: inout Int, to end: Int, into row: inout ImportRow) {
        let start = position
        var place = start
        while place < end, !isSpecial(block[place]) { place += 1 }
        position = place
        keep(block[start..<place], in: &row)
        guard place < end else { return }
        if block[place] == Self.quote {
            fail(
                row,
                "a quote stands inside a field that does not begin with one: put the whole field in quotes and double "
                    + "this one")
        } else {
            endField(at: block[place], &position, in: &row)
        }
    }

    private mutating func readQuoted(_ block: [UInt8], _ position: inout Int, to end: Int, into row: inout ImportRow) {
        let start = position
        var place = start
        while place < end, block[place] != Self.quote {
            if block[place] == Self.lineFeed { line += 1 }
            place += 1
        }
        keep(block[start..<place], in: &row)
        position = place
        guard place < end else { return }
        position += 1
        state = .quoteSeen
    }

    private mutating func leaveQuote(_ byte: UInt8, _ position: inout Int, in row: inout ImportRow) {
        if byte == Self.quote {
            keep(CollectionOfOne(byte), in: &row)
            position += 1
            state = .quoted
        } else if isSpecial(byte) {
            endField(at: byte, &position, in: &row)
        } else {
            let place = quoteLine == line ? "" : " (the one opened in line \(quoteLine))"
            fail(row, "text follows a closing quote\(place) in line \(line): double quotes that belong to the text")
        }
    }

    /// At a byte behind a field that is no quote: separator, carriage return or line feed.
    private mutating func endField(at byte: UInt8, _ position: inout Int, in row: inout ImportRow) {
        if byte == Self.carriageReturn {
            position += 1
            state = .carriageReturn
        } else if byte == Self.lineFeed {
            endLine(byte, &position, in: &row)
        } else {
            position += 1
            separator = byte
            endField(&row)
            state = .fieldStart
        }
    }

    private mutating func endLine(_ byte: UInt8, _ position: inout Int, in row: inout ImportRow) {
        guard byte == Self.lineFeed else {
            fail(row, "a carriage return stands without a line feed: save the file with line ends LF or CRLF")
            return
        }
        position += 1
        line += 1
        endField(&row)
        state = .recordEnd
    }

    private mutating func skipLine(_ block: [UInt8], _ position: inout Int, to end: Int) {
        while position < end {
            position += 1
            if block[position - 1] == Self.lineFeed {
                line += 1
                state = .recordEnd
                return
            }
        }
    }

    @inline(__always)
    private func isSpecial(_ byte: UInt8) -> Bool {
        if byte == Self.quote || byte == Self.lineFeed || byte == Self.carriageReturn { return true }
        if let separator { return byte == separator }
        return byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "\t")
    }

    @inline(__always)
    private mutating func keep(_ bytes: some Collection<UInt8>, in row: inout ImportRow) {
        guard hasRoom(for: bytes.count, in: row) else { return }
        row.bytes.append(contentsOf: bytes)
    }

    private mutating func endField(_ row: inout ImportRow) {
        guard hasRoom(for: 1, in: row) else { return }
        row.ends.append(row.bytes.count)
    }

    /// Every field counts a byte more than its text, so that the number of fields is limited too.
    @inline(__always)
    private mutating func hasRoom(for count: Int, in row: ImportRow) -> Bool {
        if row.bytes.count + row.ends.count + count > ImportLimits.recordBytes { isTooLong = true }
        return !isTooLong
    }
}
