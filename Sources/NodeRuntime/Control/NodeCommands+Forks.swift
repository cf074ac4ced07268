internal import Encoding
internal import Federation
internal import Replication
internal import Storage
internal import Synchronization
internal import TransparencyLog

internal import struct Cryptography.Digest

extension NodeCommands {
    /// The proven forks, each with its two histories and what was decided.
    func forks() throws -> JSONValue {
        let decisions = try node.log.decisions()
        let forks = try node.log.forks().map { fork -> JSONValue in
            let state = node.log.state(fork.origin)
            let decided = decisions.first { $0.origin == fork.origin }?.decided
            return [
                "origin": .string(fork.origin.description), "own": .boolean(fork.origin == node.origin),
                "histories": .array(Self.histories(fork.proof)),
                "part_at": fork.proof.divergence.map { .integer(Int64(clamping: $0.index)) } ?? .null,
                "stored": .integer(Int64(state?.size ?? 0)),
                "choices": .array(node.checkpoints(fork.origin, fork.proof).map { Self.json($0.checkpoint) }),
                "decision": decided.flatMap(decision) ?? .null,
                "settled": .boolean(isSettled(state)),
            ]
        }
        return ["forks": .array(forks)]
    }

    private static func histories(_ proof: ForkProof) -> [JSONValue] {
        [proof.firstNote, proof.secondNote].compactMap { try? SignedCheckpoint(trusted: $0) }.map { json($0.checkpoint) }
    }

    private static func json(_ checkpoint: Checkpoint) -> JSONValue {
        ["size": .integer(Int64(checkpoint.size)), "root": .string(base64(checkpoint.root.bytes))]
    }

    private func decision(_ decided: DecidedFork) -> JSONValue? {
        guard let signed = try? SignedNote(decided.note), let decision = try? ForkDecision(text: signed.text),
            let signer = signed.signatures.first
        else { return nil }
        return [
            "number": .integer(Int64(decision.number)), "size": .integer(Int64(decision.size)),
            "root": .string(base64(decision.root.bytes)),
            "authority": .string(String(decoding: signer.name, as: UTF8.self)),
        ]
    }

    /// Whether the stored log has its decided end.
    private func isSettled(_ state: LogState?) -> Bool {
        guard let state, let decision = state.decision else { return false }
        return state.size == decision.size && state.root == decision.root
    }

    /// Makes a decision and has it kept, and passed on where the node runs.
    func decide(_ request: inout JSONObjectReader) throws -> JSONValue {
        let line = try request.string("origin")
        guard let origin = OriginName(line), node.topology.index(ofOrigin: origin.line) != nil else {
            throw NodeFailure(.invalid, "the topology lists no log \(line): a log is named <federation>/<node>/<epoch>")
        }
        var choice = ForkChoice(origin: origin, size: UInt64(try request.integer("size", in: 0...Int64.max)))
        if let root = try request.optionalString("root") {
            guard let digest = bytes(base64: root).flatMap(Digest.init) else {
                throw NodeFailure(.invalid, "a root is base64 of 32 bytes, not \(root)")
            }
            choice.root = digest
        }
        choice.checkpoint = try request.optionalString("checkpoint").map { Array($0.utf8) }
        choice.isRevision = try request.optionalBoolean("revise") ?? false
        let decided = try node.decide(choice)
        try keep(decided, origin)
        return [
            "origin": .string(origin.description), "decision": decision(decided) ?? .null,
            "passed_on": .boolean(sync != nil), "settled": .boolean(isSettled(node.log.state(origin))),
        ]
    }

    private func keep(_ decided: DecidedFork, _ origin: OriginName) throws {
        let authorities = node.topology.nodes.filter(\.isAuthority).flatMap(\.keys)
        let verified: VerifiedForkDecision
        do {
            verified = try decided.verify(keys: node.topology.keys(ofOrigin: origin.line), authorities: authorities)
        } catch { throw NodeFailure(.internal, "the decision does not hold: \(error)") }
        let node = node
        if let sync {
            guard sync.ask({ [now = node.steadyMilliseconds] in $0.decide(decided, now: now) }) else {
                throw NodeFailure(.refused, "another decision on \(origin) has just arrived: see concord forks list")
            }
            // The writer does one thing after another: when this is its turn, the decision is kept.
            try node.writer.exclusively {}
        } else {
            try node.writer.exclusively { _ = try node.settle(verified, commonSize: nil) }
        }
    }

    func exportForks(_ request: inout JSONObjectReader) throws -> JSONValue {
        let report = try node.exportForks(to: request.string("path"))
        return ["files": .integer(Int64(report.files)), "bytes": .integer(Int64(report.bytes))]
    }

    /// What an operator has to do about damage and forks.
    func advice() throws -> [String] {
        var advice: [String] = []
        let damage = node.knownDamage.load(ordering: .relaxed)
        if damage > 0 {
            advice.append(
                "the last verification or resync of this store found or left \(damage) damaged \(damage == 1 ? "place" : "places"): run concord resync, which fetches what is gone from its peers and leaves the rest as it is; concord verify names them"
            )
        }
        for fork in try node.log.forks() {
            let state = node.log.state(fork.origin)
            if fork.origin == node.origin {
                advice.append(
                    "this node's own log \(fork.origin) is forked: what it records is kept, but not published. Find out who else has its key. Then stop the node and run concord node new-epoch --data \(node.folder.path) --reason TEXT: what was recorded goes along"
                )
            }
            guard state?.decision == nil else { continue }
            advice.append(
                node.isAuthority && fork.origin != node.origin
                    ? "this authority has to decide how \(fork.origin) ends: concord forks list shows the choices, concord forks decide \(fork.origin) --size N decides"
                    : "an authority has to decide how \(fork.origin) ends: until then nothing more of it is taken")
        }
        return advice
    }
}
