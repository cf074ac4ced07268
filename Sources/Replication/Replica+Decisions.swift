internal import Federation
internal import SyncProtocol
package import TransparencyLog

/// How far the stored entries of a forked log have been brought to the end that an authority decided.
enum Settlement: Equatable {
    case undecided
    /// The store was asked to keep the decision and to cut what lies beyond it.
    case asked
    /// What is stored may be of another history: it has to be compared with that of a peer which holds the decided one.
    case unsure
    /// What is stored is the beginning of the decided history; the rest is fetched.
    case following
    /// The decided entries are stored, and nothing else.
    case settled
}

// Decisions: an authority's word on where a forked log ends. Every node that hears it, before or after the proof of the
// fork, and whichever history it holds, ends with the decided entries and no others.
extension Replica {
    /// Keys that may sign decisions about an origin.
    private func authorityKeys() -> [VerifierKey] { topology.nodes.filter(\.isAuthority).flatMap(\.keys) }

    /// A decision that a peer passed on.
    mutating func heardDecision(_ decided: DecidedFork, _ identifier: SessionID) {
        guard let log = logOfOrigin[Array(decided.proof.firstNote.prefix { $0 != 0x0a })],
            let slot = sessions.slot(identifier), logs[log].decision?.evidence.note != decided.note
        else { return }
        guard sessions[slot].flaws.take(now: now) else {
            report(.flooding(peer: name(sessions[slot].peer)))
            return
        }
        guard let decision = try? decided.verify(keys: logs[log].keys, authorities: authorityKeys()) else { return }
        sessions[slot].flaws.giveBack()
        establish(decision, log, except: identifier)
    }

    /// This node's own decision, made by an authority's operator. False where it does not count here: it is not an
    /// authority's, or one is known that prevails over it.
    package mutating func decide(_ decided: DecidedFork, now: UInt64) -> Bool {
        self.now = now
        guard let log = logOfOrigin[Array(decided.proof.firstNote.prefix { $0 != 0x0a })],
            let decision = try? decided.verify(keys: logs[log].keys, authorities: authorityKeys())
        else { return false }
        establish(decision, log, except: nil)
        return logs[log].decision == decision
    }

    private mutating func establish(_ decision: VerifiedForkDecision, _ log: Int, except source: SessionID?) {
        // A decision proves the fork that it is about.
        if forks[log] == nil { establishFork(log, decision.evidence.proof, except: source) }
        if let known = logs[log].decision, !decision.decision.prevails(over: known.decision) { return }
        begin(decision, log)
        let authority = printable(String(decoding: decision.authority, as: UTF8.self))
        act(.report(.decided(origin: logs[log].origin.description, size: decision.size, authority: authority)))
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].identifier != source {
            act(.send(sessions[slot].identifier, .decision(decision.evidence)))
        }
    }

    /// A decision that the store held at the start.
    mutating func takeUp(_ decided: DecidedFork) {
        guard let log = logOfOrigin[Array(decided.proof.firstNote.prefix { $0 != 0x0a })], forks[log] != nil,
            let decision = try? decided.verify(keys: logs[log].keys, authorities: authorityKeys())
        else { return }
        begin(decision, log)
    }

    private mutating func begin(_ decision: VerifiedForkDecision, _ log: Int) {
        logs[log].decision = decision
        logs[log].commonSize = nil
        dropWaiting(log) { _ in true }
        askToSettle(log, commonSize: nil)
    }

    private mutating func askToSettle(_ log: Int, commonSize: UInt64?) {
        guard let decision = logs[log].decision else { return }
        logs[log].settlement = .asked
        logs[log].settleAt = now + ReplicaLimits.settleMilliseconds
        lackMayHaveChanged(log)
        act(.settle(decision, commonSize: commonSize))
    }
}

// Bringing the stored entries to the decided end.
extension Replica {
    /// Whether the store holds the decided entries and no others.
    private func isSettled(_ log: Int) -> Bool {
        guard let decision = logs[log].decision, logs[log].stored == decision.size else { return false }
        return decision.size == 0 || logs[log].checkpoint.map { decision.decision.isStated(by: $0) } == true
    }

    /// The store has cut the log, or replaced what it held of it: whether it now holds a beginning of the decided history
    /// is not known, unless it holds nothing.
    mutating func settledAfresh(_ log: Int) {
        guard logs[log].decision != nil, log != ownLog else { return }
        let wasCompared = logs[log].commonSize == logs[log].stored
        logs[log].commonSize = nil
        if isSettled(log) {
            logs[log].settlement = .settled
        } else if logs[log].stored == 0 || wasCompared {
            logs[log].settlement = .following
        } else {
            logs[log].settlement = .unsure
            compareWithDecided(log)
        }
    }

    /// Entries arrived: with the last one the log has its decided end.
    mutating func settlementMayHaveChanged(_ log: Int) {
        if logs[log].settlement == .following, isSettled(log) { logs[log].settlement = .settled }
    }

    /// Compares what is stored with the history of a peer that holds the decided one, where there is such a peer.
    mutating func compareWithDecided(_ log: Int) {
        guard logs[log].settlement == .unsure, let decision = logs[log].decision, let checkpoint = decision.checkpoint,
            searches.count < ReplicaLimits.searchesAtOnce, !searches.values.contains(where: { $0.log == log })
        else { return }
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen {
            guard let holding = sessions[slot].holdings[log], decision.decision.isStated(by: holding.checkpoint),
                !strikes.isResting(peer: sessions[slot].peer, log: log, now: now)
            else { continue }
            return search(checkpoint, log, sessions[slot].identifier)
        }
    }

    /// As far as both reach, the stored history is the decided one.
    mutating func foundBeginning(_ running: RunningSearch) {
        let log = running.log
        guard let decision = logs[log].decision, logs[log].settlement == .unsure,
            decision.decision.isStated(by: running.search.theirs), running.search.ownSize == logs[log].stored
        else { return }
        // One that reaches further is cut by the store.
        guard logs[log].stored <= decision.size else { return askToSettle(log, commonSize: decision.size) }
        logs[log].settlement = .following
        lackMayHaveChanged(log)
    }

    /// The stored history parts from the decided one at an index: it is cut there.
    mutating func endComparison(_ number: UInt64, partedAt index: UInt64) {
        guard let running = searches[number] else { return }
        endSearch(number, .unprovable)
        guard let decision = logs[running.log].decision, logs[running.log].settlement == .unsure,
            decision.decision.isStated(by: running.search.theirs)
        else { return }
        logs[running.log].commonSize = index
        askToSettle(running.log, commonSize: index)
    }

    /// What the store could not do, or nobody could be asked for, is tried again.
    mutating func goOnSettling() {
        for log in forks.keys.sorted() where now >= logs[log].settleAt {
            switch logs[log].settlement {
            case .unsure:
                logs[log].settleAt = now + ReplicaLimits.settleMilliseconds
                if logs[log].stored >= logs[log].wanted { askToSettle(log, commonSize: nil) } else { compareWithDecided(log) }
            case .asked where log != ownLog: askToSettle(log, commonSize: logs[log].commonSize)
            case .undecided, .asked, .following, .settled: break
            }
        }
    }
}
