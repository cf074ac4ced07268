internal import Federation
package import SyncProtocol
internal import TransparencyLog

/// Which questions were seen, and from where: the way back for the replies. Bounded: the oldest are forgotten.
struct QuestionRoutes {
    enum Source {
        case own
        case session(SessionID)
        case lost
    }

    private var sources: [UInt64: Source] = [:]
    private var order: [UInt64] = []
    private static let capacity = 4_096

    /// Remembers where a question came from; false where it was seen before.
    mutating func insert(_ identifier: UInt64, _ source: Source) -> Bool {
        guard sources[identifier] == nil else { return false }
        if order.count >= Self.capacity { sources[order.removeFirst()] = nil }
        order.append(identifier)
        sources[identifier] = source
        return true
    }

    func source(_ identifier: UInt64) -> Source? { sources[identifier] }

    mutating func forget(_ session: SessionID) {
        for identifier in order {
            if case .session(session) = sources[identifier] { sources[identifier] = .lost }
        }
    }
}

// Questions go out over every link and come by each node once; replies go back the way the question came.
extension Replica {
    /// Asks every node; this node's own reply is for the caller to make.
    package mutating func ask(_ question: Question) {
        guard routes.insert(question.identifier, .own) else { return }
        forward(question, except: nil)
    }

    mutating func heardQuestion(_ question: Question, _ identifier: SessionID) {
        guard routes.insert(question.identifier, .session(identifier)) else { return }
        forward(question, except: identifier)
        act(.answer(question))
    }

    private mutating func forward(_ question: Question, except origin: SessionID?) {
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].identifier != origin {
            act(.send(sessions[slot].identifier, .question(question)))
        }
    }

    mutating func heardReply(_ reply: Reply, _ identifier: SessionID) { route(reply) }

    /// This node's answer to another's question.
    package mutating func replied(_ reply: Reply) { route(reply) }

    private mutating func route(_ reply: Reply) {
        switch routes.source(reply.identifier) {
        case .own: act(.deliver(reply))
        case .session(let session): if sessions.slot(session) != nil { act(.send(session, .reply(reply))) }
        case .lost, nil: break
        }
    }
}

// Forks.
extension Replica {
    /// A fork proof that a peer passed on.
    mutating func heardFork(_ proof: ForkProof, _ identifier: SessionID) {
        guard let first = try? SignedNote(proof.firstNote), let line = first.text.split(separator: 0x0a, maxSplits: 1).first,
            let log = logOfOrigin[Array(line)], forks[log] == nil,
            (try? proof.verify(keys: logs[log].keys)) != nil
        else { return }
        establishFork(log, proof, except: identifier)
    }

    /// Keeps a verified proof, freezes its origin and tells everybody.
    mutating func establishFork(_ log: Int, _ proof: ForkProof, except source: SessionID?) {
        guard forks[log] == nil, (try? proof.verify(keys: logs[log].keys)) != nil else { return }
        forks[log] = proof
        logs[log].isFrozen = true
        logs[log].restart()
        act(.storeFork(logs[log].origin, proof))
        act(.report(.forked(origin: logs[log].origin.description)))
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].identifier != source {
            act(.send(sessions[slot].identifier, .fork(proof)))
        }
    }
}

/// Reports that were made already, so that a peer that tries again and again is logged once.
struct ReportedOnce {
    private var seen: [ReplicaReport] = []

    mutating func isNew(_ report: ReplicaReport) -> Bool {
        if seen.contains(report) { return false }
        if seen.count >= 256 { seen.removeFirst() }
        seen.append(report)
        return true
    }

    /// A peer whose session opened is reported afresh when it is refused again.
    mutating func forget(peer: String) {
        seen.removeAll { report in
            switch report {
            case .refusedPeer(peer, _), .refusedByPeer(peer, _): true
            default: false
            }
        }
    }
}
