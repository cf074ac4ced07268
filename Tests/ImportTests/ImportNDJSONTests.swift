import NodeRuntime
import Testing

private let known = "kind, day, subject, factor, quantity, reference, target, verdict, reason, statement"
private let start = #"{"day":"2023-01-02","subject":"\#(subjectDigits)""#

struct ImportNDJSONTests {
    @Test func objectsGiveTheSameRecordsAsRows() throws {
        let csv = """
            kind,day,subject,factor,quantity,reference,target,verdict,reason
            ,2023-01-02,\(subjectDigits),f,3,,,,
            ,2023-01-02,\(subjectDigits),f,3,é \"\"x,,,
            ruling,2023-01-02,\(subjectDigits),,,,a/b/1:4,upheld,because
            """.replacing("é \"\"x", with: "\"é \"\"x\"")
        let ndjson = """

            \(start),"factor":"f","quantity":3}\r
            {"quantity":3,"reference":"\\u00e9 \\"x","factor":"f","subject":"\(subjectDigits)","day":"2023-01-02","reason":null}
            \(start),"kind":"ruling","target":"a/b/1:4","verdict":"upheld","reason":"because"}
            """
        #expect(try items(csv) == items(ndjson, .ndjson))
        #expect(try items(csv).count == 3)
        #expect(try items("\u{FEFF}" + ndjson + "\n \t\n\n", .ndjson) == items(csv))
    }

    @Test(arguments: [
        (#"[1]"#, "line 1, column 1: each line must be one object in braces, not an array"),
        (#"{"day":"#, "line 1, column 8: ends where a value should stand"),
        (#"{"day":"a"} {}"#, "line 1, column 13: something follows the end of the value"),
        (#"{"day":"a","day":"b"}"#, "line 1, column 12: duplicate member \"day\""),
        (start + #","factor":5}"#, "line 1, column 75 (factor): must be a string, not a number"),
        (
            start + #","factor":"f","quantity":"1"}"#,
            "line 1, column 90 (quantity): must be a whole number, not a string"
        ),
        (
            start + #","factor":"f","quantity":-1}"#,
            "line 1, column 90 (quantity): must be a whole number from 1 to 2147483647 in plain digits, not \"-1\""
        ),
        (
            start + #","factor":"f","quantity":1.5}"#,
            "line 1, column 90: numbers are whole here: write it without fraction or exponent"
        ),
        (
            start + #","Factor":"f"}"#,
            "line 1, column 75: unknown member \"Factor\": remove it or correct its name; known are \(known)"
        ),
        (start + "}", "line 1 (factor): is missing: name a factor of the rulebook"),
        (#"{"factor":"f"}"#, "line 1 (day): is missing: give the day as YYYY-MM-DD"),
        (
            start + #","factor":"a\u0000"}"#,
            "line 1, column 75 (factor): contains a NUL byte: remove it, or save the file as UTF-8"
        ),
    ])
    func aLineThatIsWrongIsNamedAndTheNextIsRead(_ line: String, _ error: String) throws {
        let good = start + #","factor":"f","reference":"r"}"#
        #expect(try summary(line + "\n" + good, .ndjson) == [error, "2: f × 1 [r]"])
    }

    @Test func bytesThatAreNotUTF8AreRefused() throws {
        let line = Array(#"{"day":""#.utf8) + [0xe4] + Array("\"}\n".utf8)
        #expect(try summary(line, .ndjson) == ["line 1, column 9: not UTF-8"])
    }

    @Test func nestingWithoutEndIsRefused() throws {
        let found = try summary(String(repeating: "[", count: 60_000), .ndjson)
        #expect(found.count == 1 && found[0].contains("nested deeper"))
    }
}
