import Federation
import NodeRuntime
import Testing

private let header = "day,subject,factor,quantity,reference"
private let start = "2023-01-02,\(subjectDigits)"

struct ImportCSVTests {
    @Test func aPlainRowGivesARecord() throws {
        let record = ImportRecord(
            line: 2, day: 19_359, subject: subject,
            content: .observation(factor: Array("a.b".utf8), quantity: 7, reference: Array("r1".utf8)))
        #expect(try items("\(header)\n\(start),a.b,7,r1\n") == [.record(record)])
    }

    @Test(arguments: ["\n", "\r\n"])
    func everyLineEndAndAMissingLastOneGiveTheSame(_ lineEnd: String) throws {
        let lines = [header, "\(start),a,1,r1", "\(start),b,2,r2"]
        let expected = ["2: a × 1 [r1]", "3: b × 2 [r2]"]
        #expect(try summary(lines.joined(separator: lineEnd)) == expected)
        #expect(try summary(lines.joined(separator: lineEnd) + lineEnd) == expected)
        #expect(try summary("\u{FEFF}" + lines.joined(separator: lineEnd)) == expected)
    }

    @Test(arguments: [",", ";", "\t"])
    func theHeaderShowsTheSeparator(_ separator: String) throws {
        let row = ["2023-01-02", subjectDigits, "a", "1", "x, y; z"].map { "\"\($0)\"" }.joined(separator: separator)
        let text = header.split(separator: ",").joined(separator: separator) + "\n" + row + "\n"
        #expect(try summary(text) == ["2: a × 1 [x, y; z]"])
        let quotedHeader = header.split(separator: ",").map { "\"\($0)\"" }.joined(separator: separator)
        #expect(try summary("\u{FEFF}" + quotedHeader + "\r\n" + row) == ["2: a × 1 [x, y; z]"])
    }

    @Test func quotesHoldSeparatorsLineEndsAndDoubledQuotes() throws {
        let text = "\(header)\n\(start),a,1,\"say \"\"hi\"\", \r\ntwice\"\n\(start),b,\"2\",\"\"\"\"\n"
        #expect(try summary(text) == ["2: a × 1 [say \"hi\", \r\ntwice]", "4: b × 2 [\"]"])
    }

    @Test func columnsStandInAnyOrderAndCase() throws {
        let text = " Reference ,QUANTITY,Factor,Subject,Day\nr,3,f,\(subjectDigits.uppercased()),2023-01-02\n"
        #expect(try summary(text) == ["2: f × 3 [r]"])
    }

    @Test func blankRowsAreNotRows() throws {
        let text = "\r\n\(header)\r\n\r\n\(start),a,1,r\r\n,,,,\r\n\"\",,,,\r\n\r\n\r\n"
        #expect(try summary(text) == ["4: a × 1 [r]"])
    }

    @Test func aColumnWithoutNameMayBeThereIfItIsEmpty() throws {
        let text = "\(header),,\n\(start),a,1,r,,\n\(start),b,1,r,,x\n"
        #expect(
            try summary(text) == [
                "2: a × 1 [r]",
                "line 3, column 7: \"x\" stands in a column without a name: name the column in the header, or empty it",
            ])
    }

    @Test func everyKindIsRead() throws {
        let text = """
            kind,day,subject,target,verdict,reason,statement,factor
            Observation,2023-01-02,\(subjectDigits),,,,,f
            retraction,2023-01-02,\(subjectDigits),fed/city/1:5,,typo,,
            appeal,2023-01-02,\(subjectDigits),fed/city/1:0,,,,
            ruling,2023-01-02,\(subjectDigits),fed/city/12:9223372036854775807,Overturned,"wrong, clearly",,
            ruling,2023-01-02,\(subjectDigits),fed/a:b/1:7,upheld,,,
            enrolment,2023-01-02,\(subjectDigits),,,,I join,
            withdrawal,2023-01-02,\(subjectDigits),,,,,
            """
        let found = try summary(text)
        #expect(found.first?.hasPrefix("2: f × 1 [") == true)
        #expect(
            found.dropFirst() == [
                "3: retraction of fed/city/1:5 [typo]", "4: appeal against fed/city/1:0 []",
                "5: overturned fed/city/12:9223372036854775807 [wrong, clearly]", "6: upheld fed/a:b/1:7 []",
                "7: enrolment [I join]", "8: withdrawal []",
            ])
    }

    @Test func aRowWithTheWrongNumberOfFieldsIsRefusedAndTheNextIsRead() throws {
        let found = try summary("\(header)\n\(start),a,1\n\(start),a,1,r,s\nx\n\(start),a,1,r\n")
        #expect(found.count == 4)
        #expect(found[0].hasPrefix("line 2: the row has 4 fields, the header names 5: write the missing separators"))
        #expect(found[1].hasPrefix("line 3: the row has 6 fields, the header names 5: remove the surplus"))
        #expect(found[2].hasPrefix("line 4: the row has 1 field, the header names 5"))
        #expect(found[3] == "5: a × 1 [r]")
    }

    @Test func aStrayQuoteCostsItsLineOnly() throws {
        let found = try summary(
            "\(header)\n\(start),a\"b,1,r\n\(start),\"a\"b,1,r\n\(start),a,1,\"one\ntwo\"three\n\(start),a,1,r\n")
        #expect(found.count == 4)
        #expect(found[0].hasPrefix("line 2, column 3: a quote stands inside a field that does not begin with one"))
        #expect(found[1].hasPrefix("line 3, column 3: text follows a closing quote in line 3"))
        #expect(
            found[2].hasPrefix("line 4, column 5: text follows a closing quote (the one opened in line 4) in line 5"))
        #expect(found[3] == "6: a × 1 [r]")
    }

    @Test func anOpenQuoteAtTheEndIsNamedByItsLine() throws {
        let found = try summary("\(header)\n\(start),a,1,r\n\(start),a,1,\"r\n\(start),a,1,r\n")
        #expect(found.count == 2)
        #expect(found[0] == "2: a × 1 [r]")
        #expect(
            found[1].hasPrefix(
                "line 3, column 5: the quote opened here is not closed before the end of the file in line 5"))
    }

    @Test func aCarriageReturnAloneDoesNotEndALine() throws {
        let found = try summary("\(header)\n\(start),a,1,r\rx\n\(start),a,1,r\r")
        #expect(found.count == 2)
        #expect(found[0].contains("a carriage return stands without a line feed"))
        #expect(found[1] == "3: a × 1 [r]")
        #expect(try summary("\(header)\r\(start),a,1,r\r").first?.contains("carriage return") == true)
    }
}
