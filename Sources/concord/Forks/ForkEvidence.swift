internal import Cryptography
internal import Encoding
internal import NodeRuntime
internal import TransparencyLog

/// A fork proof, or a decision with its proof, from a file.
enum ForkEvidence {
    case proof(ForkProof)
    case decision(DecidedFork)

    init(_ bytes: [UInt8], _ path: String) throws {
        do {
            var reader = ByteReader(bytes)
            let proof = try ForkProof(decoding: &reader)
            if reader.remaining == 0 {
                self = .proof(proof)
            } else {
                self = .decision(try DecidedFork(following: proof, decoding: &reader))
                try reader.finish()
            }
        } catch {
            throw NodeFailure(.refused, "\(path) is neither a fork proof nor a decision: \(error)")
        }
    }

    private var proof: ForkProof {
        switch self {
        case .proof(let proof): proof
        case .decision(let decided): decided.proof
        }
    }

    func judge(_ known: KnownKeys) -> ForkFinding {
        var finding = ForkFinding(proof, source: known.source)
        do {
            _ = try proof.verify(keys: known.logs)
            guard case .decision(let decided) = self else { return finding }
            guard let authorities = known.authorities else {
                finding.flaw = "who is an authority stands in the topology: name it with --topology FILE"
                return finding
            }
            finding.decision = try decided.verify(keys: known.logs, authorities: authorities)
        } catch { finding.flaw = "\(error)" }
        return finding
    }
}

/// What a proof shows, in words.
struct ForkFinding {
    private let origin: String
    private let checkpoints: [Checkpoint]
    private let divergence: ForkProof.Divergence?
    private let source: String
    var decision: VerifiedForkDecision?
    /// Why nothing is proven.
    var flaw: String?

    init(_ proof: ForkProof, source: String) {
        checkpoints = [proof.firstNote, proof.secondNote].compactMap { try? SignedCheckpoint(trusted: $0).checkpoint }
        origin = checkpoints.first.map { String(decoding: $0.origin, as: UTF8.self) } ?? "unknown"
        divergence = proof.divergence
        self.source = source
    }

    var holds: Bool { flaw == nil }

    var lines: [String] {
        if let flaw { return ["nothing is proven: \(flaw)", "keys: \(source)"] }
        var lines = ["proven: the key of \(origin) signed two histories of its log that cannot both be true"]
        for checkpoint in checkpoints {
            lines.append(
                "  \(counted(Int64(checkpoint.size), "entry", "entries")) with the root \(base64(checkpoint.root.bytes))")
        }
        if checkpoints.count == 2, checkpoints[0].size == checkpoints[1].size {
            lines.append("  one size, two roots")
        } else if let divergence {
            lines.append("  at index \(grouped(Int64(clamping: divergence.index))) they hold different entries:")
            lines.append("    leaf \(base64(divergence.first.leaf.bytes))")
            lines.append("    leaf \(base64(divergence.second.leaf.bytes))")
        }
        if let decision {
            lines.append(
                "decided: \(String(decoding: decision.authority, as: UTF8.self)) lets it end with "
                    + "\(counted(Int64(decision.size), "entry", "entries")) and the root \(base64(decision.root.bytes)) "
                    + "(decision \(decision.decision.number))")
        }
        return lines + ["keys: \(source)"]
    }

    var json: JSONValue {
        [
            "holds": .boolean(holds), "origin": .string(origin), "keys": .string(source),
            "flaw": flaw.map { .string($0) } ?? .null,
            "histories": .array(
                checkpoints.map {
                    ["size": .integer(Int64($0.size)), "root": .string(base64($0.root.bytes))]
                }),
            "part_at": divergence.map { .integer(Int64(clamping: $0.index)) } ?? .null,
            "decision": decision.map {
                [
                    "number": .integer(Int64($0.decision.number)), "size": .integer(Int64($0.size)),
                    "root": .string(base64($0.root.bytes)),
                    "authority": .string(String(decoding: $0.authority, as: UTF8.self)),
                ]
            } ?? .null,
        ]
    }
}
