package import CoreMetrics
internal import Cryptography
internal import Federation
internal import Foundation
package import Logging
internal import NIOCore
internal import NIOPosix
internal import ServiceLifecycle
internal import Storage
internal import Synchronization
internal import Transport

/// A node that runs: links to its peers, the control socket, and the chores of time, until it is told to stop.
package final class NodeService: Service {
    let node: Node
    let sync: SyncService
    /// What can be asked of the node while it runs.
    package let commands: NodeCommands
    private let logger: Logger
    private let group: MultiThreadedEventLoopGroup
    private let chores: Chores

    /// Opens the data folder; it must hold an assembled topology that lists its keys.
    package init(
        folder: NodeFolder, logger: Logger, metrics: any MetricsFactory = NOOPMetricsHandler.instance
    ) throws {
        var environment = NodeEnvironment()
        environment.measure(in: metrics)
        environment.beginCounters()
        let identity = try NodeIdentity(folder: folder)
        try folder.checkKeys(identity, FederationFiles.topology(folder.topologyFile), folder.topologyFile)
        node = try Self.opening(folder) { try Node(folder: folder, environment: environment) }
        let lacking = node.topology.nodesWithoutKeys
        guard lacking.isEmpty else {
            throw NodeFailure(
                .invalid,
                "\(folder.topologyFile) lists no keys of \(lacking.joined(separator: ", ")): assemble it with every node's keys"
            )
        }
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let node = node
        sync = try Self.opening(folder) { try SyncService(node: node, logger: logger) }
        commands = NodeCommands(node: node, sync: sync)
        chores = Chores(node: node, logger: logger)
    }

    /// Whatever of the store cannot be read at a start: what is left of it can be saved.
    private static func opening<Value>(_ folder: NodeFolder, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch let failure as StoreFailure where failure.code == .corrupt {
            throw NodeFailure(
                .storage,
                "\(folder.logFile) is damaged: run concord rescue --data \(folder.path), start the node again, and run concord "
                    + "resync: what is missing comes from its peers (\(failure))")
        }
    }

    package func run() async throws {
        let identity = try LinkIdentity(seed: node.linkKey.seed)
        let allowed = Set(
            node.topology.nodes.indices.filter { node.topology.areLinked(node.index, $0) }.compactMap {
                node.topology.nodes[$0].tlsKey
            })
        let configuration = LinkConfiguration(identity: identity, maximumFrameLength: SyncService.maximumFrame) {
            [weak sync] in allowed.contains($0) && sync?.isCutOff($0) != true
        }
        let own = node.topology.nodes[node.index]
        let listener = try await Listener.bind(
            host: own.host, port: own.port, group: group, configuration: configuration, handler: sync)
        let commands = commands
        let control = try ControlServer(path: node.folder.controlSocket, isBrief: NodeCommands.isBrief) {
            try commands.handle($0, drafts: $1, reader: $2, emit: $3)
        }
        control.start()
        sync.start()
        chores.start()
        logger.notice("\(node.identity.node) of \(node.topology.federation) listens on \(own.address)")
        await keepLinks(configuration)
        logger.notice("stopping")
        chores.stop()
        control.stop()
        await listener.close()
        sync.stop()
        try node.close()
        node.published.sync()
        try await group.shutdownGracefully()
    }

    /// Dials the peers that this node has to dial, until it is told to stop. Of two linked nodes the one that names the
    /// other dials; where both do, the one whose name comes first.
    private func keepLinks(_ configuration: LinkConfiguration) async {
        let own = node.topology.nodes[node.index]
        await withTaskGroup { tasks in
            for peer in node.topology.nodes where own.peers.contains(peer.name) {
                if peer.peers.contains(own.name), peer.name < own.name { continue }
                guard let key = peer.tlsKey else { continue }
                let dialer = Dialer(
                    host: peer.host, port: peer.port, expectedKey: key, group: group, configuration: configuration,
                    handler: sync,
                    backoff: Backoff(initialMilliseconds: 100, maximumMilliseconds: 5_000),
                    jitter: { Int.random(in: 0..<max(1, $0)) })
                tasks.addTask { await cancelWhenGracefulShutdown { await dialer.run() } }
            }
            tasks.addTask { try? await gracefulShutdown() }
            await tasks.waitForAll()
        }
    }
}
