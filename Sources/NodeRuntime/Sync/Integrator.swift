internal import Cryptography
internal import Federation
internal import Replication
internal import Storage
internal import Synchronization
internal import TransparencyLog

/// Hashes and proves ranges before they are stored, and reads what the history will take of them, one after another, on a
/// thread of its own beside the writer's, which waits for the disk and has to do as little else as can be.
final class Integrator: Sendable {
    private let node: Node
    private let lane: any Lane
    /// The tree of each log up to what was handed to the writer.
    private let trees = Mutex<[OriginName: CompactRange]>([:])
    private let folding: Mutex<EntryFolding>
    private let isStopped = Mutex(false)
    private let done: @Sendable (Integration, IntegrationFailure?) -> Void

    init(node: Node, done: @escaping @Sendable (Integration, IntegrationFailure?) -> Void) {
        self.node = node
        lane = node.environment.makeLane(.integrator)
        folding = Mutex(EntryFolding(history: node.history))
        self.done = done
    }

    func submit(_ integration: Integration) {
        lane.async { [self] in
            if !isStopped.withLock({ $0 }) { integrate(integration) }
        }
    }

    /// Hands nothing to the writer any more.
    func stop() {
        isStopped.withLock { $0 = true }
        lane.sync {}
    }

    /// What was handed on but not stored is forgotten: the next range follows on the store.
    func reset(_ origin: OriginName) { trees.withLock { $0[origin] = nil } }

    /// The own past is being fetched: what was recorded and never published belongs behind it.
    private func makeRoomForPast() -> Bool {
        do {
            if try node.writer.makeRoomForPast() { reset(node.origin) }
            return true
        } catch { return false }
    }

    private func integrate(_ integration: Integration) {
        let origin = integration.origin
        if origin == node.origin, !makeRoomForPast() { return done(integration, .store) }
        let stored = node.log.state(origin)?.range ?? CompactRange()
        var tree = trees.withLock { $0[origin] } ?? stored
        guard tree.size == integration.first else {
            reset(origin)
            done(integration, .outOfOrder)
            return
        }
        var hashes: [Digest] = []
        hashes.reserveCapacity(Int(integration.end - integration.first))
        var bundleRoots: [Digest] = []
        for piece in integration.pieces {
            let start = hashes.count
            piece.appendLeafHashes(to: &hashes)
            if tree.size % Tiling.width == 0, piece.count == Int(Tiling.width) {
                var scratch = Array(hashes[start...])
                let root = perfectRoot(&scratch)
                tree.append(root, level: Tiling.height)
                bundleRoots.append(root)
            } else {
                for hash in hashes[start...] { tree.append(hash) }
            }
        }
        let checkpoint = integration.checkpoint
        guard
            Proofs.isConsistent(
                first: tree.size, firstRoot: tree.root, second: checkpoint.size, secondRoot: checkpoint.root,
                path: integration.proof)
        else {
            reset(origin)
            done(integration, .unproven)
            return
        }
        trees.withLock { $0[origin] = tree }
        let range = ProvenRange(
            origin: origin, first: integration.first, pieces: integration.pieces, hashes: hashes,
            bundleRoots: bundleRoots, checkpoint: checkpoint, proof: integration.proof,
            folded: fold(integration, hashes))
        node.writer.submit(
            .integrate(range) { [self] failure in
                if failure != nil { reset(origin) }
                done(integration, failure == nil ? nil : .store)
            })
    }

    /// Nil where the writer has to say what is wrong.
    private func fold(_ integration: Integration, _ hashes: [Digest]) -> FoldedEntries? {
        folding.withLock { folding in
            let history = node.history
            if folding.history !== history { folding = EntryFolding(history: history) }
            guard let number = try? history.originNumber(integration.origin.line) else { return nil }
            folding.fold(integration.pieces, origin: number, first: integration.first, hashes: hashes)
            return folding.take()
        }
    }
}
