import Foundation
import Simulation
import Testing

@testable import Storage

@Suite struct EarlyWritebackTests {
    /// A SQLite that lost the call would only be slow, which no other test would see.
    @Test func isTakenBySQLite() {
        // In the order of a node's process: what has to come before SQLite is in use comes first here too.
        _ = SQLiteProcess.isSetUp
        #expect(EarlyWriteback.begin())
    }

    #if os(Linux)
        @Test func writesThatFillBlocksAreWholeAndFailuresComeThrough() throws {
            let folder = try LogFolder()
            let descriptor = open(folder.file, O_RDWR | O_CREAT, 0o600)
            try #require(descriptor >= 0)
            defer { close(descriptor) }
            var generator = SeededRandom(seed: 1)
            let bytes = (0..<3 << 20).map { _ in UInt8.random(in: 0...255, using: &generator) }
            // Pieces that end before, on and behind the ends of blocks, and one that holds several.
            var offset = 0
            for count in [500_000, 24_288, 524_288, 524_289, 1_500_000, bytes.count] {
                let count = min(count, bytes.count - offset)
                let written = bytes.withUnsafeBytes {
                    EarlyWriteback.write(descriptor, $0.baseAddress! + offset, count, Int64(offset))
                }
                #expect(written == count)
                offset += count
            }
            #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file)) == Data(bytes))

            let readOnly = open(folder.file, O_RDONLY)
            defer { close(readOnly) }
            #expect(EarlyWriteback.write(readOnly, bytes, bytes.count, 0) == -1)
            #expect(errno == EBADF)
        }
    #endif
}
