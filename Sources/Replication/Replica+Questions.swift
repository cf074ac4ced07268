internal import Federation
package import SyncProtocol

// Questions go out over every link and come by each node once; replies go back the way the question came.
extension Replica {
    /// Asks every node; this node's own reply is for the caller to make.
    package mutating func ask(_ question: Question) {
        guard routes.insert(question.identifier, .own) else { return }
        forward(question, except: nil)
    }

    mutating func heardQuestion(_ question: Question, _ identifier: SessionID) {
        guard let slot = sessions.slot(identifier) else { return }
        let cost = 1 + UInt64(question.byteCount / ReplicaLimits.questionBytes)
        guard sessions[slot].questions.take(cost, now: now) else {
            report(.flooding(peer: name(sessions[slot].peer)))
            return
        }
        guard routes.insert(question.identifier, .session(identifier)) else { return }
        forward(question, except: identifier)
        switch question.content {
        case .result: act(.answer(question))
        case .frontier, .attest:
            if answering.begin(question.identifier, now: now) { act(.answer(question)) }
        }
    }

    private mutating func forward(_ question: Question, except origin: SessionID?) {
        for slot in 0..<sessions.count where sessions[slot].machine.isOpen && sessions[slot].identifier != origin {
            act(.send(sessions[slot].identifier, .question(question)))
        }
    }

    mutating func heardReply(_ reply: Reply, _ identifier: SessionID) {
        guard nodeNames.contains(reply.node),
            routes.admitsReply(to: reply.identifier, through: identifier, nodes: nodeNames.count)
        else { return }
        route(reply)
    }

    /// This node's answer to another's question.
    package mutating func replied(_ reply: Reply) {
        answering.end(reply.identifier)
        let message = Message.reply(reply)
        guard message.payloadByteCount < Limits.frameBytes else {
            let reason = "the answer does not fit into a frame of \(Limits.frameBytes) bytes"
            return route(Reply(identifier: reply.identifier, node: reply.node, content: .refusal(reason)))
        }
        route(reply)
    }

    private mutating func route(_ reply: Reply) {
        switch routes.source(reply.identifier) {
        case .own: act(.deliver(reply))
        case .session(let session):
            if let slot = sessions.slot(session), sessions[slot].machine.isOpen { act(.send(session, .reply(reply))) }
        case .lost, nil: break
        }
    }
}

extension Question {
    /// Bytes of what is asked, but for a few.
    fileprivate var byteCount: Int {
        switch content {
        case .frontier: 0
        case .attest(let cut): cut.count
        case .result(let cut, let attestations): attestations.reduce(cut.count) { $0 + $1.count }
        }
    }
}
