import NodeRuntime
import Simulation
import Testing

private let header = "day,subject,factor,reference\n"
private let start = "2023-01-02,\(subjectDigits),f,"

struct ImportLimitTests {
    @Test func aLongLineCostsItselfOnly() throws {
        let long = String(repeating: "x", count: 3 << 20)
        let found = try summary(header + start + "r\n" + start + long + "\n" + start + "s\n")
        #expect(found == ["2: f × 1 [r]", "line 3: the record is longer than 64 KiB: shorten it", "4: f × 1 [s]"])
        let line = #"{"day":"2023-01-02","subject":"\#(subjectDigits)","factor":"f","reference":"r"}"#
        let lines = try summary(line + "\n{\"reason\":\"\(long)\"}\n" + line + "\n", .ndjson)
        #expect(lines == ["1: f × 1 [r]", "line 2: the line is longer than 64 KiB: shorten it", "3: f × 1 [r]"])
    }

    /// Someone who may write a long text into one cell must not be able to add rows.
    @Test func linesOfALongQuotedTextAreNotRows() throws {
        let text = String(repeating: start + "injected\n", count: 10_000)
        let found = try summary(header + start + "\"" + text + "\"\n" + start + "s\n")
        #expect(
            found == [
                "line 2: the record is longer than 64 KiB: shorten it; it ends in line 10002: is a quote left open in it?",
                "10003: f × 1 [s]",
            ])
    }

    @Test func aQuoteLeftOpenInALongFileIsFound() throws {
        let found = try summary(header + start + "\"r\n" + String(repeating: start + "s\n", count: 10_000))
        #expect(found.count == 1)
        #expect(
            found[0].hasPrefix("line 2: the quote opened here is not closed before the end of the file in line 10003"))
    }

    @Test func theLimitIsExact() throws {
        // Every field counts one byte more than its text.
        let room = (64 << 10) - start.utf8.count - 1
        let fitting = try summary(header + start + String(repeating: "x", count: room) + "\r\n")
        #expect(fitting == ["line 2, column 4 (reference): has \(room) bytes, more than 64: shorten it"])
        let beyond = try summary(header + start + String(repeating: "x", count: room + 1) + "\r\n")
        #expect(beyond == ["line 2: the record is longer than 64 KiB: shorten it"])
        for lineEnd in ["\n", "\r\n", ""] {
            let line = "[\"" + String(repeating: "x", count: (64 << 10) - 4) + "\"]"
            #expect(try summary(line + lineEnd, .ndjson)[0].contains("each line must be one object"))
            #expect(try summary(" " + line + lineEnd, .ndjson)[0].contains("longer than 64 KiB"))
        }
    }

    @Test func theNumberOfFieldsIsLimitedToo() throws {
        let found = try summary(header + String(repeating: ",", count: 70_000) + "\n" + start + "r\n")
        #expect(found == ["line 2: the record is longer than 64 KiB: shorten it", "3: f × 1 [r]"])
    }

    @Test func aCheckCollectsTheFirstErrorsAndCountsAll() throws {
        let text = header + String(repeating: start + "r\n,x\n", count: 1_000)
        var reader = ImportReader(.bytes(Array(text.utf8)), format: .csv, node: Array("n".utf8))
        let found = try reader.check(maximumErrors: 3)
        #expect(found.recordCount == 1_000 && found.errorCount == 1_000)
        #expect(found.errors.map(\.line) == [3, 5, 7])
        #expect(!reader.isUnreadable)
        #expect(reader.byteCount == text.utf8.count)
    }

    /// Whatever stands in a file, and wherever its blocks end, the items are the same.
    @Test(arguments: 0..<200 as Range<UInt64>)
    func blocksMayEndAnywhere(_ seed: UInt64) throws {
        var generator = SeededRandom(seed: seed)
        let pieces = [
            "\"", "\"\"", ",", ";", "\t", "\r\n", "\n", "\r", "x", "é", "\u{0}", "2023-01-02", subjectDigits, start,
            start + "r\n",
            start + "\"a\"\"b\nc\"\n", "{", "}", "{\"day\":\"2023-01-02\"}\n", "\u{FEFF}",
        ]
        var bytes = Array((Bool.random(using: &generator) ? header : "\u{FEFF}" + header).utf8)
        for _ in 0..<Int.random(in: 0...60, using: &generator) {
            bytes += Array(pieces.randomElement(using: &generator)!.utf8)
            if Int.random(in: 0..<20, using: &generator) == 0 {
                bytes.append(UInt8.random(in: 0...255, using: &generator))
            }
        }
        for format in [ImportFormat.csv, .ndjson] {
            let whole = try items(bytes, format)
            for blockBytes in [1, 2, 3, 7, 64] {
                #expect(try items(bytes, format, blockBytes: blockBytes) == whole)
            }
        }
    }
}
