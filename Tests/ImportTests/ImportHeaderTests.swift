import NodeRuntime
import Testing

private let known = "kind, day, subject, factor, quantity, reference, target, verdict, reason, statement"

struct ImportHeaderTests {
    @Test(arguments: [
        ("", "line 1: the file is empty: its first line must name the columns, such as day, subject, factor"),
        ("\u{FEFF}", "line 1: the file is empty: its first line must name the columns, such as day, subject, factor"),
        ("\n\n", "line 1: the file is empty: its first line must name the columns, such as day, subject, factor"),
        (
            "day,subject,factor,points\n",
            "line 1, column 4: unknown column \"points\": remove it or correct its name; known are \(known)"
        ),
        ("day,subject,factor,Day\n", "line 1, column 4 (day): column day stands in the header twice: remove one"),
        ("day,factor\n", "line 1 (subject): column subject is missing: the header must name it"),
        ("kind,subject\n", "line 1 (day): column day is missing: the header must name it"),
        ("day,subject\n", "line 1 (factor): column factor is missing: the header must name it"),
        (
            "day,subject,\"factor\n2023-01-02,x,y\n",
            "line 1, column 3: the quote opened here is not closed before the end of the file in line 3: close it; nothing "
                + "behind it was read"
        ),
        (
            "PK\u{3}\u{4}rest",
            "line 1: the file is a spreadsheet document or archive: open it and save the sheet as CSV UTF-8"
        ),
    ])
    func aHeaderThatIsWrongEndsTheImport(_ text: String, _ error: String) throws {
        var reader = ImportReader(.bytes(Array((text + "\n").utf8)), format: .csv, node: Array("n".utf8))
        #expect(try reader.next().map { "\($0)".contains("error") } == true)
        #expect(reader.isUnreadable)
        #expect(try reader.next() == nil)
        #expect(try reader.next() == nil)
        #expect(try summary(text) == [error])
    }

    @Test func allThatIsWrongWithAHeaderIsSaidAtOnce() throws {
        let found = try summary("date,day,Day,wer\u{1B}[2J\n")
        #expect(
            found == [
                "line 1, column 1: unknown column \"date\": remove it or correct its name; known are \(known)",
                "line 1, column 3 (day): column day stands in the header twice: remove one",
                "line 1, column 4: unknown column \"wer\\u{1b}[2J\": remove it or correct its name; known are \(known)",
                "line 1 (subject): column subject is missing: the header must name it",
                "line 1 (factor): column factor is missing: the header must name it",
            ])
    }

    @Test func otherEncodingsAreToldApart() throws {
        #expect(try summary([0xff, 0xfe, 0x64, 0x00]).first?.contains("UTF-16") == true)
        #expect(try summary([0xfe, 0xff, 0x00, 0x64], .ndjson).first?.contains("UTF-16") == true)
        #expect(try summary([0x1f, 0x8b, 0x08, 0x00]).first?.contains("compressed") == true)
    }

    @Test func aHeaderWithoutRowsIsAnEmptyFile() throws {
        #expect(try summary("day,subject,factor").isEmpty)
        #expect(try summary("", .ndjson).isEmpty)
    }

    @Test func anEndlessHeaderIsRefused() throws {
        #expect(try summary(String(repeating: ",", count: 300)).first?.contains("the file is empty") == true)
        #expect(
            try summary(String(repeating: "x,", count: 300)).first?.contains("the header names 301 columns") == true)
        #expect(try summary(String(repeating: "x", count: 70_000)).first?.contains("longer than 64 KiB") == true)
    }

    @Test(arguments: [("a/B.CSV", ImportFormat.csv), ("x.tsv", .csv), ("x.ndjson", .ndjson), ("x.jsonl", .ndjson)])
    func theFormatFollowsFromTheName(_ path: String, _ format: ImportFormat) {
        #expect(ImportFormat(path: path) == format)
    }

    @Test func anotherNameHasNoFormat() { #expect(ImportFormat(path: "records.xlsx") == nil) }
}
