internal import Cryptography
internal import Encoding
internal import Federation
internal import Foundation
internal import Scoring
internal import Storage
internal import TransparencyLog

/// What an export wrote.
package struct ExportReport: Sendable {
    package var logs = 0
    package var files = 0
    package var bytes = 0
}

extension Node {
    /// Writes all logs as a folder that any tlog-tiles reader can read, with keys, federation files, attestations and forks.
    package func export(to path: String, progress: (String, UInt64, UInt64) throws -> Void) throws -> ExportReport {
        try makeEmptyFolder(path)
        var writer = ExportWriter(root: path)
        for state in log.states {
            guard let checkpoint = state.checkpoint, checkpoint.size > 0 else { continue }
            try export(state, checkpoint, &writer, progress)
            writer.report.logs += 1
        }
        try exportKeys(&writer)
        try writer.write("rulebook.json", readFile(folder.rulebookFile, limit: Limits.configurationBytes))
        try exportAttestations(&writer)
        try exportForks(&writer)
        return writer.report
    }

    /// Writes what proves forks, and what was decided about them, with the keys that verify it.
    package func exportForks(to path: String) throws -> ExportReport {
        try makeEmptyFolder(path)
        var writer = ExportWriter(root: path)
        try exportKeys(&writer)
        try exportForks(&writer)
        return writer.report
    }

    private func exportKeys(_ writer: inout ExportWriter) throws {
        let keys = topology.keys.map { "\($0)\n" }.joined()
        try writer.write("keys", Array(keys.utf8))
        try writer.write("topology.json", topology.bytes)
    }

    private func makeEmptyFolder(_ path: String) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            let isEmpty = isFolder.boolValue && (try? FileManager.default.contentsOfDirectory(atPath: path).isEmpty) == true
            guard isEmpty else { throw NodeFailure(.invalid, "\(path) exists and is not an empty folder: choose another one") }
        }
        try makeFolder(path)
    }

    private func export(
        _ state: LogState, _ checkpoint: SignedCheckpoint, _ writer: inout ExportWriter,
        _ progress: (String, UInt64, UInt64) throws -> Void
    ) throws {
        let base = state.origin.description
        for level in Tiling.levels(size: checkpoint.size) {
            for number in 0..<(level.full + (level.partial > 0 ? 1 : 0)) {
                let partial = number < level.full ? 0 : level.partial
                let width = partial == 0 ? Int(Tiling.width) : partial
                try writer.write(
                    Tiling.path(kind: "\(base)/tile/\(level.level)", number: number, partial: partial),
                    log.tile(state.origin, level: level.level, number: number, width: width))
                guard level.level == 0 else { continue }
                try writer.write(
                    Tiling.path(kind: "\(base)/tile/entries", number: number, partial: partial),
                    log.entryBundle(state.origin, number: number, width: width))
                try writer.write(
                    Tiling.path(kind: "\(base)/body", number: number, partial: partial),
                    log.bodyBundle(state.origin, number: number, width: width))
                if number % 64 == 0 { try progress("exporting \(base)", number * Tiling.width, checkpoint.size) }
            }
        }
        // Last: a reader that finds a checkpoint finds everything under it.
        try writer.write("\(base)/checkpoint", checkpoint.note)
    }

    /// Attestations as `attestations/<cut hash>/cut` and `…/<node>`.
    private func exportAttestations(_ writer: inout ExportWriter) throws {
        try makeFolder(writer.root + "/attestations")
        for cut in try log.cuts(limit: 1_000) {
            let base = "attestations/\(hex(cut.hash.bytes))"
            try writer.write("\(base)/cut", cut.text)
            for attestation in try log.attestations(of: cut.hash) {
                try writer.write("\(base)/\(String(decoding: attestation.node, as: UTF8.self))", attestation.note)
            }
        }
    }

    /// Proofs as `forks/<origin line>`, what was decided as `decisions/<origin line>`.
    private func exportForks(_ writer: inout ExportWriter) throws {
        try makeFolder(writer.root + "/forks")
        try makeFolder(writer.root + "/decisions")
        for fork in try log.forks() { try writer.write("forks/\(fork.origin)", fork.proof.encoded) }
        for (origin, decided) in try log.decisions() { try writer.write("decisions/\(origin)", decided.encoded) }
    }
}

private struct ExportWriter {
    let root: String
    var report = ExportReport()
    private var made: Set<String> = []

    init(root: String) { self.root = root }

    mutating func write(_ name: String, _ bytes: [UInt8]) throws {
        let path = root + "/" + name
        let folder = String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)])
        if made.insert(folder).inserted { try makeFolder(folder) }
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else {
            throw NodeFailure(.storage, "\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        report.files += 1
        report.bytes += bytes.count
    }
}
