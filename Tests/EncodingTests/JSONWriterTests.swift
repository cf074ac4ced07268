import Encoding
import Testing

struct JSONWriterTests {
    @Test func theCompactFormKeepsTheOrderAndEscapesOnlyWhatItMust() {
        let value: JSONValue = [
            "z": [1, .null, true, [:], []], "a": "q\"\\/\n\r\t\u{1}\u{1F}\u{7F}é😀", "m": .integer(.min),
        ]
        #expect(
            value.text == #"{"z":[1,null,true,{},[]],"a":"q\"\\/\n\r\t\u0001\u001f"# + "\u{7F}"
                + #"é😀","m":-9223372036854775808}"#)
    }

    @Test func whatIsWrittenIsReadBackTheSame() throws {
        let value: JSONValue = ["k\u{0}\"": [["x": "\u{8}\u{C}"], 0, -1, false], "e\u{301}": "\u{E9}", "n": .null]
        #expect(try JSONValue.parse(value.bytes) == value)
        #expect(try JSONValue.parse(value.indentedBytes) == value)
        #expect(try JSONValue.parse(value.bytes).bytes == value.bytes)
    }

    @Test func theIndentedFormHasOneMemberALine() {
        let value: JSONValue = ["a": [1, ["b": 2]], "c": [], "d": [:]]
        let expected = """
            {
              "a": [
                1,
                {
                  "b": 2
                }
              ],
              "c": [],
              "d": {}
            }

            """
        #expect(value.indentedBytes == Array(expected.utf8))
    }
}
