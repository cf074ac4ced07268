import Federation
import NodeRuntime
import Testing

private let columns = [
    "kind", "day", "subject", "factor", "quantity", "reference", "target", "verdict", "reason", "statement",
]

/// The summary of a row with some fields given and the others as in a good observation.
private func row(_ fields: [String: String]) throws -> String {
    try row(bytes: fields.mapValues { Array($0.utf8) })
}

private func row(bytes fields: [String: [UInt8]]) throws -> String {
    var values: [String: [UInt8]] = ["day": Array("2023-01-02".utf8), "subject": Array(subjectDigits.utf8)]
    if fields["kind"] == nil {
        values["factor"] = Array("f".utf8)
        values["reference"] = Array("r".utf8)
    }
    values.merge(fields) { $1 }
    var text = Array((columns.joined(separator: ",") + "\n").utf8)
    text += columns.map { [0x22] + values[$0, default: []] + [0x22] }.joined(separator: [0x2c])
    let found = try summary(text + [0x0a])
    #expect(found.count == 1)
    return found.first ?? ""
}

struct ImportFieldTests {
    @Test(arguments: [
        ("day", "", "line 2, column 2 (day): is missing: give the day as YYYY-MM-DD"),
        ("day", "2023-02-30", "line 2, column 2 (day): there is no \"2023-02-30\" in the calendar: correct it"),
        ("day", "2023-02-29", "line 2, column 2 (day): there is no \"2023-02-29\" in the calendar: correct it"),
        ("day", "2023-13-01", "line 2, column 2 (day): there is no \"2023-13-01\" in the calendar: correct it"),
        ("day", "2023-00-10", "line 2, column 2 (day): there is no \"2023-00-10\" in the calendar: correct it"),
        ("day", "1969-12-31", "line 2, column 2 (day): must not lie before 1970-01-01, but is \"1969-12-31\""),
        (
            "day", "02.01.2023",
            "line 2, column 2 (day): must be a day as YYYY-MM-DD, not \"02.01.2023\": set the column's format to that"
        ),
        (
            "day", "2023-1-02",
            "line 2, column 2 (day): must be a day as YYYY-MM-DD, not \"2023-1-02\": set the column's format to that"
        ),
        (
            "day", "2023-01-0٢",
            "line 2, column 2 (day): must be a day as YYYY-MM-DD, not \"2023-01-0٢\": set the column's format to that"
        ),
        ("subject", "", "line 2, column 3 (subject): is missing: give the subject's 32 hexadecimal digits"),
        (
            "subject", "1.23E+31",
            "line 2, column 3 (subject): must be 32 hexadecimal digits (a column of text, not numbers), not \"1.23E+31\""
        ),
        (
            "subject", "0011223344556677 8899aabbccddeef",
            "line 2, column 3 (subject): must be 32 hexadecimal digits (a column of text, not numbers), not "
                + "\"0011223344556677 8899aabbccddeef\""
        ),
        ("factor", "", "line 2, column 4 (factor): is missing: name a factor of the rulebook"),
        ("kind", "erasure", "line 2, column 1 (kind): erasures are not imported: use concord erase"),
        (
            "kind", "praise",
            "line 2, column 1 (kind): must be one of observation, retraction, appeal, ruling, enrolment, withdrawal, not "
                + "\"praise\""
        ),
        (
            "target", "a/b/1:1",
            "line 2, column 7 (target): does not belong to kind observation: empty it, or correct the kind"
        ),
        (
            "statement", "x",
            "line 2, column 10 (statement): does not belong to kind observation: empty it, or correct the kind"
        ),
        (
            "reference", "hex:",
            "line 2, column 6 (reference): must have two hexadecimal digits a byte behind hex:, not \"hex:\""
        ),
        (
            "reference", "hex:abc",
            "line 2, column 6 (reference): must have two hexadecimal digits a byte behind hex:, not \"hex:abc\""
        ),
        (
            "reference", "hex:0g",
            "line 2, column 6 (reference): must have hexadecimal digits behind hex:, not \"hex:0g\""
        ),
    ])
    func aFieldThatIsWrongIsNamed(_ field: String, _ value: String, _ error: String) throws {
        #expect(try row([field: value]) == error)
    }

    @Test(arguments: ["0", "-1", "+1", "1.0", "1,5", " 1", "1 ", "01", "2147483648", "99999999999999999999", "x", "１"])
    func aQuantityIsAPositiveNumberInPlainDigits(_ value: String) throws {
        let wanted = "must be a whole number from 1 to 2147483647 in plain digits, not \"\(value)\""
        #expect(try row(["quantity": value]) == "line 2, column 5 (quantity): \(wanted)")
    }

    @Test func quantitiesReachTheirBounds() throws {
        #expect(try row(["quantity": "2147483647"]) == "2: f × 2147483647 [r]")
        #expect(try row(["quantity": "1"]) == "2: f × 1 [r]")
        #expect(try row(["quantity": ""]) == "2: f × 1 [r]")
    }

    @Test func leapDaysAndTheFirstDayAreDays() throws {
        let text =
            "day,subject,factor\n"
            + ["1970-01-01", "2000-02-29", "9999-12-31"].map { "\($0),\(subjectDigits),f\n" }.joined()
        let days = try items(text).map { item in if case .record(let record) = item { record.day } else { UInt32.max } }
        #expect(days == [0, 11_016, 2_932_896])
    }

    @Test(arguments: [
        ("", "is missing: name the event that is meant as <federation>/<node>/<epoch>:<index>"),
        ("a/b/1", "must be <federation>/<node>/<epoch>:<index>, not \"a/b/1\""),
        ("a/b/1:", "must be <federation>/<node>/<epoch>:<index>, not \"a/b/1:\""),
        ("a/b/1:-1", "must be <federation>/<node>/<epoch>:<index>, not \"a/b/1:-1\""),
        ("a/b/1:01", "must be <federation>/<node>/<epoch>:<index>, not \"a/b/1:01\""),
        ("a/b/0:1", "must be <federation>/<node>/<epoch>:<index>, not \"a/b/0:1\""),
        ("b/1:1", "must be <federation>/<node>/<epoch>:<index>, not \"b/1:1\""),
        (":1", "must be <federation>/<node>/<epoch>:<index>, not \":1\""),
    ])
    func aTargetIsAPosition(_ target: String, _ message: String) throws {
        for kind in ["retraction", "appeal"] {
            #expect(try row(["kind": kind, "target": target]) == "line 2, column 7 (target): \(message)")
        }
    }

    @Test func aRulingNeedsAVerdict() throws {
        let ruling = ["kind": "ruling", "target": "a/b/1:1"]
        #expect(try row(ruling) == "line 2, column 8 (verdict): is missing: give upheld or overturned")
        let other = try row(ruling.merging(["verdict": "maybe"]) { $1 })
        #expect(other == "line 2, column 8 (verdict): must be upheld or overturned, not \"maybe\"")
    }

    @Test func textsHaveTheLimitsOfABody() throws {
        let appeal = ["kind": "appeal", "target": "a/b/1:1"]
        let longest = String(repeating: "é", count: 127) + "x"
        #expect(try row(appeal.merging(["reason": longest]) { $1 }) == "2: appeal against a/b/1:1 [\(longest)]")
        let reason = try row(appeal.merging(["reason": longest + "x"]) { $1 })
        #expect(reason == "line 2, column 9 (reason): has 256 bytes, more than 255: shorten it")
        let long = String(repeating: "f", count: 65)
        #expect(try row(["factor": long]) == "line 2, column 4 (factor): has 65 bytes, more than 64: shorten it")
        #expect(try row(["reference": long]) == "line 2, column 6 (reference): has 65 bytes, more than 64: shorten it")
        let digits = String(repeating: "0", count: 130)
        #expect(
            try row(["reference": "hex:" + digits])
                == "line 2, column 6 (reference): has 65 bytes, more than 64: shorten it")
        #expect(try row(["kind": "enrolment", "statement": longest]) == "2: enrolment [\(longest)]")
    }

    @Test func aReferenceInHexIsBytes() throws {
        let text = "day,subject,factor,reference\n2023-01-02,\(subjectDigits),f,hex:00fFA0\n"
        #expect(references(try items(text)) == [[0x00, 0xff, 0xa0]])
    }

    @Test(arguments: ["factor", "reference"])
    func textsAreUTF8WithoutNUL(_ field: String) throws {
        let column = field == "factor" ? 4 : 6
        let place = "line 2, column \(column) (\(field))"
        let message = "\(place): is not UTF-8: save the file as UTF-8 (spreadsheets call it CSV UTF-8)"
        for invalid: [UInt8] in [[0xe4], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x61, 0xc3]] {
            #expect(try row(bytes: [field: invalid]) == message)
        }
        let nul = try row(bytes: [field: [0x61, 0, 0x62]])
        #expect(nul == "\(place): contains a NUL byte: remove it, or save the file as UTF-8")
    }

    @Test func halfACharacterIsNotCompletedByTheNextField() throws {
        let found = try row(bytes: ["factor": [0xc3], "reference": [0xa9]])
        #expect(found.hasPrefix("line 2, column 4 (factor): is not UTF-8"))
    }

    @Test func whatTheCallerObjectsToStandsBesideTheLine() throws {
        let text = Array("day,subject,factor\n2023-01-02,\(subjectDigits),f\n2023-01-02,\(subjectDigits),g\n".utf8)
        let found = try items(text) { record in
            guard case .observation(let factor, _, _) = record.content, factor == Array("f".utf8) else { return nil }
            return "the factor f is not in the rulebook"
        }
        #expect(found.first == .error(ImportError(line: 2, message: "the factor f is not in the rulebook")))
        #expect(found.count == 2 && references(found).count == 1)
    }
}
