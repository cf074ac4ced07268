internal import Encoding
package import Federation
internal import GRDB
package import TransparencyLog

extension LogTransaction {
    /// Stores the evidence of a fork; the first one of an origin stays. False where there was one.
    @discardableResult
    package func putFork(_ origin: OriginName, _ proof: ForkProof) throws -> Bool {
        if state(origin)?.isForked == true, try hasFork(origin) { return false }
        return try change(origin) { log in
            try database.run(
                "INSERT OR REPLACE INTO fork (origin, proof) VALUES (?, ?)", [log.log.number, blob(proof.encoded)])
            log.log.isForked = true
            return true
        }
    }

    /// Whether a proof is stored that can be read: a damaged one gives way to the next.
    private func hasFork(_ origin: OriginName) throws -> Bool {
        guard let number = state(origin)?.number else { return false }
        return try guarded {
            try database.firstRow("SELECT proof FROM fork WHERE origin = ?", [number]) { row in
                decodedFork(try row.bytes(0)) != nil
            } ?? false
        }
    }

    /// Stores a decision on a fork, with the proof of the fork where there is none yet. It takes the place of an earlier one:
    /// which of two counts is for the caller to know.
    package func putDecision(_ decision: VerifiedForkDecision) throws {
        guard let origin = OriginName(decision.decision.origin) else {
            throw StoreFailure(.rejected, "the decision's origin is no origin line of a federation")
        }
        try putFork(origin, decision.evidence.proof)
        try change(origin) { log in
            try database.run(
                "INSERT OR REPLACE INTO decision (origin, note, checkpoint) VALUES (?, ?, ?)",
                [log.log.number, blob(decision.evidence.note), blob(decision.evidence.checkpoint)])
            log.log.decision = decision.decision
        }
    }
}

extension LogStore {
    /// The stored fork proofs that can be read, by origin line. Of a damaged one it is known that there was one, and the log
    /// stays frozen; a peer sends it again.
    package func forks() throws -> [(origin: OriginName, proof: ForkProof)] {
        let rows = try read("read fork proofs") { database in
            var rows: [(line: [UInt8], proof: [UInt8])] = []
            try database.forEachRow("SELECT line, proof FROM fork JOIN origin ON number = origin ORDER BY line", []) { row in
                rows.append((try row.bytes(0), try row.bytes(1)))
            }
            return rows
        }
        return rows.compactMap { row in
            guard let origin = OriginName(row.line), let proof = decodedFork(row.proof) else { return nil }
            return (origin, proof)
        }
    }

    /// The stored decisions on forks, by origin line, each with the stored proof.
    package func decisions() throws -> [(origin: OriginName, decided: DecidedFork)] {
        let notes = try read("read decisions on forks") { database in
            var notes: [[UInt8]: (note: [UInt8], checkpoint: [UInt8])] = [:]
            try database.forEachRow("SELECT line, note, checkpoint FROM decision JOIN origin ON number = origin", []) { row in
                notes[try row.bytes(0)] = (try row.bytes(1), try row.bytes(2))
            }
            return notes
        }
        return try forks().compactMap { fork in
            guard let (note, checkpoint) = notes[fork.origin.line] else { return nil }
            return (fork.origin, DecidedFork(proof: fork.proof, note: note, checkpoint: checkpoint))
        }
    }
}

/// A whole fork proof and nothing behind it.
func decodedFork(_ bytes: [UInt8]) -> ForkProof? {
    var reader = ByteReader(bytes)
    guard let proof = try? ForkProof(decoding: &reader), reader.remaining == 0 else { return nil }
    return proof
}
