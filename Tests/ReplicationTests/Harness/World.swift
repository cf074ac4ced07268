import Federation
import Replication
import Simulation
import SyncProtocol
import TransparencyLog

/// A federation of nodes in memory, in virtual time. One seed decides everything: delays, losses, what is recorded.
///
/// Within a link's direction messages arrive in the order in which they were sent, as over TCP; across links they overtake
/// each other. Every message is encoded and decoded on its way.
final class World {
    struct Link {
        let ends: (Int, Int)
        /// Whether the line is cut, so that it is not dialled again.
        var isCut = false
        var sessions: (SessionID, SessionID)?
        /// When the last message in each direction arrives.
        var lastArrival: (UInt64, UInt64) = (0, 0)
        var delay: ClosedRange<UInt64>
    }

    enum Event {
        case tick(Int)
        case deliver(link: Int, toFirst: Bool, session: SessionID, type: UInt8, payload: [UInt8])
        case hangUp(link: Int, SessionID)
        case dial(link: Int)
        case store(Int, life: Int, (World, MemoryNode) -> Void)
        case script((World) -> Void)
    }

    let federation: TestFederation
    private(set) var nodes: [MemoryNode]
    var links: [Link]
    private(set) var now: UInt64 = 1_000_000
    var random: SeededRandom
    var storeDelay: ClosedRange<UInt64> = 0...5
    private var queue = EventQueue<Event>()
    private var lastSession: UInt64 = 0
    private var lives: [Int]
    /// When each node's store is done with what it was given: it works in order.
    private var storeBusyUntil: [UInt64]
    /// Messages of each type that arrived, and their bytes.
    private(set) var traffic: [UInt8: (count: Int, bytes: Int)] = [:]
    static let redialMilliseconds: UInt64 = 500

    init(
        _ federation: TestFederation, seed: UInt64, delay: ClosedRange<UInt64> = 5...40,
        confirmation: (Int) -> Confirmation = { _ in .done }
    ) {
        self.federation = federation
        random = SeededRandom(seed: seed)
        nodes = federation.topology.nodes.indices.map {
            MemoryNode($0, federation, store: MemoryStore(federation), confirmation: confirmation($0))
        }
        lives = nodes.map { _ in 0 }
        storeBusyUntil = nodes.map { _ in 0 }
        links = federation.links.map { Link(ends: $0, delay: delay) }
        for node in nodes { queue.push(.tick(node.index), at: now + UInt64.random(in: 0..<20, using: &random)) }
        for link in links.indices { queue.push(.dial(link: link), at: now + UInt64.random(in: 0..<50, using: &random)) }
        for node in nodes { carryOut(node) }
    }

    // MARK: Time

    func run(_ milliseconds: UInt64) {
        let end = now + milliseconds
        while let time = queue.nextTime, time <= end, let (at, event) = queue.pop() {
            now = max(now, at)
            happen(event)
        }
        now = end
    }

    /// Runs until something holds, looking every 50 ms; false where it did not within the limit.
    func run(until isDone: (World) -> Bool, limit: UInt64 = 120_000) -> Bool {
        let end = now + limit
        while now < end {
            if isDone(self) { return true }
            run(50)
        }
        return isDone(self)
    }

    func after(_ milliseconds: UInt64, _ script: @escaping (World) -> Void) {
        queue.push(.script(script), at: now + milliseconds)
    }

    private func happen(_ event: Event) {
        switch event {
        case .tick(let index):
            queue.push(.tick(index), at: now + 20)
            guard nodes[index].isUp else { return }
            nodes[index].replica.tick(now: now)
            carryOut(nodes[index])
        case .deliver(let link, let toFirst, let session, let type, let payload):
            deliver(link, toFirst, session, type, payload)
        case .hangUp(let link, let session): hangUp(link, session)
        case .dial(let link): dial(link)
        case .store(let index, let life, let work):
            guard nodes[index].isUp, lives[index] == life else { return }
            work(self, nodes[index])
            carryOut(nodes[index])
        case .script(let script): script(self)
        }
    }

    // MARK: What a test does

    func record(_ node: Int, _ count: Int = 1) {
        guard nodes[node].isUp else { return }
        nodes[node].record(count, &random, now: now)
        carryOut(nodes[node])
    }

    func ask(_ node: Int, _ question: Question) {
        nodes[node].replica.ask(question)
        carryOut(nodes[node])
    }

    func change(_ node: Int, _ body: (inout Replica) -> Void) {
        body(&nodes[node].replica)
        carryOut(nodes[node])
    }

    func link(_ first: Int, _ second: Int) -> Int {
        links.firstIndex { $0.ends == (first, second) || $0.ends == (second, first) }!
    }

    /// The line is interrupted, and everything on its way is lost.
    func cut(_ first: Int, _ second: Int) {
        let link = link(first, second)
        links[link].isCut = true
        drop(link)
    }

    func heal(_ first: Int, _ second: Int) {
        let link = link(first, second)
        links[link].isCut = false
        queue.push(.dial(link: link), at: now + 10)
    }

    /// Loses a link as it stands; it is dialled again.
    func lose(_ link: Int) {
        drop(link)
        queue.push(.dial(link: link), at: now + Self.redialMilliseconds)
    }

    /// Gives a node another store, as a restored backup or a disk from elsewhere would, and starts it again.
    func replaceStore(_ node: Int, confirmation: Confirmation = .done, _ change: (inout MemoryStore) -> Void) {
        crash(node)
        change(&nodes[node].store)
        restart(node, confirmation: confirmation)
    }

    func crash(_ node: Int) {
        nodes[node].isUp = false
        lives[node] += 1
        for link in links.indices where links[link].ends.0 == node || links[link].ends.1 == node { drop(link) }
    }

    func restart(_ node: Int, confirmation: Confirmation = .done) {
        if nodes[node].isUp { crash(node) }
        nodes[node].restart(confirmation: confirmation)
        storeBusyUntil[node] = now
        carryOut(nodes[node])
        for link in links.indices where links[link].ends.0 == node || links[link].ends.1 == node {
            queue.push(.dial(link: link), at: now + 10)
        }
    }
}

// Links.
extension World {
    private func dial(_ link: Int) {
        let (first, second) = links[link].ends
        guard !links[link].isCut, links[link].sessions == nil, nodes[first].isUp, nodes[second].isUp else { return }
        let sessions = (newSession(), newSession())
        links[link].sessions = sessions
        links[link].lastArrival = (now, now)
        nodes[first].replica.linkOpened(sessions.0, peer: second, now: now, wallMilliseconds: now)
        nodes[second].replica.linkOpened(sessions.1, peer: first, now: now, wallMilliseconds: now)
        carryOut(nodes[first])
        carryOut(nodes[second])
    }

    private func newSession() -> SessionID {
        lastSession += 1
        return SessionID(lastSession)
    }

    private func drop(_ link: Int) {
        guard let sessions = links[link].sessions else { return }
        links[link].sessions = nil
        for (node, session) in [(links[link].ends.0, sessions.0), (links[link].ends.1, sessions.1)] where nodes[node].isUp {
            nodes[node].replica.linkClosed(session, reason: "connection lost", now: now)
            carryOut(nodes[node])
        }
    }

    /// One side has closed: what it sent before has arrived by now.
    private func hangUp(_ link: Int, _ session: SessionID) {
        guard let sessions = links[link].sessions, sessions.0 == session || sessions.1 == session else { return }
        lose(link)
    }

    /// The link of a node's session, and whether the node is its first end.
    private func place(_ node: Int, _ session: SessionID) -> (link: Int, isFirst: Bool)? {
        for (link, line) in links.enumerated() {
            guard let sessions = line.sessions else { continue }
            if line.ends.0 == node, sessions.0 == session { return (link, true) }
            if line.ends.1 == node, sessions.1 == session { return (link, false) }
        }
        return nil
    }

    private func arrival(_ link: Int, toFirst: Bool) -> UInt64 {
        let time = now + UInt64.random(in: links[link].delay, using: &random)
        let last = toFirst ? links[link].lastArrival.0 : links[link].lastArrival.1
        let arrival = max(time, last)
        if toFirst { links[link].lastArrival.0 = arrival } else { links[link].lastArrival.1 = arrival }
        return arrival
    }

    private func send(_ node: MemoryNode, _ session: SessionID, _ message: Message) {
        guard let (link, isFirst) = place(node.index, session), let sessions = links[link].sessions else { return }
        let peer = isFirst ? links[link].ends.1 : links[link].ends.0
        for message in node.disguise(message, peer) {
            if case .pull(let pull) = message { node.pulls.append((now, pull, peer)) }
            let payload = message.payload.flatMap { $0 }
            precondition(payload.count < Limits.frameBytes, "a frame is within its limit")
            queue.push(
                .deliver(
                    link: link, toFirst: !isFirst, session: isFirst ? sessions.1 : sessions.0, type: message.type,
                    payload: payload),
                at: arrival(link, toFirst: !isFirst))
        }
    }

    private func deliver(_ link: Int, _ toFirst: Bool, _ session: SessionID, _ type: UInt8, _ payload: [UInt8]) {
        guard let sessions = links[link].sessions, (toFirst ? sessions.0 : sessions.1) == session else { return }
        let node = nodes[toFirst ? links[link].ends.0 : links[link].ends.1]
        traffic[type, default: (0, 0)].count += 1
        traffic[type, default: (0, 0)].bytes += payload.count
        do {
            let message = try Message(type: type, payload: payload)
            if case .range(let range) = message, range.request == 0 { node.pushes += 1 }
            node.replica.received(message, from: session, now: now)
        } catch {
            node.replica.receivedUndecodable("\(error)", from: session)
        }
        carryOut(node)
    }
}

// What a replica wants done.
extension World {
    func carryOut(_ node: MemoryNode) {
        for action in node.replica.takeActions() { carryOut(action, node) }
    }

    /// The store works on one thing after another, and takes its time.
    private func store(_ node: MemoryNode, _ work: @escaping (World, MemoryNode) -> Void) {
        storeBusyUntil[node.index] = max(storeBusyUntil[node.index], now) + UInt64.random(in: storeDelay, using: &random)
        queue.push(.store(node.index, life: lives[node.index], work), at: storeBusyUntil[node.index])
    }

    private func carryOut(_ action: ReplicaAction, _ node: MemoryNode) {
        switch action {
        case .send(let session, let message): send(node, session, message)
        case .close(let session):
            guard let (link, isFirst) = place(node.index, session) else { return }
            queue.push(.hangUp(link: link, session), at: arrival(link, toFirst: !isFirst))
        case .serve(let session, let pull): answer(node, session) { $0[pull.origin]?.answer(pull) }
        case .serveEntries(let session, let pull): answer(node, session) { $0[pull.origin]?.answer(pull) }
        case .serveTiles(let session, let pull):
            answer(node, session) { logs in
                logs[pull.origin].map {
                    .tiles(TilesMessage(request: pull.request, tiles: $0.tiles(size: pull.size, pull.tiles)))
                }
            }
        case .integrate(let integration): store(node) { $0.integrate(integration, $1) }
        case .fill(let origin, let items):
            store(node) { world, node in
                for item in items { node.store[origin].fill(item.index, item.body) }
                node.replica.integrated(node.store[origin].held, now: world.now)
            }
        case .compare(let session, let checkpoint):
            store(node) { _, node in
                let root = node.store[OriginName(checkpoint.origin)!].root(at: checkpoint.size)
                node.replica.compared(checkpoint, ownRoot: root, session: session)
            }
        case .storeFork(let origin, let proof): node.store.forks.append((origin, proof))
        case .settle(let decision, let commonSize): store(node) { $0.settle(decision, commonSize, $1) }
        case .readTiles(let search, let origin, let size, let tiles):
            store(node) { _, node in node.replica.ownTiles(search: search, node.store[origin].tiles(size: size, tiles)) }
        case .proveInclusion(let search, let origin, let index):
            store(node) { _, node in node.replica.ownInclusion(search: search, node.store[origin].inclusion(index)) }
        case .answer(let question): answer(question, node)
        case .deliver(let reply): node.replies.append(reply)
        case .confirmed:
            node.confirmations += 1
            store(node) { world, node in
                let drafts = node.drafts
                node.drafts = 0
                if drafts > 0 { node.record(drafts, &world.random, now: world.now) }
            }
        case .unconfirmed: node.confirmations -= 1
        case .report(let report): node.reports.append(report)
        case .repairAnswer, .observeTime: break
        }
    }

    private func integrate(_ integration: Integration, _ node: MemoryNode) {
        if node.storeFails {
            node.replica.integrationFailed(integration, .store, now: now)
            node.replica.setPaused(true, now: now)
            return
        }
        // Nothing is stored of a frozen log but under the checkpoint that was decided.
        if node.store.forks.contains(where: { $0.0 == integration.origin }),
            node.store.decisions[integration.origin]?.checkpoint != integration.checkpoint.note
        {
            node.replica.integrationFailed(integration, .outOfOrder, now: now)
            return
        }
        if let failure = node.store[integration.origin].integrate(integration) {
            node.replica.integrationFailed(integration, failure, now: now)
        } else {
            node.integratedBytes += integration.byteCount
            node.replica.integrated(node.store[integration.origin].held, now: now)
        }
    }

    private func settle(_ decision: VerifiedForkDecision, _ commonSize: UInt64?, _ node: MemoryNode) {
        if node.storeFails { return }
        let origin = OriginName(decision.decision.origin)!
        node.store.decisions[origin] = decision.evidence
        if origin != node.origin { node.store[origin].settle(decision, commonSize) }
        node.replica.reset(node.store[origin].held, now: now)
    }

    private func answer(_ node: MemoryNode, _ session: SessionID, _ make: @escaping ([[UInt8]: MemoryLog]) -> Message?) {
        store(node) { world, node in
            let logs = Dictionary(uniqueKeysWithValues: node.store.logs.map { ($0.origin.line, $0) })
            if let message = make(logs) { world.send(node, session, message) }
            node.replica.served(session)
        }
    }

    private func answer(_ question: Question, _ node: MemoryNode) {
        node.asked.append(question)
        guard case .frontier = question.content else { return }
        let held = node.store.logs.compactMap { log in
            log.checkpoint.map { Reply.Held(note: $0.note, complete: $0.size, least: 0, root: $0.root) }
        }
        let name = Array(federation.topology.nodes[node.index].name.utf8)
        let hash = federation.topology.hash
        node.replica.replied(
            Reply(identifier: question.identifier, node: name, content: .frontier(held, topologyHash: hash, rulebookHash: hash))
        )
    }
}
