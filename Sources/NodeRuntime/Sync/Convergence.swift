internal import Cryptography
internal import Encoding
internal import Federation
internal import Foundation
internal import Scoring
internal import Storage
internal import SyncProtocol
internal import Synchronization
internal import TransparencyLog

/// Cuts and attestations: this node's answers to others' questions, and the questions it asks itself.
final class Convergence: Sendable {
    let node: Node
    let repairs: Waiters<Message>
    let linkFailures = LinkFailures()
    private let replies: Waiters<Reply>
    private let ask = Mutex<(@Sendable (Question) -> Void)?>(nil)
    /// Attestations that were made once: asked again for the same cut, the same bytes are given.
    private let made = Mutex<[Digest: [UInt8]]>([:])

    init(node: Node) {
        self.node = node
        repairs = Waiters(node.environment)
        replies = Waiters(node.environment)
    }

    func setAsk(_ ask: @escaping @Sendable (Question) -> Void) { self.ask.withLock { $0 = ask } }

    func received(_ reply: Reply) { replies.deliver(reply, to: reply.identifier) }

    private var ownName: [UInt8] { Array(node.identity.node.utf8) }

    /// Asks all nodes and gathers replies, one a node, until `isEnough` or the deadline.
    func gather(
        _ content: Question.Content, deadline: UInt64, until isEnough: ([String: Reply]) -> Bool
    ) -> [String: Reply] {
        let question = Question(
            identifier: node.environment.randomBytes(8).reduce(0) { $0 << 8 | UInt64($1) }, asker: ownName, content: content)
        replies.expect(question.identifier)
        defer { replies.forget(question.identifier) }
        ask.withLock { $0 }?(question)
        let gathered = replies.wait(question.identifier, deadline: deadline) { isEnough(Self.byNode($0)) }
        return Self.byNode(gathered)
    }

    func tell(_ content: Question.Content) {
        let identifier = node.environment.randomBytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        ask.withLock { $0 }?(Question(identifier: identifier, asker: ownName, content: content))
    }

    private static func byNode(_ replies: [Reply]) -> [String: Reply] {
        Dictionary(replies.map { (String(decoding: $0.node, as: UTF8.self), $0) }, uniquingKeysWith: { first, _ in first })
    }
}

// Answers.
extension Convergence {
    /// Why this node takes no part in a cut; nil where it does.
    var hindrance: String? {
        if node.log.state(node.origin)?.isForked == true {
            return
                "its own log is forked, and what it records is not published before its next epoch: see concord node status there"
        }
        if node.writer.isConfirmed { return nil }
        return "it waits for its peers to confirm its past, and publishes nothing until then: see concord node status there"
    }

    /// This node's reply; nil where none is due.
    func answer(_ question: Question) -> Reply? {
        let content: Reply.Content
        do {
            switch question.content {
            case .frontier:
                if let hindrance { throw NodeFailure(.unavailable, hindrance) }
                content = .frontier(
                    try ownFrontier(), topologyHash: node.topology.hash, rulebookHash: node.rulebook.hash)
            case .attest(let text): content = .attestation(note: try attest(text))
            case .result(let cut, let attestations):
                try keep(cut, attestations)
                return nil
            }
        } catch {
            if case .result = question.content { return nil }
            return Reply(identifier: question.identifier, node: ownName, content: .refusal("\(error)"))
        }
        return Reply(identifier: question.identifier, node: ownName, content: content)
    }

    func ownFrontier() throws -> [Reply.Held] {
        let states = node.log.states
        var sizes = try node.visibleSizes()
        for state in states { sizes[state.origin] = min(sizes[state.origin] ?? 0, state.checkpoint?.size ?? 0) }
        sizes = try node.answerable(sizes)
        var held: [Reply.Held] = []
        for state in states where node.topology.index(ofOrigin: state.origin.line) != nil {
            guard let checkpoint = state.checkpoint, let complete = sizes[state.origin] else { continue }
            held.append(
                Reply.Held(
                    note: checkpoint.note, complete: complete, least: min(state.leastSize, complete),
                    root: try node.log.root(state.origin, at: complete)))
        }
        return held
    }

    /// Signs the standings root of a cut, if the cut is of this node's federation files and of what it holds.
    func attest(_ text: [UInt8]) throws -> [UInt8] {
        let cut: Cut
        do { cut = try Cut(text: text) } catch { throw NodeFailure(.invalid, "the cut does not decode: \(error)") }
        if let known = made.withLock({ $0[cut.hash] }) { return known }
        guard cut.topology == node.topology.hash else {
            throw NodeFailure(.refused, "another topology: install the same topology.json on every node")
        }
        guard cut.rulebook == node.rulebook.hash else {
            throw NodeFailure(.refused, "another rulebook: install the same rulebook.json on every node")
        }
        let sizes = try sizes(of: cut)
        let summary = try node.standings(sizes: sizes, day: cut.day)
        let attestation = Attestation(cut: cut.hash, standingsRoot: summary.root, subjects: summary.subjects)
        let note = SignedNote.sign(attestation.text, name: node.origin.line, with: node.logKey)
        made.withLock { made in
            if made.count > 64 { made = [:] }
            made[cut.hash] = note
        }
        return note
    }

    /// The sizes of a cut, each checked against what is held here.
    private func sizes(of cut: Cut) throws -> [OriginName: UInt64] {
        let held = try node.visibleSizes()
        var sizes: [OriginName: UInt64] = [:]
        for line in cut.origins {
            guard let origin = OriginName(line.line), node.topology.index(ofOrigin: line.line) != nil else {
                throw NodeFailure(
                    .refused, "the cut holds \(String(decoding: line.line, as: UTF8.self)), which the topology does not list")
            }
            guard let own = held[origin], own >= line.size else {
                throw NodeFailure(.refused, "behind: \(held[origin] ?? 0) of \(line.size) entries of \(origin) are held")
            }
            guard try node.log.root(origin, at: line.size) == line.root else {
                throw NodeFailure(.refused, "another history of \(origin): its root at \(line.size) differs here")
            }
            sizes[origin] = line.size
        }
        if let (origin, index) = try node.firstUnanswerable(sizes) {
            throw NodeFailure(
                .refused,
                "erased bytes are gone here: a cut with entry \(index) of \(origin) must hold the erasure of it; propose another"
            )
        }
        return sizes
    }

    /// Keeps a cut and the attestations of it that verify; erased bytes that it covers go.
    func keep(_ text: [UInt8], _ notes: [[UInt8]]) throws {
        let cut = try Cut(text: text)
        var good: [(String, [UInt8])] = []
        for note in notes {
            if let (name, attestation) = node.verifiedAttestation(note), attestation.cut == cut.hash {
                good.append((name, note))
            }
        }
        guard !good.isEmpty else { return }
        let attestations = good
        let now = Int64(node.wallMilliseconds)
        try node.writer.write { transaction in
            try transaction.putCut(text, atMilliseconds: now)
            for (name, note) in attestations {
                try transaction.putAttestation(StoredAttestation(cut: cut.hash, node: Array(name.utf8), note: note))
            }
        }
        if good.contains(where: { $0.0 == node.identity.node }) {
            let node = node
            _ = try node.writer.exclusively { try node.dropErasedBodies(attested: cut) }
        }
    }
}
