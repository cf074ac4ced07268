internal import Cryptography
package import Federation
internal import Foundation
internal import Scoring
internal import Storage
internal import Synchronization
internal import TransparencyLog

/// Observations of the own log that carry a reference, as 8-byte hashes: whether a draft was recorded before is answered
/// without touching the store. Built on first use from the log.
final class RecordedReferences: Sendable {
    private struct State {
        var hashes: Set<UInt64> = []
        /// Up to where the own log has been taken in.
        var upTo: UInt64 = 0
        var key: [UInt8] = randomBytes(16)
    }

    private let state = Mutex(State())

    /// For every draft, whether the same observation stands in the own log, or before it among the drafts.
    func known(_ drafts: [Draft], node: Node) throws -> [Bool] {
        try state.withLock { state in
            try Self.catchUp(&state, node)
            return drafts.map { draft in
                guard case .body(let day, let subject, .observation(let factor, let quantity, let reference)) = draft,
                    !reference.isEmpty
                else { return false }
                return !state.hashes.insert(Self.hash(day, subject, factor, quantity, reference)).inserted
            }
        }
    }

    /// Drafts that were taken for recorded but failed are read from the log again.
    func forget() { state.withLock { $0 = State() } }

    private static func catchUp(_ state: inout State, _ node: Node) throws {
        let size = node.log.state(node.origin)?.size ?? 0
        while state.upTo < size {
            let end = min(size, (state.upTo / 256 + 64) * 256)
            for piece in try node.log.packed(node.origin, state.upTo..<end) {
                piece.forEach { _, item in
                    guard !item.isVerbatim, item.bytes[1] == EventKind.observation.rawValue,
                        let body = try? Body(decoding: Array(item.body), kind: .observation),
                        case .observation(let factor, let quantity, let reference) = body.content, !reference.isEmpty
                    else { return }
                    state.hashes.insert(hash(body.day, body.subject, factor, quantity, reference))
                }
                state.upTo += UInt64(piece.count)
            }
        }
    }

    private static func hash(
        _ day: UInt32, _ subject: SubjectID, _ factor: [UInt8], _ quantity: Int32, _ reference: [UInt8]
    ) -> UInt64 {
        var message: [UInt8] = []
        message.reserveCapacity(40 + factor.count + reference.count)
        for word in [UInt64(day), subject.high, subject.low, UInt64(UInt32(bitPattern: quantity)), UInt64(factor.count)] {
            withUnsafeBytes(of: word) { message.append(contentsOf: $0) }
        }
        message.append(contentsOf: factor)
        message.append(contentsOf: reference)
        return sha256(message).prefix
    }
}

extension Node {
    /// Records drafts in the own log, all or none, and waits until they are durable and in the next answer.
    package func record(_ drafts: [Draft], isDeduplicated: Bool = true) throws -> RecordResult {
        for (offset, draft) in drafts.enumerated() {
            if let flaw = try flaw(of: draft) {
                throw NodeFailure(.invalid, drafts.count == 1 ? flaw : "event \(offset + 1) of \(drafts.count): \(flaw)")
            }
        }
        let outcome = Mutex<Result<RecordResult, NodeFailure>?>(nil)
        let done = DispatchSemaphore(value: 0)
        let writer = writer
        writer.submit(
            .record(
                RecordJob(drafts: drafts, isDeduplicated: isDeduplicated) { result in
                    outcome.withLock { $0 = result }
                    done.signal()
                }))
        done.wait()
        guard let result = outcome.withLock({ $0 }) else { preconditionFailure("a record job has a result") }
        if case .failure = result { recorded.forget() }
        return try result.get()
    }

    /// Why this node does not record a draft; nil where it does.
    package func flaw(of draft: Draft) throws -> String? {
        switch draft {
        case .erasure(let target, _): return try targetFlaw(target, about: nil, right: "erase")
        case .body(let day, let subject, let content):
            if let flaw = Body(salt: [UInt8](repeating: 0, count: 16), day: day, subject: subject, content: content).flaw { return flaw }
            if let flaw = subjectFlaw(subject) { return flaw }
            return try contentFlaw(content, day, subject)
        }
    }

    private func subjectFlaw(_ subject: SubjectID) -> String? {
        guard let population = topology.population, !population.contains(subject) else { return nil }
        return "the subject \(subject) is no member of the synthetic population of seed "
            + "\(String(decoding: population.seed, as: UTF8.self)) and size \(population.size)"
    }

    private func contentFlaw(_ content: Body.Content, _ day: UInt32, _ subject: SubjectID) throws -> String? {
        switch content {
        case .observation(let factor, _, _):
            guard rulebook.factors.contains(where: { $0.code.utf8.elementsEqual(factor) }) else {
                return "the rulebook \(rulebook.name) knows no factor \(String(decoding: factor, as: UTF8.self)); see concord rulebook show"
            }
            guard Int64(day) >= rulebook.startDay else {
                return "the day \(CalendarDay(dayNumber: Int64(day))) lies before the rulebook's start, \(CalendarDay(dayNumber: rulebook.startDay))"
            }
            guard day <= today() + 1 else {
                return "the day \(CalendarDay(dayNumber: Int64(day))) lies in the future"
            }
            return rulebook.population == .enrolled ? try enrolmentFlaw(subject, day) : nil
        case .retraction(let target, _): return try targetFlaw(target, about: subject, right: "retract")
        case .appeal(let target, _): return try targetFlaw(target, about: subject, right: "appeal against")
        case .ruling(let target, _, _):
            guard isAuthority else { return "\(identity.node) has no role authority: only an authority rules on appeals" }
            return try targetFlaw(target, about: subject, right: "rule on")
        case .enrolment, .withdrawal:
            return rulebook.population == .enrolled ? nil : "a synthetic population has no enrolments and withdrawals"
        }
    }

    /// Enrolments by this node or an authority admit; a withdrawal ends it for good.
    private func enrolmentFlaw(_ subject: SubjectID, _ day: UInt32) throws -> String? {
        let scoring = try scoringContext(sizes: visibleSizes(), day: max(day, today()))
        var history = SubjectHistory()
        try self.history.history(of: subject, into: &history)
        var isEnrolled = false
        for record in history.records {
            guard let line = scoring.lines[safe: Int(record.origin)], let recorder = OriginName(line), mayCorrect(recorder, origin),
                !scoring.isErased(record.origin, record.index)
            else { continue }
            if record.kind == EventKind.withdrawal.rawValue {
                return "the subject \(subject) has withdrawn; who joins again gets a new pseudonym"
            }
            if record.kind == EventKind.enrolment.rawValue, record.day <= day { isEnrolled = true }
        }
        return isEnrolled
            ? nil
            : "the subject \(subject) is not enrolled here on \(CalendarDay(dayNumber: Int64(day))): record the enrolment first"
    }

    /// Whether the node may name a target, and whether the target is about the subject.
    private func targetFlaw(_ target: Position, about subject: SubjectID?, right: String) throws -> String? {
        guard let targetOrigin = OriginName(target.origin), topology.index(ofOrigin: target.origin) != nil else {
            return "the target's origin \(String(decoding: target.origin, as: UTF8.self)) is no log of this federation"
        }
        guard mayCorrect(origin, targetOrigin) else {
            return "\(identity.node) may only \(right) entries of its own log; \(target) is another city's, ask that city or an authority"
        }
        guard let state = log.state(targetOrigin), target.index < state.size, let stored = try log.entry(targetOrigin, target.index) else {
            return "there is no entry \(target) in this node's store"
        }
        guard let subject else { return nil }
        guard let entry = try? Entry(decoding: stored.entry), !stored.body.isEmpty,
            let body = try? Body(decoding: stored.body, kind: entry.kind)
        else { return "the body of \(target) is erased or unknown, so that nothing can be said about it" }
        return body.subject == subject ? nil : "\(target) is about another subject than \(subject)"
    }
}

extension Array {
    subscript(safe index: Int) -> Element? { indices.contains(index) ? self[index] : nil }
}
