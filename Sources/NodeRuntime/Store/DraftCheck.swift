internal import Federation
internal import Scoring
internal import Storage

/// Says of drafts, in the order in which they are to be recorded, why this node would not record one. An enrolment or
/// withdrawal among them counts for those behind it.
struct DraftCheck {
    private let node: Node
    private let factors: Set<[UInt8]>
    /// Of every subject asked for: what the logs say and the drafts so far.
    private var standing: [SubjectID: Enrolment] = [:]
    /// Made when the first subject's enrolment is asked for.
    private var recorders: Recorders?

    private struct Enrolment {
        /// First day of enrolment; nil where there is none.
        var firstDay: UInt32?
        var isWithdrawn = false
    }

    /// Which logs' enrolments and withdrawals count here, by the history's numbers.
    private struct Recorders {
        let scoring: NodeScoringContext
        let count: [Bool]
    }

    init(_ node: Node) {
        self.node = node
        factors = Set(node.rulebook.factors.map { Array($0.code.utf8) })
    }

    /// Nil where the draft can be recorded.
    mutating func flaw(of draft: Draft) throws -> String? {
        switch draft {
        case .erasure(let target, _): return try targetFlaw(target, about: nil, right: "erase")
        case .body(let day, let subject, let content):
            if let flaw = Body(salt: Self.noSalt, day: day, subject: subject, content: content).flaw { return flaw }
            if let flaw = subjectFlaw(subject) { return flaw }
            if let flaw = try contentFlaw(content, day, subject) { return flaw }
            try take(content, day, subject)
            return nil
        }
    }

    private static let noSalt = [UInt8](repeating: 0, count: Body.saltBytes)

    private mutating func take(_ content: Body.Content, _ day: UInt32, _ subject: SubjectID) throws {
        switch content {
        case .enrolment:
            var enrolment = try enrolment(of: subject)
            enrolment.firstDay = min(day, enrolment.firstDay ?? .max)
            standing[subject] = enrolment
        case .withdrawal:
            var enrolment = try enrolment(of: subject)
            enrolment.isWithdrawn = true
            standing[subject] = enrolment
        default: break
        }
    }

    private func subjectFlaw(_ subject: SubjectID) -> String? {
        guard let population = node.topology.population, !population.contains(subject) else { return nil }
        return "the subject \(subject) is no member of the synthetic population of seed "
            + "\(String(decoding: population.seed, as: UTF8.self)) and size \(population.size)"
    }

    private mutating func contentFlaw(_ content: Body.Content, _ day: UInt32, _ subject: SubjectID) throws -> String? {
        switch content {
        case .observation(let factor, _, _): return try observationFlaw(factor, day, subject)
        case .retraction(let target, _): return try targetFlaw(target, about: subject, right: "retract")
        case .appeal(let target, _): return try targetFlaw(target, about: subject, right: "appeal against")
        case .ruling(let target, _, _):
            guard node.isAuthority else {
                return "\(node.identity.node) has no role authority: only an authority rules on appeals"
            }
            return try targetFlaw(target, about: subject, right: "rule on")
        case .enrolment, .withdrawal:
            return node.rulebook.population == .enrolled
                ? nil : "a synthetic population has no enrolments and withdrawals"
        }
    }
}

// Observations.
extension DraftCheck {
    private mutating func observationFlaw(_ factor: [UInt8], _ day: UInt32, _ subject: SubjectID) throws -> String? {
        let rulebook = node.rulebook
        guard factors.contains(factor) else {
            return
                "the rulebook \(rulebook.name) knows no factor \(String(decoding: factor, as: UTF8.self)); see concord rulebook show"
        }
        guard Int64(day) >= rulebook.startDay else {
            return
                "the day \(CalendarDay(dayNumber: Int64(day))) lies before the rulebook's start, \(CalendarDay(dayNumber: rulebook.startDay))"
        }
        // The next day may have begun where the event was seen.
        guard day <= node.today + 1 else { return "the day \(CalendarDay(dayNumber: Int64(day))) lies in the future" }
        return rulebook.population == .enrolled ? try enrolmentFlaw(subject, day) : nil
    }

    /// Enrolments by this node or an authority admit; a withdrawal ends it for good.
    private mutating func enrolmentFlaw(_ subject: SubjectID, _ day: UInt32) throws -> String? {
        let enrolment = try enrolment(of: subject)
        if enrolment.isWithdrawn { return "the subject \(subject) has withdrawn; who joins again gets a new pseudonym" }
        if let first = enrolment.firstDay, first <= day { return nil }
        return
            "the subject \(subject) is not enrolled here on \(CalendarDay(dayNumber: Int64(day))): record the enrolment first"
    }

    private mutating func enrolment(of subject: SubjectID) throws -> Enrolment {
        if let known = standing[subject] { return known }
        let recorders = try self.recorders ?? makeRecorders()
        self.recorders = recorders
        let history = try node.history(of: subject)
        var enrolment = Enrolment()
        for record in history.records {
            guard let kind = EventKind(rawValue: record.kind), kind == .enrolment || kind == .withdrawal,
                recorders.count[safe: Int(record.origin)] == true,
                !recorders.scoring.isErased(record.origin, record.index, node: node)
            else { continue }
            if kind == .withdrawal {
                enrolment.isWithdrawn = true
            } else {
                enrolment.firstDay = min(record.day, enrolment.firstDay ?? .max)
            }
        }
        standing[subject] = enrolment
        return enrolment
    }

    private func makeRecorders() throws -> Recorders {
        let scoring = try node.scoringContext(sizes: node.visibleSizes(), day: node.today)
        let count = scoring.lines.map { line in OriginName(line).map { node.mayCorrect($0, node.origin) } ?? false }
        return Recorders(scoring: scoring, count: count)
    }
}

// What an event names.
extension DraftCheck {
    /// Whether the node may name a target, and whether the target is about the subject.
    private func targetFlaw(_ target: Position, about subject: SubjectID?, right: String) throws -> String? {
        guard let origin = OriginName(target.origin), node.topology.index(ofOrigin: target.origin) != nil else {
            return "the target's origin \(String(decoding: target.origin, as: UTF8.self)) is no log of this federation"
        }
        guard node.mayCorrect(node.origin, origin) else {
            return
                "\(node.identity.node) may only \(right) entries of its own log; \(target) is another city's, ask that city or an authority"
        }
        guard let state = node.log.state(origin), target.index < state.size,
            let stored = try node.log.entry(origin, target.index)
        else { return "there is no entry \(target) in this node's store" }
        guard let subject else { return nil }
        guard let entry = try? Entry(decoding: stored.entry), !stored.body.isEmpty,
            let body = try? Body(decoding: stored.body, kind: entry.kind)
        else { return "the body of \(target) is erased or unknown, so that nothing can be said about it" }
        return body.subject == subject ? nil : "\(target) is about another subject than \(subject)"
    }
}
