import Federation
import Replication
import SyncProtocol
import TransparencyLog

/// One node whose peers are played by the test, message by message.
final class Bench {
    let federation: TestFederation
    let node: MemoryNode
    var now: UInt64 = 1_000_000
    private var lastSession: UInt64 = 0
    /// What the replica wanted done since it was last looked at.
    private(set) var actions: [ReplicaAction] = []

    init(
        _ federation: TestFederation = .star(4), node: Int = 0, confirmation: Confirmation = .done,
        _ store: (inout MemoryStore) -> Void = { _ in }
    ) {
        self.federation = federation
        var made = MemoryStore(federation)
        store(&made)
        self.node = MemoryNode(node, federation, store: made, confirmation: confirmation)
        gather()
    }

    private func gather() { actions += node.replica.takeActions() }

    func take() -> [ReplicaAction] {
        defer { actions = [] }
        return actions
    }

    /// A session with a peer, opened by both sides; what the replica says at its beginning is left to be looked at.
    func open(_ peer: Int, holding announcements: [Announcement] = [], endsAnnouncing: Bool = true) -> SessionID {
        let session = link(peer)
        hear(.hello(federation.hello(peer)), session)
        if !announcements.isEmpty { hear(.announce(announcements), session) }
        if endsAnnouncing { hear(.announce([]), session) }
        return session
    }

    func link(_ peer: Int) -> SessionID {
        lastSession += 1
        let session = SessionID(lastSession)
        node.replica.linkOpened(session, peer: peer, now: now, wallMilliseconds: now)
        gather()
        return session
    }

    func hear(_ message: Message, _ session: SessionID) {
        node.replica.received(message, from: session, now: now)
        gather()
    }

    func change(_ body: (inout Replica) -> Void) {
        body(&node.replica)
        gather()
    }

    /// Lets time pass, tick by tick.
    func wait(_ milliseconds: UInt64) {
        let end = now + milliseconds
        while now < end {
            now = min(end, now + 20)
            node.replica.tick(now: now)
            gather()
        }
    }

    /// Stores what was handed over, as the store would, and gives the rest back.
    @discardableResult
    func integrate() -> Int {
        var count = 0
        for action in take() {
            guard case .integrate(let integration) = action else {
                actions.append(action)
                continue
            }
            count += 1
            if let failure = node.store[integration.origin].integrate(integration) {
                change { $0.integrationFailed(integration, failure, now: now) }
            } else {
                change { $0.integrated(node.store[integration.origin].held, now: now) }
            }
        }
        return count
    }

    /// Messages for a session among what the replica wanted done, and the rest is forgotten.
    func sent(_ session: SessionID) -> [Message] {
        take().compactMap { action in
            if case .send(session, let message) = action { message } else { nil }
        }
    }

    func pulls(_ session: SessionID) -> [Pull] {
        sent(session).compactMap { message in
            if case .pull(let pull) = message { pull } else { nil }
        }
    }

    /// Whether the replica has ended a session, and why.
    func refusal(_ session: SessionID) -> Refusal? {
        for action in actions {
            if case .send(session, .refusal(let refusal)) = action { return refusal }
        }
        return nil
    }

    var reports: [ReplicaReport] {
        actions.compactMap { action in
            if case .report(let report) = action { report } else { nil }
        }
    }

    func announcement(_ log: MemoryLog) -> Announcement { Announcement(note: log.checkpoint!.note, complete: log.size) }
}
