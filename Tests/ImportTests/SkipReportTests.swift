import Foundation
import NodeRuntime
import Testing

struct SkipReportTests {
    @Test func aReportIsACSVFileOfTheErrors() throws {
        let folder = try TemporaryFolder()
        var report = try SkipReport(path: folder.path + "/skipped.csv")
        try report.append(ImportError(line: 3, column: 2, field: "day", message: "must be \"this\", not\nthat"))
        try report.append(ImportError(line: 9, message: "plain"))
        #expect(try !folder.names.contains("skipped.csv"))
        try report.finish()
        #expect(try folder.names == ["skipped.csv"])
        let wanted = "line,column,field,error\r\n3,2,day,\"must be \"\"this\"\", not\nthat\"\r\n9,,,plain\r\n"
        #expect(try folder.text("skipped.csv") == wanted)
        let mode = try FileManager.default.attributesOfItem(atPath: folder.path + "/skipped.csv")[.posixPermissions]
        #expect(mode as? Int == 0o600)
    }

    @Test func aReportThatIsNotFinishedLeavesNothing() throws {
        let folder = try TemporaryFolder()
        do {
            var report = try SkipReport(path: folder.path + "/skipped.csv")
            for line in 1...10_000 { try report.append(ImportError(line: line, message: "a message of some length")) }
        }
        #expect(try folder.names.isEmpty)
    }

    @Test func anOlderReportIsReplacedAndNothingElse() throws {
        let folder = try TemporaryFolder()
        for message in ["first", "second"] {
            var report = try SkipReport(path: folder.path + "/skipped.csv")
            try report.append(ImportError(line: 1, message: message))
            try report.finish()
        }
        #expect(try folder.text("skipped.csv").contains("second"))
        try "day,subject,factor\n".write(toFile: folder.path + "/data.csv", atomically: true, encoding: .utf8)
        let failure = #expect(throws: SkipReport.Failure.self) { _ = try SkipReport(path: folder.path + "/data.csv") }
        #expect(failure?.description.contains("is not a report of skipped rows") == true)
        #expect(try folder.text("data.csv") == "day,subject,factor\n")
    }

    @Test func aLargeReportIsWhole() throws {
        let folder = try TemporaryFolder()
        var report = try SkipReport(path: folder.path + "/skipped.csv")
        for line in 1...50_000 { try report.append(ImportError(line: line, message: "m")) }
        try report.finish()
        let lines = try folder.text("skipped.csv").utf8.split(separator: UInt8(ascii: "\n"))
        #expect(lines.count == 50_001)
        #expect(lines.last.map { String(decoding: $0, as: UTF8.self) } == "50000,,,m\r")
    }

    @Test func aFolderThatIsNotThereIsNamed() throws {
        let folder = try TemporaryFolder()
        let failure = #expect(throws: SkipReport.Failure.self) {
            _ = try SkipReport(path: folder.path + "/no/skipped.csv")
        }
        #expect(failure?.description.contains("/no/skipped.csv") == true)
    }
}
