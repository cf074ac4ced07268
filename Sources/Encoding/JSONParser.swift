extension JSONValue {
    /// Arrays and objects may lie this deep in each other.
    package static let maximumDepth = 64

    /// Reads one I-JSON text (RFC 8259 as narrowed by RFC 7493): UTF-8 without byte order mark, no member name twice in
    /// an object, no surrogate or noncharacter in a string, nothing after the value. Narrower still: numbers are whole,
    /// written without fraction or exponent, and fit 64 bits; nesting stops at `maximumDepth`.
    ///
    /// - Parameters:
    ///   - firstLine: the number of the text's first line in the file it comes from, for the positions in errors.
    ///   - numbers: how a whole number may be written.
    package static func parse(
        _ bytes: [UInt8], firstLine: Int = 1, numbers: JSONNumberForm = .digits
    ) throws(JSONFailure) -> JSONValue {
        var parser = JSONParser(bytes, line: firstLine, numbers: numbers)
        return try parser.text()
    }
}

/// How whole numbers may be written in a JSON text.
package enum JSONNumberForm: Sendable {
    /// In digits: one spelling for each number.
    case digits
    /// In any form whose value is whole, as in `3.0` or `2e3`: JSON Schema calls those integers too, and some programs write them so.
    case wholeValues
}

/// A recursive-descent parser; its depth is bounded, and what it allocates is proportional to the text.
struct JSONParser {
    let bytes: [UInt8]
    var offset = 0
    private var line: Int
    /// Where the line would begin if every scalar before this place took one byte, so that columns count scalars.
    var lineStart = 0
    let numbers: JSONNumberForm

    init(_ bytes: [UInt8], line: Int, numbers: JSONNumberForm) {
        self.bytes = bytes
        self.line = line
        self.numbers = numbers
    }

    var position: JSONPosition { JSONPosition(line: line, column: offset - lineStart + 1) }

    func failure(_ message: String) -> JSONFailure { JSONFailure(at: position, message) }

    /// The byte at hand; nil at the end.
    var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    mutating func text() throws(JSONFailure) -> JSONValue {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw failure("starts with a byte order mark: remove it") }
        skipSpace()
        let value = try value(depth: 0)
        skipSpace()
        guard next == nil else { throw failure("something follows the end of the value") }
        return value
    }

    private mutating func skipSpace() {
        while let byte = next {
            switch byte {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                offset += 1
            case UInt8(ascii: "\n"):
                offset += 1
                line += 1
                lineStart = offset
            default:
                return
            }
        }
    }

    private mutating func value(depth: Int) throws(JSONFailure) -> JSONValue {
        let start = position
        guard let next else { throw failure("ends where a value should stand") }
        switch next {
        case UInt8(ascii: "{"): return JSONValue(.object(try object(depth: depth + 1)), at: start)
        case UInt8(ascii: "["): return JSONValue(.array(try array(depth: depth + 1)), at: start)
        case UInt8(ascii: "\""): return JSONValue(.string(try string()), at: start)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            return JSONValue(.integer(try integer()), at: start)
        case UInt8(ascii: "t"): return JSONValue(.boolean(try word("true", true)), at: start)
        case UInt8(ascii: "f"): return JSONValue(.boolean(try word("false", false)), at: start)
        case UInt8(ascii: "n"): return JSONValue(try word("null", .null), at: start)
        default: throw failure("a value should stand here")
        }
    }

    private mutating func word<Meaning>(_ word: StaticString, _ meaning: Meaning) throws(JSONFailure) -> Meaning {
        let matches = word.withUTF8Buffer { bytes[offset...].starts(with: $0) }
        guard matches else { throw failure("a value should stand here") }
        offset += word.utf8CodeUnitCount
        return meaning
    }

    private mutating func object(depth: Int) throws(JSONFailure) -> [JSONMember] {
        try enter(depth)
        var members: [JSONMember] = []
        var names = MemberNames()
        if try close(UInt8(ascii: "}")) { return members }
        repeat {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw failure("a member name in quotes should stand here") }
            let start = position
            let name = try string()
            guard names.insert(name, besides: members) else {
                throw JSONFailure(at: start, "duplicate member \(JSONValue.string(name).text)")
            }
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw failure("a colon should stand here") }
            offset += 1
            skipSpace()
            members.append(JSONMember(name, try value(depth: depth)))
        } while try goesOn(until: UInt8(ascii: "}"))
        return members
    }

    private mutating func array(depth: Int) throws(JSONFailure) -> [JSONValue] {
        try enter(depth)
        var elements: [JSONValue] = []
        if try close(UInt8(ascii: "]")) { return elements }
        repeat {
            skipSpace()
            elements.append(try value(depth: depth))
        } while try goesOn(until: UInt8(ascii: "]"))
        return elements
    }

    private mutating func enter(_ depth: Int) throws(JSONFailure) {
        guard depth <= JSONValue.maximumDepth else { throw failure("nested deeper than \(JSONValue.maximumDepth)") }
        offset += 1
    }

    /// True if an array or object that was just opened is empty.
    private mutating func close(_ bracket: UInt8) throws(JSONFailure) -> Bool {
        skipSpace()
        guard next == bracket else { return false }
        offset += 1
        return true
    }

    /// True after a comma, false after the closing bracket.
    private mutating func goesOn(until bracket: UInt8) throws(JSONFailure) -> Bool {
        skipSpace()
        guard let byte = next, byte == bracket || byte == UInt8(ascii: ",") else {
            let bracket = Character(Unicode.Scalar(bracket))
            throw failure("a comma or \(bracket) should stand here")
        }
        offset += 1
        return byte != bracket
    }
}

/// The names of an object's members so far, compared as bytes: String's == would take two spellings of one character for the
/// same name. A few are compared one by one, which costs less than hashing them.
private struct MemberNames {
    private static let few = 16
    private var many: Set<[UInt8]> = []

    /// False where a member has the name already.
    mutating func insert(_ name: String, besides members: [JSONMember]) -> Bool {
        if members.count < Self.few { return !members.contains { $0.name.utf8.elementsEqual(name.utf8) } }
        if many.isEmpty { many = Set(members.map { Array($0.name.utf8) }) }
        return many.insert(Array(name.utf8)).inserted
    }
}
