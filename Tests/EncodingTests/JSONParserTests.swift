import Encoding
import Testing

private func parse(_ text: String) throws(JSONFailure) -> JSONValue { try JSONValue.parse(Array(text.utf8)) }

/// What the parser says to a text; nil if it takes it.
private func complaint(_ bytes: [UInt8]) -> String? {
    do throws(JSONFailure) {
        _ = try JSONValue.parse(bytes)
        return nil
    } catch {
        return error.description
    }
}

struct JSONParserTests {
    @Test func everyTypeIsReadInItsOrder() throws {
        let value = try parse(#" {"b": [1, -20, 0, "x", {}], "a": null, "c": [true, false], "": [] } "#)
        #expect(value == ["b": [1, -20, 0, "x", [:]], "a": .null, "c": [true, false], "": []])
        #expect(value != ["a": .null, "b": [1, -20, 0, "x", [:]], "c": [true, false], "": []])
        #expect(value["c"] == [true, false])
        #expect(value["d"] == nil)
    }

    @Test(
        arguments: [
            ("3.0", 3), ("-0.0", 0), ("2e3", 2_000), ("2E+3", 2_000), ("1.25e2", 125), ("120e-1", 12),
            ("0e99999999999999999999", 0),
            ("9223372036854775807.0", .max), ("-9223372036854775808.0", .min), ("0.00012e5", 12), ("7", 7),
        ] as [(String, Int64)])
    func aWholeValueMayBeWrittenWithFractionOrExponentWhereThatIsAllowed(text: String, value: Int64) throws {
        #expect(try JSONValue.parse(Array(text.utf8), numbers: .wholeValues) == .integer(value))
    }

    @Test(arguments: [
        "1.5", "1e-1", "1e19", "9223372036854775808.0", "-9223372036854775809.0", "1e99999999999999999999", "1.", "1.e1", "1e",
        "1e+",
        "01.0", "-", "5e-99999999999999999999",
    ])
    func whatIsNotWholeOrDoesNotFitIsRefusedInEveryForm(text: String) {
        #expect(throws: JSONFailure.self) { try JSONValue.parse(Array(text.utf8), numbers: .wholeValues) }
    }

    @Test func wholeNumbersReachBothEndsOf64Bits() throws {
        #expect(try parse("9223372036854775807") == .integer(.max))
        #expect(try parse("-9223372036854775808") == .integer(.min))
        #expect(try parse("-0") == 0)
    }

    @Test func escapesAreTheirCharacters() throws {
        #expect(try parse(#""\"\\\/\b\f\n\r\t\u0041\u00e9\uD83D\uDE00""#) == "\"\\/\u{8}\u{C}\n\r\tAé😀")
        #expect(try parse("\"é水😀\"") == "é水😀")
    }

    @Test func stringsAreComparedAsBytes() throws {
        // One letter in two spellings: Swift's String says equal, a protocol may not.
        let value = try parse("{\"\u{E9}\": 1, \"e\u{301}\": 2}")
        #expect(value["\u{E9}"] == 1)
        #expect(value["e\u{301}"] == 2)
        #expect(JSONValue.string("\u{E9}") != JSONValue.string("e\u{301}"))
    }

    @Test func positionsCountLinesAndScalars() throws {
        let value = try parse("{\n  \"水水\": [7, 8]\n}")
        guard case .array(let elements)? = value["水水"]?.content else { throw Missing() }
        #expect(elements.map(\.position) == [JSONPosition(line: 2, column: 10), JSONPosition(line: 2, column: 13)])
        let moved = try JSONValue.parse(Array("1".utf8), firstLine: 40)
        #expect(moved.position == JSONPosition(line: 40, column: 1))
    }

    private struct Missing: Error {}

    @Test(
        arguments: [
            (#"{"code": 1, "code": 2}"#, #"line 1, column 13: duplicate member "code""#),
            ("{\n \"\\u0061\": 1,\n \"a\": 2}", #"line 3, column 2: duplicate member "a""#),
            ("\u{FEFF}{}", "line 1, column 1: starts with a byte order mark: remove it"),
            ("{} x", "line 1, column 4: something follows the end of the value"),
            ("1 2", "line 1, column 3: something follows the end of the value"),
            ("", "line 1, column 1: ends where a value should stand"),
            ("[1,]", "line 1, column 4: a value should stand here"),
            ("[1 2]", "line 1, column 4: a comma or ] should stand here"),
            (#"{"a":1,}"#, "line 1, column 8: a member name in quotes should stand here"),
            (#"{"a" 1}"#, "line 1, column 6: a colon should stand here"),
            ("{a:1}", "line 1, column 2: a member name in quotes should stand here"),
            ("[", "line 1, column 2: ends where a value should stand"),
            ("{\"a\":1", "line 1, column 7: a comma or } should stand here"),
            ("nul", "line 1, column 1: a value should stand here"),
            ("True", "line 1, column 1: a value should stand here"),
            ("NaN", "line 1, column 1: a value should stand here"),
            ("+1", "line 1, column 1: a value should stand here"),
            ("-", "line 1, column 2: a digit should stand here"),
            ("01", "line 1, column 1: a number may not begin with a zero"),
            ("-00", "line 1, column 1: a number may not begin with a zero"),
            ("1.0", "line 1, column 1: numbers are whole here: write it without fraction or exponent"),
            ("1e3", "line 1, column 1: numbers are whole here: write it without fraction or exponent"),
            ("0E0", "line 1, column 1: numbers are whole here: write it without fraction or exponent"),
            ("9223372036854775808", "line 1, column 1: the number does not fit 64 bits"),
            ("-9223372036854775809", "line 1, column 1: the number does not fit 64 bits"),
            ("99999999999999999999", "line 1, column 1: the number does not fit 64 bits"),
            ("\"a\nb\"", "line 1, column 3: a control character in a string: write it as an escape"),
            ("\"a", "line 1, column 3: ends inside a string"),
            ("\"\\", "line 1, column 2: ends inside a string"),
            (#""\x""#, "line 1, column 2: there is no such escape"),
            (#""\u12"#, "line 1, column 2: ends inside an escape"),
            (#""\u12g4""#, "line 1, column 2: four hexadecimal digits should follow \\u"),
            (#""\uD800""#, "line 1, column 2: half of a surrogate pair"),
            (#""\uDC00""#, "line 1, column 2: half of a surrogate pair"),
            (#""\uD800\uD800""#, "line 1, column 2: half of a surrogate pair"),
            (#""\uD800A""#, "line 1, column 2: half of a surrogate pair"),
            (#""\uFFFF""#, "line 1, column 2: a code point that is not a character"),
            (#""\uD83F\uDFFE""#, "line 1, column 2: a code point that is not a character"),
            ("// x\n1", "line 1, column 1: a value should stand here"),
        ] as [(String, String)])
    func whatIsNotStrictIsRefusedWithItsPlace(text: String, expected: String) {
        #expect(complaint(Array(text.utf8)) == expected)
    }

    @Test(
        arguments: [
            [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xE0, 0x9F, 0xBF], [0xED, 0xA0, 0x80],
            [0xE1, 0x80],
            [0xE1, 0x80, 0x41], [0xF0, 0x8F, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
            [0xF1, 0x80, 0x80],
        ] as [[UInt8]])
    func malformedUTF8IsRefused(sequence: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(complaint([quote] + sequence + [quote]) == "line 1, column 2: not UTF-8")
        #expect(complaint([quote] + sequence) == "line 1, column 2: not UTF-8")
        #expect(complaint(sequence) == "line 1, column 1: a value should stand here")
    }

    @Test(arguments: [[0xEF, 0xB7, 0x90], [0xEF, 0xBF, 0xBE], [0xF0, 0x9F, 0xBF, 0xBE]] as [[UInt8]])
    func noncharactersAreRefused(sequence: [UInt8]) {
        let quote = UInt8(ascii: "\"")
        #expect(complaint([quote] + sequence + [quote]) == "line 1, column 2: a code point that is not a character")
    }

    @Test func nestingStopsAt64() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(complaint(nested(64)) == nil)
        #expect(complaint(nested(65)) == "line 1, column 65: nested deeper than 64")
        #expect(complaint(Array(String(repeating: "{\"a\":", count: 100_000).utf8))?.contains("nested deeper") == true)
    }

    @Test func noPrefixOfATextCrashesOrPasses() {
        let text = Array(#"{"a": [1, "x\u00e9\uD83D\uDE00", {"b": true}], "水": -12}"#.utf8)
        for count in 0..<text.count { #expect(complaint(Array(text[..<count])) != nil) }
        #expect(complaint(text) == nil)
    }
}
