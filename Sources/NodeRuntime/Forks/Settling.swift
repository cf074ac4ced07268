internal import Federation
internal import Storage
internal import TransparencyLog

// Decisions on forks: the stored log is cut to the end that an authority let it have.
extension Node {
    /// Whether entries of a log may still be stored: of a forked one only those of the history that was decided.
    func mayStore(_ range: ProvenRange) -> Bool {
        guard let state = log.state(range.origin), state.isForked else { return true }
        return state.decision?.isStated(by: range.checkpoint) ?? false
    }

    /// Keeps a decision and cuts the log that it is about: to the decided size where the decided entries are stored,
    /// otherwise to `commonSize`, up to where they are known to be the decided ones. To be called while the writer rests.
    ///
    /// The log of the node's present epoch stays as it is, since what was recorded since the fork lies behind it: it is cut
    /// after the next epoch has begun. Of the logs of earlier epochs nothing is lost: what is cut off is set aside, and
    /// recorded again behind the end of the present one as soon as that may be published. Returns whether it was already.
    func settle(_ decision: VerifiedForkDecision, commonSize: UInt64?) throws -> Bool {
        guard let forked = OriginName(decision.decision.origin) else { return false }
        let size = log.state(forked)?.size ?? 0
        let end = forked == origin ? nil : try cut(of: forked, decision, commonSize)
        let isOwn = forked.nodeLine == origin.nodeLine
        try log.write { transaction in
            try transaction.putDecision(decision)
            guard let end else { return }
            if isOwn { try transaction.setAside(forked, from: end) } else { try transaction.truncate(forked, to: end) }
            if end == decision.size, let checkpoint = decision.checkpoint { try transaction.setCheckpoint(checkpoint) }
        }
        if let end, end < size { writer.noteHistoryAhead() }
        excuses.forget(forked)
        // Also where an earlier attempt came only so far.
        let isPutBack = try isOwn && log.asideCount() > 0 && putBackOrDivert()
        if isPutBack { writer.noteUnfolded() }
        try writer.settleHistory()
        if let end, end < size { try log.forgetDroppedBytes() }
        return isPutBack
    }

    /// What was set aside goes to the end of the own log, or, while that may not be published, waits with what is recorded.
    private func putBackOrDivert() throws -> Bool {
        guard writer.isConfirmed, !writer.isDiverting else {
            writer.setDiverting(true)
            return false
        }
        try putBackAside()
        return true
    }

    /// To how many entries a log has to be cut; nil where it is as it has to be, or nothing can be said yet.
    private func cut(of forked: OriginName, _ decision: VerifiedForkDecision, _ commonSize: UInt64?) throws -> UInt64? {
        guard let state = log.state(forked), state.isSound else { return nil }
        if decision.size <= state.size, try log.root(forked, at: decision.size) == decision.root {
            let isSettled = state.size == decision.size && state.checkpoint?.size ?? 0 == decision.size
            return isSettled ? nil : decision.size
        }
        return commonSize.flatMap { $0 < state.size ? $0 : nil }
    }
}
