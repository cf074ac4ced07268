internal import CoreMetrics
internal import Cryptography
internal import Federation
package import Logging
package import Replication
internal import Scoring
internal import Storage
internal import SyncProtocol
internal import Synchronization
internal import TransparencyLog

/// Runs the replica: links bring frames in, its actions are carried out, the store tells it what became of them. The
/// replica itself is touched by one queue alone.
package final class SyncService: Sendable {
    package let node: Node
    let logger: Logger
    private let core: any Lane
    private let readers: any Lane
    private let state: CoreState
    private let links = Mutex<[SessionID: any PeerLink]>([:])
    private let integrator = Mutex<Integrator?>(nil)
    let convergence: Convergence
    let traffic = Mutex<Traffic>(Traffic())
    let arrivals = Arrivals()
    /// Peers, by index in the topology, with whom no link is kept until that is taken back.
    private let cutPeers = Mutex<Set<Int>>([])
    private let floods = Floods()
    private let frames: FrameCounters
    /// Whether the store takes nothing and is being tried.
    private let isResting = Atomic<Bool>(false)

    /// The replica in a box: only `core` opens it.
    private final class CoreState: @unchecked Sendable {
        var replica: Replica
        var timer: (any LaneTimer)?
        init(_ replica: consuming Replica) { self.replica = replica }
    }

    /// Bytes on the wire of links that have ended, for the sums.
    package struct Traffic: Sendable {
        package var sent: UInt64 = 0
        package var received: UInt64 = 0
    }

    package init(node: Node, logger: Logger) throws {
        self.node = node
        self.logger = logger
        core = node.environment.makeLane(.replica)
        readers = node.environment.makeLane(.readers)
        frames = FrameCounters(node.environment.metrics)
        let hello = Hello(
            federation: Array(node.topology.federation.utf8), node: Array(node.identity.node.utf8), epoch: node.identity.epoch,
            topologyHash: node.topology.hash, rulebookHash: node.rulebook.hash, wallMilliseconds: 0)
        var held: [HeldLog] = []
        for state in node.log.states { held.append(try node.held(state)) }
        let forks = try node.log.forks()
        let decisions = try node.log.decisions().map(\.decided)
        state = CoreState(
            Replica(
                topology: node.topology, ownNode: node.index, hello: hello, held: held, forks: forks, decisions: decisions,
                confirmation: .needed(all: !node.published.wasPresent, atLeast: node.published.initial?.size ?? 0))
        )
        convergence = Convergence(node: node)
        integrator.withLock {
            $0 = Integrator(node: node) { [unowned self] integration, failure in integrationEnded(integration, failure) }
        }
        convergence.setAsk { [unowned self] question in onCore { $0.ask(question) } }
        node.writer.setDelegate(self)
    }

    package func start() {
        core.sync {
            state.timer = core.every(20, delay: 20) { [unowned self] in
                state.replica.tick(now: node.steadyMilliseconds)
                carryOut()
            }
        }
        guard let obstacle = node.obstacle else { return }
        logger.error("the store takes nothing, and is tried again every second: \(obstacle)")
        restStore()
    }

    package func stop() {
        core.sync {
            state.timer?.cancel()
            state.timer = nil
        }
        ask { $0.shutDown() }
        for link in links.withLock({ Array($0.values) }) { link.close() }
        core.sync {}
        integrator.withLock { $0 }?.stop()
        readers.sync {}
    }

    /// Changes the replica on its queue and carries out what follows.
    package func onCore(_ body: @escaping @Sendable (inout Replica) -> Void) {
        core.async { [self] in
            body(&state.replica)
            carryOut()
        }
    }

    /// The same, waited for.
    package func ask<Value: Sendable>(_ body: @Sendable (inout Replica) -> Value) -> Value {
        core.sync {
            let value = body(&state.replica)
            carryOut()
            return value
        }
    }

    package var bytesOnTheWire: Traffic {
        var sum = traffic.withLock { $0 }
        for link in links.withLock({ Array($0.values) }) {
            sum.sent += link.bytesSent
            sum.received += link.bytesReceived
        }
        return sum
    }
}

// What the replica wants done.
extension SyncService {
    private func carryOut() {
        for action in state.replica.takeActions() { carryOut(action) }
    }

    private func carryOut(_ action: ReplicaAction) {
        switch action {
        case .send(let session, let message): send(message, to: session)
        case .close(let session): links.withLock { $0[session] }?.close()
        case .serve(let session, let pull): serve(pull.request, session) { try $0.answer(pull, session) }
        case .serveEntries(let session, let pull): serve(pull.request, session) { try $0.answer(pull, session) }
        case .serveTiles(let session, let pull): serve(pull.request, session) { try $0.answer(pull, session) }
        case .integrate(let integration): integrator.withLock { $0 }?.submit(integration)
        case .fill(let origin, let items): fill(origin, items)
        case .compare(let session, let checkpoint): compare(checkpoint, session)
        case .storeFork(let origin, let proof): storeFork(origin, proof)
        case .settle(let decision, let commonSize): settle(decision, commonSize)
        case .readTiles(let search, let origin, let size, let tiles): readTiles(search, origin, size, tiles)
        case .proveInclusion(let search, let origin, let index): proveInclusion(search, origin, index)
        case .confirmed: node.writer.confirm()
        case .unconfirmed: node.writer.withdrawConfirmation()
        case .answer(let question): answer(question)
        case .deliver(let reply): convergence.received(reply)
        case .repairAnswer(let request, let message): convergence.repairs.deliver(message, to: UInt64(request))
        case .observeTime(let milliseconds): node.observeTime(milliseconds: milliseconds)
        case .report(let report): report.tell(logger, node.environment)
        }
    }

    private func send(_ message: Message, to session: SessionID) {
        guard let link = links.withLock({ $0[session] }) else { return }
        frames.sent.increment()
        link.send(type: message.type, parts: message.payload.map { $0[...] })
    }

    private func serve(
        _ request: UInt32, _ session: SessionID, _ body: @escaping @Sendable (SyncService) throws -> Void
    ) {
        readers.async { [self] in
            do { try body(self) } catch {
                logger.error("a peer's request cannot be answered: \(error)")
                reply(.unavailable(request: request), to: session)
            }
            onCore { $0.served(session) }
        }
    }

    private func readTiles(_ search: UInt64, _ origin: OriginName, _ size: UInt64, _ coordinates: [TilePull.Coordinate]) {
        readers.async { [self] in
            let tiles = tiles(origin, size, coordinates)
            onCore { $0.ownTiles(search: search, tiles) }
        }
    }

    private func proveInclusion(_ search: UInt64, _ origin: OriginName, _ index: UInt64) {
        readers.async { [self] in
            let own = try? inclusion(origin, index)
            onCore { $0.ownInclusion(search: search, own) }
        }
    }

    func reply(_ message: Message, to session: SessionID) { send(message, to: session) }

    /// Stores bodies that were missing; one that is not what its entry commits to is passed over, since a peer chose it.
    private func fill(_ origin: OriginName, _ items: [EntriesMessage.Item]) {
        let good = items.filter { item in
            guard let stored = try? node.log.entry(origin, item.index) else { return false }
            return stored.entry == item.entry && Entry.commits(stored.entry, to: item.body)
        }
        if good.isEmpty { return }
        node.writer.submit(
            .exclusive { [self] refusal in
                guard refusal == nil else { return }
                do {
                    if try node.fill(origin, good) { writerIntegrated(origin) }
                } catch { node.writer.fail(error) }
            })
    }

    private func compare(_ checkpoint: SignedCheckpoint, _ session: SessionID) {
        readers.async { [self] in
            guard let origin = OriginName(checkpoint.origin) else { return }
            // Where the own root cannot be read nothing can be said against the peer's; the damage is for verify to find.
            let root = (try? node.log.root(origin, at: checkpoint.size)) ?? checkpoint.root
            onCore { $0.compared(checkpoint, ownRoot: root, session: session) }
        }
    }

    /// A proof that the disk does not take is tried again: it must not be forgotten.
    private func storeFork(_ origin: OriginName, _ proof: ForkProof) {
        if origin == node.origin { node.writer.stopSigning() }
        node.writer.submit(
            .exclusive { [self] refusal in
                guard refusal == nil else { return }
                do { try node.log.write { try $0.putFork(origin, proof) } } catch {
                    node.writer.fail(error)
                    core.after(1_000) { [weak self] in self?.storeFork(origin, proof) }
                }
            })
    }

    /// Keeps a decision and cuts the log that it is about. What the store could not do the replica asks for again.
    private func settle(_ decision: VerifiedForkDecision, _ commonSize: UInt64?) {
        guard let origin = OriginName(decision.decision.origin) else { return }
        node.writer.submit(
            .exclusive { [self] refusal in
                do {
                    if let refusal { throw refusal }
                    let hasCarried = try node.settle(decision, commonSize: commonSize)
                    if hasCarried { node.writer.publish() }
                } catch { return logger.error("the decision on \(origin) cannot be carried out yet: \(error)") }
                reset(origin)
                guard let state = node.log.state(origin), let held = try? node.held(state) else { return }
                onCore { [self] in $0.reset(held, now: node.steadyMilliseconds) }
            })
    }

    private func answer(_ question: Question) {
        readers.async { [self] in
            guard let reply = convergence.answer(question) else { return }
            onCore { $0.replied(reply) }
        }
    }

    private func integrationEnded(_ integration: Integration, _ failure: IntegrationFailure?) {
        guard let failure else { return noteArrival(integration) }
        onCore { [node] in $0.integrationFailed(integration, failure, now: node.steadyMilliseconds) }
    }

    private func noteArrival(_ integration: Integration) {
        guard let link = links.withLock({ $0[integration.session] }), let peer = node.topology.index(ofLinkKey: link.peerKey)
        else { return }
        arrivals.note(integration.origin, from: peer, integration.end - integration.first)
    }
}

// What the store did.
extension SyncService: LogWriterDelegate {
    func writerIntegrated(_ origin: OriginName) {
        guard let state = node.log.state(origin), let held = try? node.held(state) else { return }
        onCore { [node] in $0.integrated(held, now: node.steadyMilliseconds) }
    }

    func writerPublished(_ checkpoint: SignedCheckpoint, first: UInt64, pieces: [PackedEntries]) {
        onCore { [node] in $0.published(checkpoint, first: first, pieces: pieces, now: node.steadyMilliseconds) }
    }

    /// The store takes nothing: pulls rest, and it is tried again every second.
    func writerFailed(_ failure: NodeFailure) {
        let isNews = node.trouble.withLock { trouble in
            defer { trouble = failure.message }
            return trouble == nil
        }
        if isNews { logger.error("the store does not take what it should: \(failure.message)") }
        restStore()
    }

    /// Asks for nothing more, and tries every second whether the store takes something again.
    private func restStore() {
        guard isResting.exchange(true, ordering: .acquiringAndReleasing) == false else { return }
        onCore { [node] in $0.setPaused(true, now: node.steadyMilliseconds) }
        probeLater()
    }

    private func probeLater() {
        core.after(1_000) { [self] in
            let now = node.wallMilliseconds
            node.writer.submit(
                .exclusive { [self] refusal in
                    // The node is being stopped.
                    if refusal != nil { return }
                    do {
                        try node.regainStore()
                        try node.writer.settleHistory()
                        try node.log.write { try $0.setMeta("probe", Array("\(now)".utf8)) }
                        storeTakes()
                    } catch {
                        node.trouble.withLock { $0 = NodeFailure(error).message }
                        probeLater()
                    }
                })
        }
    }

    private func storeTakes() {
        logger.notice("the store takes entries again")
        node.trouble.withLock { $0 = nil }
        isResting.store(false, ordering: .releasing)
        onCore { [node] in $0.setPaused(false, now: node.steadyMilliseconds) }
    }
}

// Links.
extension SyncService {
    package func opened(_ link: any PeerLink) {
        guard let peer = node.topology.index(ofLinkKey: link.peerKey) else { return link.close() }
        let session = SessionID(link.identifier)
        links.withLock { $0[session] = link }
        if cutPeers.withLock({ $0.contains(peer) }) {
            links.withLock { $0[session] = nil }
            return link.close()
        }
        onCore { [node] in
            $0.linkOpened(session, peer: peer, now: node.steadyMilliseconds, wallMilliseconds: node.wallMilliseconds)
        }
    }

    package func received(_ type: UInt8, _ payload: [UInt8], from link: any PeerLink) {
        let session = SessionID(link.identifier)
        frames.received.increment()
        do {
            let message = try Message(type: type, payload: payload)
            if case .unknown = message, isFlood(payload.count, link) { return }
            onCore { [node] in $0.received(message, from: session, now: node.steadyMilliseconds) }
        } catch {
            let reason = "type \(type), \(payload.count) bytes: \(error)"
            onCore { $0.receivedUndecodable(reason, from: session) }
        }
    }

    /// Whether a message that nobody here understands was one too many: then the peer is cut off for a while.
    private func isFlood(_ bytes: Int, _ link: any PeerLink) -> Bool {
        guard let peer = node.topology.index(ofLinkKey: link.peerKey) else { return true }
        if floods.isCutOff(peer, now: node.steadyMilliseconds) { return true }
        guard let milliseconds = floods.note(bytes, from: peer, now: node.steadyMilliseconds) else { return false }
        logger.warning(
            "\(node.topology.nodes[peer].name) floods this node with messages that it does not know, and is cut off for \(milliseconds / 1_000) s: look what runs there"
        )
        for link in links.withLock({ $0.values.filter { $0.peerKey == link.peerKey } }) { link.close() }
        return true
    }

    /// Whether a link key belongs to a peer that is cut off for flooding.
    func isCutOff(_ key: [UInt8]) -> Bool {
        node.topology.index(ofLinkKey: key).map { floods.isCutOff($0, now: node.steadyMilliseconds) } ?? false
    }

    package func closed(_ link: any PeerLink, _ reason: String) {
        let session = SessionID(link.identifier)
        guard links.withLock({ $0.removeValue(forKey: session) }) != nil else { return }
        traffic.withLock {
            $0.sent += link.bytesSent
            $0.received += link.bytesReceived
        }
        onCore { [node] in $0.linkClosed(session, reason: reason, now: node.steadyMilliseconds) }
    }
}

extension SyncService {
    /// Type and payload of the largest message.
    static let maximumFrame = Limits.frameBytes

    /// Cuts the link with a peer, or lets it be made again.
    func setCut(_ isCut: Bool, peer: Int) {
        cutPeers.withLock { peers in
            if isCut { peers.insert(peer) } else { peers.remove(peer) }
        }
        guard isCut else { return }
        let key = node.topology.nodes[peer].tlsKey
        for link in links.withLock({ $0.values.filter { $0.peerKey == key } }) { link.close() }
    }

    /// Forgets what was handed on of a log and not stored.
    func reset(_ origin: OriginName) { integrator.withLock { $0 }?.reset(origin) }
}
