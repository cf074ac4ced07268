import Foundation
import NodeRuntime
import Testing

struct ImportSourceTests {
    @Test func filesAreReadFromDisk() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/data.csv"
        let row = "2023-01-02,\(subjectDigits),f\r\n"
        let text = "day,subject,factor\r\n" + String(repeating: row, count: 60_000)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let source = try ImportSource.file(path)
        #expect(source.byteCount == text.utf8.count)
        var reader = ImportReader(source, format: .csv, node: Array("n".utf8))
        let found = try reader.check()
        #expect(found.recordCount == 60_000 && found.errorCount == 0)
        for missing in [folder.path + "/other.csv", folder.path] {
            let failure = #expect(throws: ImportSourceFailure.self) {
                var reader = ImportReader(try .file(missing), format: .csv, node: Array("n".utf8))
                _ = try reader.check()
            }
            #expect(failure?.description.hasPrefix("cannot read \(missing): ") == true)
        }
    }
}
