import Encoding
import Federation
import Foundation
import NodeRuntime
import Storage
import Testing

/// Each kind of damage on disk is found by verify and mended by resync.
@Suite(.serialized) struct ResyncTests {
    enum Harm: String, CaseIterable, Sendable {
        case flippedBit, zeroedBody, damagedLength, damagedHashes, damagedRoot, missingBundle, hashesAndEntries, tailEntry,
            tailHash,
            tailHashAndEntry, checkpointSignature, missingCheckpoint,
            bundlesAndCheckpoint, sizeTooSmall, sizeTooLarge

        /// Statements on the closed database; the log of the city is number `$`.
        var statements: [String] {
            switch self {
            case .flippedBit:
                [
                    "UPDATE bundle SET items = CAST(substr(items,1,2000) || x'5a5a5a5a' || substr(items,2005) AS BLOB) WHERE key = $ + 1"
                ]
            case .zeroedBody:
                [
                    "UPDATE bundle SET items = CAST(substr(items,1,9000) || zeroblob(400) || substr(items,9401) AS BLOB) WHERE key = $ + 2"
                ]
            case .damagedLength:
                ["UPDATE bundle SET items = CAST(substr(items,1,200) || x'07' || substr(items,202) AS BLOB) WHERE key = $"]
            case .damagedHashes:
                [
                    "UPDATE bundle SET hashes = CAST(substr(hashes,1,640) || zeroblob(32) || substr(hashes,673) AS BLOB) WHERE key = $ + 1"
                ]
            case .sizeTooSmall: ["UPDATE origin SET size = size - 1 WHERE number = $ >> 40"]
            case .sizeTooLarge: ["UPDATE origin SET size = size + 7 WHERE number = $ >> 40"]
            case .damagedRoot: ["UPDATE root SET hash = zeroblob(32) WHERE key = $ + 1"]
            case .missingBundle: ["DELETE FROM bundle WHERE key = $ + 1"]
            case .hashesAndEntries:
                [
                    "UPDATE bundle SET hashes = zeroblob(8192), items = CAST(substr(items,1,9000) || zeroblob(900) || substr(items,9901) AS BLOB) WHERE key = $ + 2",
                    "UPDATE root SET hash = zeroblob(32) WHERE key = $ + 2",
                ]
            case .tailHash:
                [
                    "UPDATE tail SET hashes = CAST(zeroblob(32) || substr(hashes,33) AS BLOB) WHERE key BETWEEN $ AND $ + (1 << 40) - 1"
                ]
            case .checkpointSignature:
                [
                    "UPDATE checkpoint SET note = CAST(substr(note,1,length(note)-12) || CAST('AAAA' AS BLOB) || substr(note,length(note)-7) AS BLOB) WHERE origin = $ >> 40"
                ]
            // Nothing proves the entries any more: as good as they are, they are taken from their origin again.
            case .missingCheckpoint:
                ["DELETE FROM checkpoint WHERE origin = $ >> 40", "DELETE FROM proving WHERE origin = $ >> 40"]
            // The roots alone are left, and nothing signed above them.
            case .bundlesAndCheckpoint:
                Harm.checkpointSignature.statements + ["DELETE FROM bundle WHERE key BETWEEN $ + 1 AND $ + 2"]
            case .tailHashAndEntry: Harm.tailHash.statements + Harm.tailEntry.statements
            case .tailEntry:
                [
                    "UPDATE tail SET items = CAST(substr(items,1,length(items)-9) || zeroblob(9) AS BLOB) WHERE key BETWEEN $ AND $ + (1 << 40) - 1"
                ]
            }
        }
    }

    @Test(arguments: Harm.allCases) func damageIsFoundNamedAndMended(_ harm: Harm) async throws {
        let federation = try TestFederation(["city", "nation"], links: [("city", "nation")])
        try await federation.startAll()
        var drafts: [Draft] = []
        for index in 0..<1_000 {
            drafts.append(TestFederation.observation(UInt64(index % 200), "plus", day: 18_300, reference: "case-\(index)"))
        }
        _ = try await federation.call("city", "record", drafts: drafts)
        let before = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(before["converged"]?.boolean == true, "\(before.text)")
        try await federation.stop("nation")
        try harmStore(federation.folder("nation"), harm)

        let found = try await federation.call("nation", "verify")
        #expect(found["sound"]?.boolean == false, "\(harm) was not found")
        #expect(found["damages"]?.array.isEmpty == false)

        try await federation.start("nation")
        while try await federation.call("nation", "status")["linked"]?.array.isEmpty != false {
            try await Task.sleep(for: .milliseconds(20))
        }
        _ = try await federation.call("nation", "verify")
        let warned = try await federation.call("nation", "status")
        #expect(warned["advice"]?.array.contains { $0.string?.contains("concord resync") == true } == true, "\(harm)")
        let report = try await federation.call("nation", "resync")
        #expect(report["whole"]?.boolean == true, "\(harm): \(report.text)")
        #expect(try await federation.call("nation", "status")["advice"]?.array.isEmpty == true)
        let after = try await federation.call("nation", "verify")
        #expect(after["sound"]?.boolean == true, "\(harm): \(after.text)")
        let again = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(again["converged"]?.boolean == true)
        #expect(again["root"]?.string == before["root"]?.string)
        try await federation.end()
    }

    private func harmStore(_ folder: NodeFolder, _ harm: Harm) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        let number = "((SELECT number FROM origin WHERE line = CAST('test.example/city/1' AS BLOB)) << 40)"
        let script = harm.statements.map { $0.replacingOccurrences(of: "$", with: number) }.joined(separator: ";\n")
        process.arguments = ["sqlite3", "-bail", folder.logFile, script]
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }
}
