internal import Cryptography
internal import Encoding
internal import Federation
internal import GRDB
package import TransparencyLog

/// Something stored beside the logs that is not as it was written.
package enum DamagedRecord: Equatable, Sendable, CustomStringConvertible {
    case cut(hash: [UInt8])
    case attestation(cut: [UInt8], node: [UInt8])
    /// The log stays frozen; a peer sends the proof again.
    case fork(origin: [UInt8])

    package var description: String {
        switch self {
        case .cut(let hash): "the cut \(base64(hash)): its text is not the one that was stored"
        case .attestation(let cut, let node):
            "the attestation of \(base64(cut)) by \(printable(node)): no known key has signed it"
        case .fork(let origin): "the fork proof of \(printable(origin)) does not decode"
        }
    }

    private func printable(_ line: [UInt8]) -> String { String(decoding: line.prefix(512), as: UTF8.self) }
}

// What no root of a log covers: the other tables, and the file itself.
extension LogStore {
    /// Cuts, attestations and fork proofs that are damaged.
    ///
    /// - Parameter keys: those of all logs: an attestation is signed under the origin line of its node.
    package func damagedRecords(keys: [VerifierKey]) throws -> [DamagedRecord] {
        try read("verify its records") { database in
            var damaged: [DamagedRecord] = []
            do {
                try database.forEachRow("SELECT hash, text FROM cut ORDER BY hash", []) { row in
                    let hash = try row.bytes(0)
                    if sha256(try row.bytes(1)).bytes != hash { damaged.append(.cut(hash: hash)) }
                }
                try database.forEachRow("SELECT cut, node, note FROM attestation ORDER BY cut, node", []) { row in
                    let (cut, node) = (try row.bytes(0), try row.bytes(1))
                    let own = keys.filter { $0.name == node }
                    // A node that the topology does not list any more is nobody's to judge.
                    if own.isEmpty { return }
                    if (try? SignedNote(row.bytes(2)).verified(by: own)) == nil {
                        damaged.append(.attestation(cut: cut, node: node))
                    }
                }
                try database.forEachRow("SELECT line, proof FROM fork JOIN origin ON number = origin ORDER BY line", []) {
                    row in
                    if decodedFork(try row.bytes(1)) == nil { damaged.append(.fork(origin: try row.bytes(0))) }
                }
            } catch  where Damage.isDamage(error) {
                // The structure says so too.
            }
            return damaged
        }
    }

    /// What SQLite finds wrong with the structure of the file, in its own words; none where all is well. It reads the whole
    /// file.
    ///
    /// Tables that are found by more than their row numbers are checked against their indexes too: a row that only its index
    /// knows is nowhere to be read, and can never be written again.
    package func structuralDamages() throws -> [String] {
        try read("check its file") { database in
            do {
                let indexed = try String.fetchAll(
                    database, sql: "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'index'")
                let checks = ["quick_check(20)"] + indexed.map { "integrity_check(\($0))" }
                var lines: [String] = []
                for check in checks { lines += try String.fetchAll(database, sql: "PRAGMA \(check)") }
                return Set(lines).subtracting(["ok"]).sorted().map { "\(path): \($0)" }
            } catch  where Damage.isDamage(error) {
                return ["\(path): \(error)"]
            }
        }
    }
}

extension LogTransaction {
    /// Takes a damaged record away, where something else can take its place.
    package func remove(_ record: DamagedRecord) throws {
        try guarded {
            switch record {
            case .cut(let hash): try database.run("DELETE FROM cut WHERE hash = ?", [blob(hash)])
            case .attestation(let cut, let node):
                try database.run("DELETE FROM attestation WHERE cut = ? AND node = ?", [blob(cut), blob(node)])
            case .fork: break
            }
        }
    }
}
