internal import Encoding
internal import Federation
internal import Scoring

// The meaning of each field's text. An error says what should stand there, and shows what does.
extension ImportRow {
    static let erasureMessage = "erasures are not imported: use concord erase"

    private static let kinds = EventKind.allCases.filter { $0 != .erasure }

    func kind() throws(ImportError) -> EventKind {
        let text = text(.kind)
        guard !text.isEmpty else { return .observation }
        for kind in Self.kinds where matches(text, kind.name) { return kind }
        if matches(text, EventKind.erasure.name) { throw error(.kind, Self.erasureMessage) }
        let names = Self.kinds.map(\.name).joined(separator: ", ")
        throw error(.kind, "must be one of \(names), not \(shown(text))")
    }

    /// Refuses fields that say nothing in a record of a kind: whoever filled them meant something else.
    func checkFields(of kind: EventKind) throws(ImportError) {
        for field in ImportField.allCases where !field.belongs(to: kind) && !range(field).isEmpty {
            throw error(field, "does not belong to kind \(kind.name): empty it, or correct the kind")
        }
    }

    func day() throws(ImportError) -> UInt32 {
        let range = range(.day)
        guard !range.isEmpty else { throw error(.day, "is missing: give the day as YYYY-MM-DD") }
        let start = range.lowerBound
        let hyphen = UInt8(ascii: "-")
        guard range.count == 10, bytes[start + 4] == hyphen, bytes[start + 7] == hyphen,
            let year = number(start..<(start + 4)), let month = number((start + 5)..<(start + 7)),
            let day = number((start + 8)..<(start + 10))
        else {
            throw error(
                .day, "must be a day as YYYY-MM-DD, not \(shown(bytes[range])): set the column's format to that")
        }
        guard let date = CalendarDay(year: year, month: month, day: day) else {
            throw error(.day, "there is no \(shown(bytes[range])) in the calendar: correct it")
        }
        guard let dayNumber = UInt32(exactly: date.dayNumber) else {
            throw error(.day, "must not lie before 1970-01-01, but is \(shown(bytes[range]))")
        }
        return dayNumber
    }

    private func number(_ range: Range<Int>) -> Int64? {
        var value: Int64 = 0
        for place in range {
            guard (0x30...0x39).contains(bytes[place]) else { return nil }
            value = value * 10 + Int64(bytes[place] - 0x30)
        }
        return value
    }

    func subject() throws(ImportError) -> SubjectID {
        let range = range(.subject)
        guard !range.isEmpty else { throw error(.subject, "is missing: give the subject's 32 hexadecimal digits") }
        guard range.count == 2 * SubjectID.byteCount,
            let high = word(at: range.lowerBound), let low = word(at: range.lowerBound + 16)
        else {
            throw error(
                .subject, "must be 32 hexadecimal digits (a column of text, not numbers), not \(shown(bytes[range]))")
        }
        return SubjectID(high: high, low: low)
    }

    /// 16 hexadecimal digits.
    private func word(at start: Int) -> UInt64? {
        var value: UInt64 = 0
        for place in start..<(start + 16) {
            guard let digit = hexDigit(bytes[place]) else { return nil }
            value = value << 4 | UInt64(digit)
        }
        return value
    }

    @inline(__always)
    private func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x61...0x66: byte - 0x61 + 10
        case 0x41...0x46: byte - 0x41 + 10
        default: nil
        }
    }

    func quantity() throws(ImportError) -> Int32 {
        let range = range(.quantity)
        guard !range.isEmpty else { return 1 }
        // At most ten digits, so that reading them cannot overflow; the first is not zero, so the number is not either.
        guard range.count <= 10, bytes[range.lowerBound] != UInt8(ascii: "0"), let value = number(range),
            let quantity = Int32(exactly: value)
        else {
            let message = "must be a whole number from 1 to \(Int32.max) in plain digits, not \(shown(bytes[range]))"
            throw error(.quantity, message)
        }
        return quantity
    }

    /// Nil where the row has none.
    func reference() throws(ImportError) -> [UInt8]? {
        let text = text(.reference)
        guard !text.isEmpty else { return nil }
        let prefix = "hex:".utf8
        guard text.starts(with: prefix) else { return try words(.reference, maximum: Body.maximumReference) }
        let digits = text.dropFirst(prefix.count)
        guard digits.count >= 2, digits.count % 2 == 0 else {
            throw error(.reference, "must have two hexadecimal digits a byte behind hex:, not \(shown(text))")
        }
        guard digits.count <= 2 * Body.maximumReference else {
            throw error(.reference, "has \(digits.count / 2) bytes, more than \(Body.maximumReference): shorten it")
        }
        var result: [UInt8] = []
        for place in stride(from: digits.startIndex, to: digits.endIndex, by: 2) {
            guard let high = hexDigit(bytes[place]), let low = hexDigit(bytes[place + 1]) else {
                throw error(.reference, "must have hexadecimal digits behind hex:, not \(shown(text))")
            }
            result.append(high << 4 | low)
        }
        return result
    }

    func target() throws(ImportError) -> Position {
        let form = "<federation>/<node>/<epoch>:<index>"
        let text = text(.target)
        guard !text.isEmpty else { throw error(.target, "is missing: name the event that is meant as \(form)") }
        guard let colon = text.lastIndex(of: UInt8(ascii: ":")), let index = decimal(text[(colon + 1)...]),
            let origin = OriginName(Array(text[..<colon]))
        else { throw error(.target, "must be \(form), not \(shown(text))") }
        return Position(origin: origin.line, index: index)
    }

    func verdict() throws(ImportError) -> Verdict {
        let text = text(.verdict)
        if matches(text, "upheld") { return .upheld }
        if matches(text, "overturned") { return .overturned }
        guard !text.isEmpty else { throw error(.verdict, "is missing: give upheld or overturned") }
        throw error(.verdict, "must be upheld or overturned, not \(shown(text))")
    }

    /// A text in UTF-8; empty where the row has none. A NUL is refused: it comes from a damaged file or one of another
    /// encoding.
    func words(_ field: ImportField, maximum: Int = Body.maximumReason) throws(ImportError) -> [UInt8] {
        let text = text(field)
        guard text.count <= maximum else {
            throw error(field, "has \(text.count) bytes, more than \(maximum): shorten it")
        }
        var all: UInt8 = 0
        for byte in text {
            guard byte != 0 else { throw error(field, "contains a NUL byte: remove it, or save the file as UTF-8") }
            all |= byte
        }
        guard all < 0x80 || isUTF8(text) else {
            throw error(field, "is not UTF-8: save the file as UTF-8 (spreadsheets call it CSV UTF-8)")
        }
        return Array(text)
    }
}
