import Encoding
import Foundation
import Testing

struct ImportCommandTests {
    private let header = "day,subject,factor,quantity,reference\n"

    private func row(_ index: UInt64, factor: String = "help", day: String = "2021-05-01") -> String {
        "\(day),\(Site.subject(index)),\(factor),1,r-\(index)\n"
    }

    private func recorded(_ site: Site, _ node: String = "solo") throws -> JSONValue? {
        let status = try site.done(node, "node", "status", "--json").json()
        guard case .array(let logs)? = status["logs"]?.content else { return nil }
        return logs.first { $0["own"] == true }?["recorded"]
    }

    @Test func theSameFileTwiceAddsNothing() throws {
        let site = try Site()
        let file = try site.folder.write("records.csv", header + (0..<UInt64(20)).map { row($0) }.joined())
        #expect(try site.done("solo", "import", file).output == "20 recorded, 0 there already, 0 skipped\n")
        #expect(try site.done("solo", "import", file).output == "0 recorded, 20 there already, 0 skipped\n")
        #expect(try recorded(site) == 20)
        let grown = try site.folder.write("records.csv", header + (0..<UInt64(21)).map { row($0) }.joined())
        let json = try site.done("solo", "import", grown, "--json").json()
        #expect(json == ["recorded": 1, "there_already": 20, "skipped": 0, "interrupted": false])
    }

    @Test func spreadsheetsAndLinesOfJSONSayTheSame() throws {
        let site = try Site()
        let subject = Site.subject(4)
        let csv = try site.folder.write(
            "a.csv", "\u{FEFF}Day;Subject;Factor;Reference\r\n2021-05-01;\(subject);\"help\";\"a;b\"\r\n")
        #expect(try site.done("solo", "import", csv).output.hasPrefix("1 recorded"))
        let ndjson = try site.folder.write(
            "a.ndjson", #"{"day":"2021-05-01","subject":"\#(subject)","factor":"help","reference":"a;b"}"# + "\n")
        #expect(try site.done("solo", "import", ndjson).output == "0 recorded, 1 there already, 0 skipped\n")
        let unnamed = try site.folder.write("a.txt", "day,subject,factor\n2021-05-02,\(subject),harm\n")
        #expect(try site.done("solo", "import", unnamed, "--format", "csv").output.hasPrefix("1 recorded"))
    }

    @Test func rowsWithoutAReferenceAreOccurrencesOfTheirOwnAndStillAddedOnce() throws {
        let site = try Site()
        let line = "2021-05-01,\(Site.subject(4)),help,1,\n"
        let file = try site.folder.write("records.csv", header + line + line)
        #expect(try site.done("solo", "import", file).output.hasPrefix("2 recorded"))
        #expect(try site.done("solo", "import", file).output.hasPrefix("0 recorded, 2 there already"))
        #expect(try site.score("solo", Site.subject(4), day: "2021-05-01") == 1_010)
    }

    @Test func aFileWithAWrongRowAddsNothingAndNamesTheLines() throws {
        let site = try Site()
        let strange = "2021-05-01,\(String(repeating: "ab", count: 16)),help,1,x\n"
        let text = header + row(0) + row(1, factor: "unknown") + row(2) + row(3, day: "2021-02-30") + strange
        let outcome = try site.run("solo", "import", site.folder.write("records.csv", text))
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("3 rows are wrong and nothing was recorded"))
        let lines = outcome.errors.split(separator: "\n").dropFirst().map { $0.trimmingCharacters(in: .whitespaces) }
        #expect(lines.count == 3)
        #expect(lines[0].hasPrefix("line 3:") && lines[0].contains("knows no factor unknown"))
        #expect(lines[1].hasPrefix("line 5, column 1 (day):"))
        #expect(lines[2].hasPrefix("line 6:") && lines[2].contains("no member"))
        #expect(try recorded(site) == 0)
    }

    @Test func aWrongRowFarBehindKeepsEverythingBeforeItOutToo() throws {
        let site = try Site()
        let text = header + (0..<UInt64(20_000)).map { row($0) }.joined() + row(20_000, factor: "unknown")
        let outcome = try site.run("solo", "import", site.folder.write("records.csv", text))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("line 20002:"))
        #expect(try recorded(site) == 0)
    }

    @Test func ofManyErrorsTheFirstAreShownAndTheRestCounted() throws {
        let site = try Site()
        let text = header + (0..<UInt64(9_000)).map { row($0, factor: "unknown") }.joined()
        let outcome = try site.run("solo", "import", site.folder.write("records.csv", text))
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("9,000 rows are wrong"))
        #expect(outcome.errors.split(separator: "\n").count == 102)
        #expect(outcome.errors.contains("and 8,900 more"))
    }

    @Test func aHeaderThatIsWrongIsAnErrorWithOrWithoutSkipping() throws {
        let site = try Site()
        let file = try site.folder.write("records.csv", "date,who\n2021-05-01,x\n")
        for arguments in [["import", file], ["import", file, "--skip-bad", site.path("report.csv")]] {
            let outcome = try site.run("solo", arguments)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("line 1"))
            #expect(!FileManager.default.fileExists(atPath: site.path("report.csv")))
        }
        #expect(try recorded(site) == 0)
    }

    @Test func badRowsAreSkippedIntoAReport() throws {
        let site = try Site()
        let text = header + row(0) + row(1, factor: "unknown") + row(2, day: "yesterday") + row(3)
        let file = try site.folder.write("records.csv", text)
        let outcome = try site.done("solo", "import", file, "--skip-bad", site.path("report.csv"))
        #expect(outcome.output == "2 recorded, 0 there already, 2 skipped\n")
        let report = try site.folder.text("report.csv").components(separatedBy: "\r\n")
        #expect(report.count == 4)
        #expect(report[0] == "line,column,field,error")
        #expect(report[1].hasPrefix("3,,,") && report[1].contains("unknown"))
        #expect(report[2].hasPrefix("4,1,day,"))
        #expect(
            try site.done("solo", "import", file, "--skip-bad", site.path("report.csv")).output.hasPrefix(
                "0 recorded, 2 there already"))
    }

    @Test func aFileIsNeverTakenForAReport() throws {
        let site = try Site()
        let file = try site.folder.write("records.csv", header + row(0))
        let outcome = try site.run("solo", "import", file, "--skip-bad", file)
        #expect(outcome.status == 1)
        #expect(try site.folder.text("records.csv") == header + row(0))
        #expect(try recorded(site) == 0)
    }

    @Test func whatCanBeReadOnlyOnceIsNotTakenWholeOrNot() throws {
        let site = try Site()
        let outcome = try site.run("solo", "import", "/dev/null", "--format", "csv")
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("can be read only once"))
    }

    @Test func enrolmentsMayStandBeforeTheirRecordsInOneFile() throws {
        let site = try Site(.alone, .enrolled)
        let people = (0..<10).map { String(repeating: "0\($0)", count: 16) }
        var text = "kind,day,subject,factor,statement\n"
        text += people.map { "enrolment,2021-01-05,\($0),,form\n" }.joined()
        text += (0..<9_000).map { _ in "observation,2021-02-01,\(people[0]),hour,\n" }.joined()
        text += people.map { "observation,2021-02-01,\($0),hour,\n" }.joined()
        let file = try site.folder.write("mixed.csv", text)
        #expect(try site.done("solo", "import", file).output == "9,020 recorded, 0 there already, 0 skipped\n")
        #expect(try site.done("solo", "import", file).output == "0 recorded, 9,020 there already, 0 skipped\n")
        let early = try site.folder.write(
            "early.csv", "kind,day,subject,factor\nobservation,2021-01-04,\(people[0]),hour\n")
        let outcome = try site.run("solo", "import", early)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("line 2:") && outcome.errors.contains("not enrolled"))
    }

    @Test func correctionsAreImportedOnceToo() throws {
        let site = try Site()
        let subject = Site.subject(4)
        for index in 0..<3 { try site.record("solo", subject, "harm", day: "2021-05-01", reference: "r-\(index)") }
        let text = """
            kind,day,subject,target,reason,verdict
            retraction,2021-06-01,\(subject),\(site.position("solo", 0)),twice,
            appeal,2021-06-01,\(subject),\(site.position("solo", 1)),not me,
            ruling,2021-06-02,\(subject),\(site.position("solo", 1)),right,overturned

            """
        let file = try site.folder.write("corrections.csv", text)
        #expect(try site.done("solo", "import", file).output.hasPrefix("3 recorded"))
        #expect(try site.done("solo", "import", file).output.hasPrefix("0 recorded, 3 there already"))
        #expect(try site.score("solo", subject, day: "2021-05-01") == 990)
        let wrong = try site.folder.write("wrong.csv", text.replacingOccurrences(of: "solo/1:0", with: "solo/1:77"))
        let outcome = try site.run("solo", "import", wrong)
        #expect(outcome.status == 1)
        #expect(outcome.errors.contains("line 2:") && outcome.errors.contains("there is no entry"))
    }

    @Test func anInterruptedImportLeavesWholeBatchesAndGoesOnWhereItStopped() throws {
        let site = try Site()
        let rows = (0..<UInt64(10_000)).map { row($0) }
        let pipe = site.path("rows.csv")
        try #require(mkfifo(pipe, 0o600) == 0)
        let running = try Running(["import", pipe, "--skip-bad", site.path("report.csv"), "--data", site.path("solo")])
        // Opens once the other side reads, which is after it has begun to heed signals.
        let writer = try #require(FileHandle(forWritingAtPath: pipe))
        try writer.write(contentsOf: Data((header + rows[..<100].joined()).utf8))
        running.send(SIGINT)
        try writer.write(contentsOf: Data(rows[100..<8_192].joined().utf8))
        try writer.close()
        let outcome = try running.outcome()
        #expect(outcome.status == 130)
        #expect(outcome.output == "8,192 recorded, 0 there already, 0 skipped\n")
        #expect(outcome.errors.contains("interrupted"))
        #expect(try site.done("solo", "verify").output.contains("all is sound"))
        let file = try site.folder.write("all.csv", header + rows.joined())
        #expect(try site.done("solo", "import", file).output == "1,808 recorded, 8,192 there already, 0 skipped\n")
    }
}
