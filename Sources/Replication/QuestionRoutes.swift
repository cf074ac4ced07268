/// Which questions were seen, and from where: the way back for the replies. Bounded: the oldest are forgotten.
struct QuestionRoutes {
    enum Source {
        case own
        case session(SessionID)
        case lost
    }

    private struct Route {
        var source: Source
        /// Replies that came in through each session: never more than there are nodes.
        var replies: [SessionID: Int] = [:]
    }

    private var routes: [UInt64: Route] = [:]
    /// A ring of the questions in the order in which they were seen.
    private var order: [UInt64] = []
    private var oldest = 0
    private static let capacity = 4_096

    /// Remembers where a question came from; false where it was seen before.
    mutating func insert(_ identifier: UInt64, _ source: Source) -> Bool {
        guard routes[identifier] == nil else { return false }
        if order.count < Self.capacity {
            order.append(identifier)
        } else {
            routes[order[oldest]] = nil
            order[oldest] = identifier
            oldest = (oldest + 1) % Self.capacity
        }
        routes[identifier] = Route(source: source)
        return true
    }

    func source(_ identifier: UInt64) -> Source? { routes[identifier]?.source }

    /// Counts a reply that came through a session; false where that has brought as many as there can be.
    mutating func admitsReply(to identifier: UInt64, through session: SessionID, nodes: Int) -> Bool {
        guard routes[identifier] != nil else { return false }
        let count = routes[identifier]?.replies[session] ?? 0
        guard count < nodes else { return false }
        routes[identifier]?.replies[session] = count + 1
        return true
    }

    /// A session has ended: replies to what it asked lead nowhere. Once a session and bounded by the capacity.
    mutating func forget(_ session: SessionID) {
        for identifier in order {
            if case .session(session) = routes[identifier]?.source { routes[identifier]?.source = .lost }
            routes[identifier]?.replies[session] = nil
        }
    }
}

/// Others' questions that the owner is answering.
struct AnswersUnderWay {
    private var since: [UInt64: UInt64] = [:]

    /// Whether one more is taken on.
    mutating func begin(_ identifier: UInt64, now: UInt64) -> Bool {
        guard since.count < ReplicaLimits.answersAtOnce else { return false }
        since[identifier] = now
        return true
    }

    mutating func end(_ identifier: UInt64) { since[identifier] = nil }

    /// What was not answered for long will not be.
    mutating func expire(now: UInt64) {
        guard !since.isEmpty else { return }
        since = since.filter { now < $0.value + ReplicaLimits.answerMilliseconds }
    }
}
