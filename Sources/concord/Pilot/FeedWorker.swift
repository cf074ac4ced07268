internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Population

/// Records one node's events over its control socket, for as long as the feed runs. Where the node goes away in the middle
/// of a batch, the size of its log tells afterwards whether the batch was recorded.
struct FeedWorker {
    private let feed: Feed
    private let fleet: Fleet
    private let node: Int
    private var client: NodeClient?
    /// Entries of each node's log that this node holds, as far as was asked.
    private var held: [UInt64]
    /// When the node last took something, or was away for a known reason.
    private var lastGood = steadyMilliseconds()

    private static let batchEvents = 1_000
    private static let patienceMilliseconds: UInt64 = 20_000

    init(_ feed: Feed, fleet: Fleet, node: Int) {
        self.feed = feed
        self.fleet = fleet
        self.node = node
        held = Array(repeating: 0, count: feed.scenario.nodes.count)
    }

    mutating func work() throws {
        while !feed.isStopped {
            if feed.isHeld(node) || !fleet.isRunning(node) {
                client = nil
                lastGood = steadyMilliseconds()
            } else if try step() {
                continue
            }
            usleepMilliseconds(5)
        }
    }

    /// Records what can be recorded; false where there was nothing.
    private mutating func step() throws -> Bool {
        do {
            guard let client = try connected() else { return false }
            var batch = feed.batch(of: node, upTo: Self.batchEvents, held: held)
            if batch.isEmpty, isForeignTargetWaiting {
                try askHeld(client)
                batch = feed.batch(of: node, upTo: Self.batchEvents, held: held)
            }
            guard !batch.isEmpty else {
                lastGood = steadyMilliseconds()
                return false
            }
            let ordinal = feed.progress.recorded[node]
            let answer = try client.call("record", [("deduplicate", false)], drafts: batch.map(draft))
            var reply = try Answer(answer)
            let first = try reply.number("first")
            guard first == Int64(ordinal) else {
                throw NodeFailure(
                    .internal,
                    "\(feed.scenario.nodes[node]) recorded at \(first) what belongs at \(ordinal): it is fed by another")
            }
            feed.advance(node, to: ordinal + UInt64(batch.count))
            lastGood = steadyMilliseconds()
            return true
        } catch let failure as NodeFailure where failure.code == .unavailable {
            // It is being stopped, or has been.
            client = nil
            guard steadyMilliseconds() < lastGood + Self.patienceMilliseconds else { throw failure }
            return false
        }
    }

    /// A connection; after a new one the queue is brought in line with the node's log.
    private mutating func connected() throws -> NodeClient? {
        if let client { return client }
        guard let new = try NodeClient(running: fleet.federation.folders[node]) else { return nil }
        try askHeld(new)
        feed.advance(node, to: held[node])
        client = new
        return new
    }

    private mutating func askHeld(_ client: NodeClient) throws {
        let standing = try NodeStanding(client)
        for other in held.indices {
            held[other] = standing.log(fleet.federation.origin(other))?.recorded ?? 0
        }
    }

    /// Whether the next event corrects an entry of another node's log.
    private var isForeignTargetWaiting: Bool {
        feed.batch(of: node, upTo: 1, held: Array(repeating: .max, count: held.count)).first?.target.map { $0.node != node }
            ?? false
    }

    private func draft(_ occurrence: Occurrence) -> Draft {
        func position(_ target: Target) -> Position {
            Position(origin: fleet.federation.origin(target.node), index: target.ordinal)
        }
        let content: Body.Content
        switch occurrence.what {
        case .erasure(let target, let ground): return .erasure(target: position(target), ground: ground)
        case .observation(let factor, let quantity, let reference):
            content = .observation(factor: factor, quantity: quantity, reference: reference)
        case .retraction(let target, let reason): content = .retraction(target: position(target), reason: reason)
        case .appeal(let target, let reason): content = .appeal(target: position(target), reason: reason)
        case .ruling(let target, let verdict, let reason):
            content = .ruling(target: position(target), verdict: verdict, reason: reason)
        }
        return .body(day: occurrence.day, subject: occurrence.subject, content: content)
    }
}
