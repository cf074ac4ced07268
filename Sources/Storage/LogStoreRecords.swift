package import Cryptography
internal import GRDB

/// A cut whose text is stored.
package struct StoredCut: Equatable, Sendable {
    /// SHA-256 of the text.
    package let hash: Digest
    package let text: [UInt8]
    /// Unix milliseconds at which it was stored.
    package let atMilliseconds: Int64
}

/// A node's signed standings root for a cut.
package struct StoredAttestation: Equatable, Sendable {
    /// SHA-256 of the cut's text.
    package let cut: Digest
    /// The origin line under which the node signed.
    package let node: [UInt8]
    package let note: [UInt8]

    package init(cut: Digest, node: [UInt8], note: [UInt8]) {
        self.cut = cut
        self.node = node
        self.note = note
    }
}

extension LogTransaction {
    /// Stores the text of a cut under its SHA-256.
    @discardableResult
    package func putCut(_ text: [UInt8], atMilliseconds: Int64) throws -> Digest {
        let hash = sha256(text)
        try guarded {
            try database.run(
                "INSERT OR IGNORE INTO cut (hash, text, at) VALUES (?, ?, ?)", [blob(hash), blob(text), atMilliseconds])
        }
        return hash
    }

    /// Stores a node's attestation of a cut; a later one by the same node takes its place.
    package func putAttestation(_ attestation: StoredAttestation) throws {
        try guarded {
            try database.run(
                "INSERT OR REPLACE INTO attestation (cut, node, note) VALUES (?, ?, ?)",
                [blob(attestation.cut), blob(attestation.node), blob(attestation.note)])
        }
    }

    /// Sets a value of the node's own; nil removes it.
    package func setMeta(_ key: String, _ value: [UInt8]?) throws {
        try guarded {
            if let value {
                try database.run("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", [key, blob(value)])
            } else {
                try database.run("DELETE FROM meta WHERE key = ?", [key])
            }
        }
    }
}

extension LogStore {
    package func meta(_ key: String) throws -> [UInt8]? {
        try read("read its settings") { try $0.firstRow("SELECT value FROM meta WHERE key = ?", [key]) { try $0.bytes(0) } }
    }

    /// The latest cuts, newest first.
    package func cuts(limit: Int) throws -> [StoredCut] {
        try read("read cuts") { database in
            var cuts: [StoredCut] = []
            try database.forEachRow("SELECT text, at FROM cut ORDER BY at DESC, hash LIMIT ?", [limit]) { row in
                let text = try row.bytes(0)
                cuts.append(StoredCut(hash: sha256(text), text: text, atMilliseconds: try row.integer(1)))
            }
            return cuts
        }
    }

    package func cut(_ hash: Digest) throws -> StoredCut? {
        try read("read a cut") { database in
            try database.firstRow("SELECT text, at FROM cut WHERE hash = ?", [blob(hash)]) { row in
                StoredCut(hash: hash, text: try row.bytes(0), atMilliseconds: try row.integer(1))
            }
        }
    }

    /// The attestations of a cut, by node.
    package func attestations(of cut: Digest) throws -> [StoredAttestation] {
        try read("read attestations") { database in
            var result: [StoredAttestation] = []
            try database.forEachRow("SELECT node, note FROM attestation WHERE cut = ? ORDER BY node", [blob(cut)]) { row in
                result.append(StoredAttestation(cut: cut, node: try row.bytes(0), note: try row.bytes(1)))
            }
            return result
        }
    }
}
