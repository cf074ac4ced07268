internal import Cryptography
internal import Encoding
internal import Federation
internal import Storage
internal import TransparencyLog

/// What an authority's operator chose of a forked log.
struct ForkChoice: Sendable {
    let origin: OriginName
    let size: UInt64
    /// Needed where checkpoints of that size state several roots.
    var root: Digest?
    /// A checkpoint of the chosen end, where the store holds none of it.
    var checkpoint: [UInt8]?
    /// Whether it may differ from a decision that is known.
    var isRevision = false

    init(origin: OriginName, size: UInt64) {
        self.origin = origin
        self.size = size
    }
}

extension Node {
    /// Signs a decision on a fork as the authority that this node is; the known decision where it says the same.
    func decide(_ choice: ForkChoice) throws -> DecidedFork {
        guard isAuthority else {
            throw NodeFailure(.refused, "\(identity.node) has no role authority: only an authority decides on forks")
        }
        guard choice.origin != origin else {
            throw NodeFailure(
                .refused,
                "\(origin) is this authority's own log, and its key decides nothing about it: begin a new epoch first with concord node new-epoch --data \(folder.path) --reason TEXT"
            )
        }
        guard let fork = try log.forks().first(where: { $0.origin == choice.origin }) else {
            throw NodeFailure(.refused, "there is no proof that \(choice.origin) is forked: see concord forks list")
        }
        let stated = try checkpoint(choice, fork.proof)
        let root = stated?.root ?? sha256([])
        let known = try log.decisions().first { $0.origin == choice.origin }
        if let known, let text = try? SignedNote(known.decided.note).text, let decision = try? ForkDecision(text: text) {
            if decision.size == choice.size, decision.root == root { return known.decided }
            guard choice.isRevision else {
                throw NodeFailure(
                    .refused,
                    "\(choice.origin) was decided to end with \(decision.size) entries: to replace that decision everywhere, add --revise. Entries that were cut may be gone"
                )
            }
            return decided(choice, fork.proof, stated, root, number: decision.number + 1)
        }
        return decided(choice, fork.proof, stated, root, number: 1)
    }

    private func decided(
        _ choice: ForkChoice, _ proof: ForkProof, _ stated: SignedCheckpoint?, _ root: Digest, number: UInt64
    ) -> DecidedFork {
        DecidedFork(
            deciding: ForkDecision(origin: choice.origin.line, number: number, size: choice.size, root: root), proof: proof,
            checkpoint: stated?.note ?? [], signer: origin.line, with: logKey)
    }

    /// Checkpoints of a forked log at hand: what is stored, the two of the proof, and one that was given.
    func checkpoints(_ forked: OriginName, _ proof: ForkProof, given: [UInt8]? = nil) -> [SignedCheckpoint] {
        let keys = topology.keys(ofOrigin: forked.line)
        let notes = [log.state(forked)?.checkpoint?.note, proof.firstNote, proof.secondNote, given].compactMap(\.self)
        var checkpoints: [SignedCheckpoint] = []
        for note in notes {
            guard let one = try? SignedCheckpoint(note: note, keys: keys), one.origin == forked.line,
                !checkpoints.contains(where: { $0.checkpoint == one.checkpoint })
            else { continue }
            checkpoints.append(one)
        }
        return checkpoints
    }

    /// The forked log's own statement of the chosen end; nil where that is nothing.
    private func checkpoint(_ choice: ForkChoice, _ proof: ForkProof) throws -> SignedCheckpoint? {
        if choice.size == 0 { return nil }
        let known = checkpoints(choice.origin, proof, given: choice.checkpoint)
        let fitting = known.filter { $0.size == choice.size && (choice.root == nil || $0.root == choice.root) }
        guard let one = fitting.first else {
            let sizes = known.map { "\($0.size) (root \(base64($0.root.bytes)))" }.joined(separator: ", ")
            throw NodeFailure(
                .refused,
                "no checkpoint by \(choice.origin) of that size and root is at hand: choose 0 or one of \(sizes), or give another one with --checkpoint FILE"
            )
        }
        guard fitting.count == 1 else {
            let roots = fitting.map { base64($0.root.bytes) }.joined(separator: " and ")
            throw NodeFailure(.invalid, "it signed \(choice.size) entries with the roots \(roots): choose one with --root")
        }
        return one
    }
}
