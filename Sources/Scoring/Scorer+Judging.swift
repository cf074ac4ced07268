internal import Federation

/// Steps 0 and 1: what is gone, annulled, suspended or out of range.
extension Scorer {
    mutating func judge(_ history: SubjectHistory, isMember: Bool) {
        reset()
        precondition(history.records.count < Int(Self.noRecord), "a history has fewer than 2^32 - 1 records")
        markGone(history)
        if context.population == nil { markWithdrawn(history) }
        collectStatements(history)
        sortInPlace(&corrections, by: Correction.precedes)
        judgeObservations(history, isMember: isMember)
    }

    private mutating func reset() {
        for node in nodesInUse {
            enrolledFrom[Int(node)] = Self.noDay
            withdrawal[Int(node)] = Self.noRecord
        }
        nodesInUse.removeAll(keepingCapacity: true)
        enrolledByAuthorityFrom = Self.noDay
        authorityWithdrawal = Self.noRecord
        firstEnrolment = Self.noDay
        isInStandings = false
        marks.removeAll(keepingCapacity: true)
        corrections.removeAll(keepingCapacity: true)
        candidates.removeAll(keepingCapacity: true)
    }

    /// Gives every record its mark; those that stay are marked `noted` for now. Remembers the withdrawals.
    private mutating func markGone(_ history: SubjectHistory) {
        for (place, record) in history.records.enumerated() {
            guard context.origins.holds(record.origin, record.index) else {
                marks.append(Mark(fate: .outside))
                continue
            }
            guard !context.erasures.contains(record.origin, record.index) else {
                marks.append(Mark(fate: .erased))
                continue
            }
            marks.append(Mark(fate: .noted))
            guard record.kind == EventKind.withdrawal.rawValue else { continue }
            let row = context.origins.rows[Int(record.origin)]
            nodesInUse.append(row.node)
            withdrawal[Int(row.node)] = first(withdrawal[Int(row.node)], place, history)
            if row.isAuthority { authorityWithdrawal = first(authorityWithdrawal, place, history) }
        }
    }

    /// The record that stands first of one that may be there already and another.
    private func first(_ record: UInt32, _ other: Int, _ history: SubjectHistory) -> UInt32 {
        if record != Self.noRecord, precedes(history.records[Int(record)], history.records[other]) { return record }
        return UInt32(other)
    }

    /// Enrolled populations: a withdrawal takes out all but withdrawals in the same node's logs, or in every log.
    private mutating func markWithdrawn(_ history: SubjectHistory) {
        guard !nodesInUse.isEmpty else { return }
        for (place, record) in history.records.enumerated()
        where marks[place].fate == .noted && record.kind != EventKind.withdrawal.rawValue {
            let own = withdrawal[Int(context.origins.rows[Int(record.origin)].node)]
            let by = own != Self.noRecord ? own : authorityWithdrawal
            if by != Self.noRecord { marks[place] = Mark(fate: .withdrawn, by: by) }
        }
    }

    /// Takes up enrolments and corrections from what is left, whatever their own day.
    private mutating func collectStatements(_ history: SubjectHistory) {
        for (place, record) in history.records.enumerated() where marks[place].fate == .noted {
            switch EventKind(rawValue: record.kind) {
            case .enrolment: enrol(record)
            case .retraction: correct(record, .retraction, place)
            case .appeal: correct(record, .appeal, place)
            case .ruling: correct(record, .ruling, place)
            case .observation, .withdrawal, .erasure, nil: break
            }
        }
    }

    private mutating func enrol(_ record: HistoryRecord) {
        let row = context.origins.rows[Int(record.origin)]
        nodesInUse.append(row.node)
        let day = Int64(record.day)
        enrolledFrom[Int(row.node)] = min(enrolledFrom[Int(row.node)], day)
        if row.isAuthority { enrolledByAuthorityFrom = min(enrolledByAuthorityFrom, day) }
        firstEnrolment = min(firstEnrolment, day)
        if context.population == nil, record.day <= context.day { isInStandings = true }
    }

    private mutating func correct(_ record: HistoryRecord, _ kind: EventKind, _ place: Int) {
        let row = context.origins.rows[Int(record.origin)]
        let isEntitled =
            kind == .ruling ? row.isAuthority : context.origins.mayCorrect(record.origin, record.targetOrigin)
        guard isEntitled else {
            marks[place].fate = .withoutRight
            return
        }
        corrections.append(
            Correction(
                targetOrigin: record.targetOrigin, targetIndex: record.targetIndex, kind: kind, node: row.node,
                epoch: row.epoch, index: record.index, record: UInt32(place)))
    }

    private mutating func judgeObservations(_ history: SubjectHistory, isMember: Bool) {
        let startDay = context.rulebook.startDay
        let isSynthetic = context.population != nil
        for (place, record) in history.records.enumerated()
        where record.kind == EventKind.observation.rawValue && marks[place].fate == .noted {
            guard record.day <= context.day else {
                marks[place].fate = .later
                continue
            }
            guard Int64(record.day) >= startDay else {
                marks[place].fate = .beforeStart
                continue
            }
            if isSynthetic && isMember { isInStandings = true }
            guard let factor = context.factors.row(record.factor) else {
                marks[place].fate = .unknownFactor
                continue
            }
            guard isSynthetic ? isMember : isEnrolled(record) else {
                marks[place].fate = isSynthetic ? .notMember : .notEnrolled
                continue
            }
            if let mark = corrected(record, history) {
                marks[place] = mark
                continue
            }
            candidates.append(
                Candidate(factor: factor, day: record.day, hash: referenceHash(record, history), record: place))
        }
    }

    /// Whether an enrolment by the same node or an authority reaches back to the observation's day.
    private func isEnrolled(_ record: HistoryRecord) -> Bool {
        let own = enrolledFrom[Int(context.origins.rows[Int(record.origin)].node)]
        return min(own, enrolledByAuthorityFrom) <= Int64(record.day)
    }

    /// What corrections make of an observation; nil if it stands.
    private func corrected(_ record: HistoryRecord, _ history: SubjectHistory) -> Mark? {
        guard !corrections.isEmpty else { return nil }
        var place = firstCorrection(record.origin, record.index)
        var appeal: UInt32?
        var isRuled = false
        while place < corrections.count, corrections[place].targetOrigin == record.origin,
            corrections[place].targetIndex == record.index
        {
            let correction = corrections[place]
            place += 1
            switch correction.kind {
            case .retraction:
                return Mark(fate: .retracted, by: correction.record)
            case .appeal:
                appeal = appeal ?? correction.record
            default:
                isRuled = true
                // Each authority's last word counts: rulings of one node lie together, the last one last.
                let isLast =
                    place == corrections.count || corrections[place].targetOrigin != record.origin
                    || corrections[place].targetIndex != record.index || corrections[place].node != correction.node
                let verdict = history.records[Int(correction.record)].verdict
                if isLast, verdict == Verdict.overturned.rawValue {
                    return Mark(fate: .overturned, by: correction.record)
                }
            }
        }
        guard let appeal, !isRuled else { return nil }
        return Mark(fate: .suspended, by: appeal)
    }

    /// Index of the first correction that names a position, or of where it would stand.
    func firstCorrection(_ origin: UInt32, _ index: UInt64) -> Int {
        var low = 0
        var high = corrections.count
        while low < high {
            let middle = (low + high) / 2
            let correction = corrections[middle]
            let isBefore =
                correction.targetOrigin != origin ? correction.targetOrigin < origin : correction.targetIndex < index
            if isBefore { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
