package import Cryptography
internal import Federation
package import Scoring
internal import Storage
internal import SyncProtocol
internal import TransparencyLog

/// What came of an attempt to converge.
package struct ConvergenceReport: Sendable {
    package enum Verdict: Equatable, Sendable {
        case agrees
        /// It attests another standings root than most do.
        case differs
        /// It holds less than the cut that was attested before.
        case behind(String)
        case refuses(String)
        case unreachable
    }

    package struct Line: Sendable {
        package let node: String
        package let title: String
        /// Entries of all logs that it holds with everything.
        package var frontier: UInt64
        package var root: Digest?
        package var verdict: Verdict
    }

    package let day: UInt32
    package let cut: Cut
    package let lines: [Line]
    package let root: Digest?
    package let subjects: UInt64

    package var hasConverged: Bool { lines.allSatisfy { $0.verdict == .agrees } }
}

// The questions of the node that proposes a cut.
extension Convergence {
    private typealias Frontiers = [String: (held: [OriginName: Reply.Held], topology: Digest, rulebook: Digest)]

    private static let longestRoundMilliseconds: UInt64 = 30_000

    private static func refusals(_ replies: [String: Reply]) -> [String: String] {
        replies.compactMapValues { if case .refusal(let reason) = $0.content { reason } else { nil } }
    }

    /// Proposes a cut of what exists now, waits until every node has reached it, and gathers attestations.
    func converge(day: UInt32, timeoutMilliseconds: UInt64, progress: (String) throws -> Void) throws -> ConvergenceReport {
        let deadline = node.steadyMilliseconds + timeoutMilliseconds
        if let hindrance { throw NodeFailure(.unavailable, "no cut can be proposed here: \(hindrance)") }
        let (frontiers, refusals) = try reach(deadline, progress)
        var lines = node.topology.nodes.map { member in
            ConvergenceReport.Line(
                node: member.name, title: member.title,
                frontier: frontiers[member.name]?.held.values.reduce(0) { $0 + $1.complete } ?? 0,
                root: nil, verdict: refusals[member.name].map { .refuses($0) } ?? .unreachable)
        }
        let excluded = try exclusions(frontiers)
        for place in lines.indices { if let verdict = excluded[lines[place].node] { lines[place].verdict = verdict } }
        let participants = frontiers.filter { excluded[$0.key] == nil }
        let cut = try cut(of: participants, day: day)
        try progress("cut \(hexPrefix(cut.hash)) of \(cut.origins.count) logs: gathering attestations")
        let notes = try attestations(cut, participants: Set(participants.keys), deadline: deadline, &lines)
        let (root, subjects) = judge(&lines, notes)
        try keep(cut.text, notes.values.map(\.note).sorted { $0.lexicographicallyPrecedes($1) })
        tell(.result(cut: cut.text, attestations: notes.values.map(\.note).sorted { $0.lexicographicallyPrecedes($1) }))
        return ConvergenceReport(day: day, cut: cut, lines: lines, root: root, subjects: subjects)
    }

    private func hexPrefix(_ digest: Digest) -> String {
        String(
            digest.bytes.prefix(4).map { byte in
                let text = String(byte, radix: 16)
                return byte < 16 ? "0" + text : text
            }.joined())
    }

    /// Frontiers of all nodes, once each holds what any of them held at the start, or as they are at the deadline.
    private func reach(
        _ deadline: UInt64, _ progress: (String) throws -> Void
    ) throws -> (Frontiers, refusals: [String: String]) {
        var (frontiers, refusals) = try frontiers(until: min(deadline, node.steadyMilliseconds + 2_000))
        var goals = goals(frontiers)
        var lastTold = 0
        var roundMilliseconds: UInt64 = 1_000
        while node.steadyMilliseconds < deadline {
            let late = node.topology.nodes.map(\.name).filter { name in
                guard let held = frontiers[name]?.held else { return true }
                return goals.contains { (held[$0.key]?.complete ?? 0) < $0.value }
            }
            if late.isEmpty { break }
            if late.count != lastTold { try progress("waiting for \(late.joined(separator: ", "))") }
            lastTold = late.count
            node.environment.pause(100)
            let isMissing = frontiers.count < node.topology.nodes.count
            // Who was not heard may be far away: its answers need more time than the rounds had so far.
            if isMissing { roundMilliseconds = min(2 * roundMilliseconds, Self.longestRoundMilliseconds) }
            // Shortly before the deadline not all may answer: what they said before still stands.
            let (newer, newRefusals) = try self.frontiers(until: min(deadline, node.steadyMilliseconds + roundMilliseconds))
            frontiers.merge(newer) { $1 }
            refusals = refusals.filter { newer[$0.key] == nil }.merging(newRefusals) { $1 }
            for name in newRefusals.keys { frontiers[name] = nil }
            // Nodes that were not heard at the start bring what they recorded.
            if isMissing { goals.merge(self.goals(frontiers)) { max($0, $1) } }
        }
        return (frontiers, refusals)
    }

    private func goals(_ frontiers: Frontiers) -> [OriginName: UInt64] {
        var goals: [OriginName: UInt64] = [:]
        for frontier in frontiers.values {
            for (origin, held) in frontier.held {
                // Of a forked log nothing arrives but what was decided.
                let state = node.log.state(origin)
                guard state?.isForked != true || state?.decision != nil else { continue }
                goals[origin] = max(goals[origin] ?? 0, min(held.complete, state?.decision?.size ?? held.complete))
            }
        }
        return goals
    }

    private func frontiers(until deadline: UInt64) throws -> (Frontiers, refusals: [String: String]) {
        let others = node.topology.nodes.count - 1
        var frontiers: Frontiers = [:]
        let replies = gather(.frontier, deadline: deadline, until: { $0.count >= others })
        for (name, reply) in replies {
            guard case .frontier(let held, let topology, let rulebook) = reply.content, node.topology.index(ofNode: name) != nil
            else { continue }
            frontiers[name] = (byOrigin(held), topology, rulebook)
        }
        frontiers[node.identity.node] = (byOrigin(try ownFrontier()), node.topology.hash, node.rulebook.hash)
        return (frontiers, Self.refusals(replies))
    }

    /// What is held, by origin; only what the origin's own checkpoint shows.
    private func byOrigin(_ held: [Reply.Held]) -> [OriginName: Reply.Held] {
        var result: [OriginName: Reply.Held] = [:]
        for one in held {
            guard let text = try? SignedNote(one.note).text, let stated = try? Checkpoint(text: text),
                let checkpoint = try? SignedCheckpoint(note: one.note, keys: node.topology.keys(ofOrigin: stated.origin)),
                one.complete <= checkpoint.size, let origin = OriginName(checkpoint.origin)
            else { continue }
            result[origin] = one
        }
        return result
    }

    /// Nodes that cannot be part of the cut, and why.
    private func exclusions(_ frontiers: Frontiers) throws -> [String: ConvergenceReport.Verdict] {
        var excluded: [String: ConvergenceReport.Verdict] = [:]
        let previous = try node.log.cuts(limit: 1).first.flatMap { try? Cut(text: $0.text) }
        for (name, frontier) in frontiers {
            if frontier.topology != node.topology.hash {
                excluded[name] = .refuses("another topology: install the same topology.json on every node")
            } else if frontier.rulebook != node.rulebook.hash {
                excluded[name] = .refuses("another rulebook: install the same rulebook.json on every node")
            } else if let previous,
                let line = previous.origins.first(where: { line in
                    guard let origin = OriginName(line.line) else { return true }
                    // A log that was cut to a decided end is not expected to be longer, nor one that is shorter here too.
                    let own = frontiers[node.identity.node]?.held[origin]?.complete ?? 0
                    let size = min(line.size, own, node.log.state(origin)?.decision?.size ?? line.size)
                    return frontier.held[origin]?.complete ?? 0 < size
                })
            {
                excluded[name] = .behind(
                    "it holds less of \(String(decoding: line.line, as: UTF8.self)) than the cut attested before: run concord resync there"
                )
            }
        }
        excluded[node.identity.node] = nil
        return excluded
    }

    /// For each origin the largest size that all participants hold, as far as all of them can answer for it.
    private func cut(of participants: Frontiers, day: UInt32) throws -> Cut {
        let states = node.log.states.filter { node.topology.index(ofOrigin: $0.origin.line) != nil }
        var sizes: [OriginName: UInt64] = [:]
        for state in states {
            let size = try commonSize(state, participants.values.map { $0.held[state.origin] })
            if size <= state.size { sizes[state.origin] = size }
        }
        var least: [OriginName: UInt64] = [:]
        for participant in participants.values { least.merge(participant.held.mapValues(\.least)) { max($0, $1) } }
        sizes = try node.answerable(node.sparing(least, in: sizes))
        let origins = try states.compactMap { state -> Cut.Origin? in
            guard let size = sizes[state.origin], size > 0 else { return nil }
            return Cut.Origin(line: state.origin.line, size: size, root: try node.log.root(state.origin, at: size))
        }
        return Cut(topology: node.topology.hash, rulebook: node.rulebook.hash, day: day, origins: origins)
    }

    /// The largest size of a log that all participants hold. Where they hold different histories of a forked log, and no
    /// authority has decided yet, it is that of the last cut that was attested, as far as it is known; none without one.
    private func commonSize(_ state: LogState, _ held: [Reply.Held?]) throws -> UInt64 {
        let least = held.map { $0?.complete ?? 0 }.min() ?? 0
        guard state.isForked, state.decision == nil else { return min(least, state.decision?.size ?? least) }
        let agrees = try held.allSatisfy { one in
            guard let one, one.complete > 0 else { return true }
            return try one.complete <= state.size && node.log.root(state.origin, at: one.complete) == one.root
        }
        if agrees { return least }
        let attested = try node.log.cuts(limit: 16).lazy.compactMap { try? Cut(text: $0.text) }
            .map { $0.size(of: state.origin.line) }.first { $0 > 0 }
        return min(least, attested ?? 0)
    }

    private func attestations(
        _ cut: Cut, participants: Set<String>, deadline: UInt64, _ lines: inout [ConvergenceReport.Line]
    ) throws -> [String: (note: [UInt8], attestation: Attestation)] {
        var notes: [String: (note: [UInt8], attestation: Attestation)] = [:]
        let others = participants.subtracting([node.identity.node])
        // Nodes have reached the cut: what remains is to compute it, for which they get a little time in any case.
        let replies = gather(.attest(cut: cut.text), deadline: max(deadline, node.steadyMilliseconds + 10_000)) {
            others.isSubset(of: $0.keys)
        }
        let own = try attest(cut.text)
        if let (_, attestation) = node.verifiedAttestation(own) { notes[node.identity.node] = (own, attestation) }
        for place in lines.indices {
            let name = lines[place].node
            switch replies[name]?.content {
            case .attestation(let note):
                if let (signer, attestation) = node.verifiedAttestation(note), signer == name, attestation.cut == cut.hash {
                    notes[name] = (note, attestation)
                } else {
                    lines[place].verdict = .refuses("its attestation does not verify")
                }
            // Of one that is not part of the cut the reason was given before.
            case .refusal(let reason): if participants.contains(name) { lines[place].verdict = .refuses(reason) }
            case .frontier, nil: break
            }
        }
        return notes
    }

    /// The root that most attest, this node's on a tie, and who agrees with it.
    private func judge(
        _ lines: inout [ConvergenceReport.Line], _ notes: [String: (note: [UInt8], attestation: Attestation)]
    ) -> (Digest?, UInt64) {
        var votes: [Digest: Int] = [:]
        for note in notes.values { votes[note.attestation.standingsRoot, default: 0] += 1 }
        let own = notes[node.identity.node]?.attestation
        let winner = votes.max { left, right in
            left.value != right.value
                ? left.value < right.value
                : left.key == own?.standingsRoot ? false : right.key == own?.standingsRoot ? true : left.key < right.key
        }?.key
        for place in lines.indices {
            guard let attestation = notes[lines[place].node]?.attestation else { continue }
            lines[place].root = attestation.standingsRoot
            lines[place].verdict = attestation.standingsRoot == winner ? .agrees : .differs
        }
        let subjects = notes.values.first { $0.attestation.standingsRoot == winner }?.attestation.subjects ?? 0
        return (winner, subjects)
    }
}
