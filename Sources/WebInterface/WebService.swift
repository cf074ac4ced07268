// WebInterface: HTTP beside a running node: JSON API, metrics, health, log tiles, dashboard. It asks the node through its
// commands; it may import what stands above it, and not Storage, Replication, Transport or the command line.

internal import Foundation
internal import HummingbirdCore
internal import Hummingbird
package import Logging
internal import NIOCore
internal import NIOPosix
package import NodeRuntime
internal import ServiceLifecycle
internal import Synchronization

/// Serves HTTP for one node until it is told to stop. In a service group it stands behind the node, so that it is stopped
/// first.
package final class WebService: Service {
    private let commands: NodeCommands
    private let options: WebOptions
    private let registry: MetricsRegistry
    private let logger: Logger
    /// Where it listens, once it does.
    private let url = Mutex<String?>(nil)

    /// - Parameter registry: where the node's metrics go.
    package init(commands: NodeCommands, options: WebOptions, registry: MetricsRegistry, logger: Logger) {
        self.commands = commands
        self.options = options
        self.registry = registry
        self.logger = logger
    }

    package func run() async throws {
        let node = NodeCaller(commands)
        let jobs = Jobs(commands)
        let live = LiveStatus(node, logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let outcome: Result<Void, any Error>
        do {
            try await withThrowingTaskGroup { tasks in
                tasks.addTask { await live.run() }
                tasks.addTask { [self] in await tellAddress() }
                // The first visitor to a large population's pages should not be the one who waits.
                tasks.addTask { _ = try? await node.standings(day: node.run { $0.shownDay }) }
                tasks.addTask { [self] in
                    try await withGracefulShutdownHandler {
                        try await application(node, jobs, live, group).run()
                    } onGracefulShutdown: {
                        live.stop()
                    }
                }
                // Not waitForAll, which would wait for the others, who go on until they are told to stop, before it says what failed.
                for try await _ in tasks {}
            }
            outcome = .success(())
        } catch { outcome = .failure(listening(error)) }
        await jobs.stop()
        await node.stop()
        try? await group.shutdownGracefully()
        commands.folder.removeAddress()
        try outcome.get()
    }

    /// Says of a failure to listen what stands in the way and what to do.
    private func listening(_ error: any Error) -> any Error {
        let advice: String
        switch error {
        case let failure as IOError:
            switch failure.errnoCode {
            case EADDRINUSE:
                advice =
                    "another process listens there: stop that one, or choose another port with --http (0: one that is free)"
            case EADDRNOTAVAIL:
                advice =
                    "\(options.host) is no address of this machine: give one that it has with --http, or a port alone for 127.0.0.1"
            case EACCES, EPERM: advice = "this user may not: choose a port from 1024 on with --http"
            default: advice = "\(failure): choose another address with --http"
            }
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            advice = "the name \(options.host) has no address: give an address with --http"
        default: return error
        }
        return NodeFailure(.unavailable, "\(options.host):\(options.port) cannot be listened on for HTTP: \(advice)")
    }

    private func application(
        _ node: NodeCaller, _ jobs: Jobs, _ live: LiveStatus, _ group: MultiThreadedEventLoopGroup
    ) -> Application<WebResponder> {
        let metrics = WebMetrics(registry: registry)
        let folder = commands.folder
        let api = API(node: node, jobs: jobs, metrics: metrics, live: live, folder: folder.path)
        let logger = logger
        let tokens = TokenCheck(TokenFolder(folder)) { logger.warning("a token file allows nothing: \($0)") }
        let dashboard = Dashboard(node: node, live: live, tokens: tokens, rulebook: commands.rulebook)
        let responder = WebResponder(
            options: options, table: RouteTable(api.routes + dashboard.routes), tiles: LogTiles(node: node), tokens: tokens,
            folder: folder.path, metrics: metrics, logger: logger, problemPage: { dashboard.page($0) })
        let connections = ConnectionCount()
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .error)
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [ConnectionGuard(connections)],
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: WebLimits.headerBytes, maxHeaderListSize: WebLimits.headerBytes,
                        maxHeaderFieldCount: WebLimits.headerFields))),
            configuration: ApplicationConfiguration(
                address: .hostname(options.host, port: options.port),
                availableConnectionsDelegate: MaximumAvailableConnections(WebLimits.connections)),
            onServerRunning: { [self] in listens($0) }, eventLoopGroupProvider: .shared(group), logger: quiet)
    }

    /// Writes where it listens to its file, for a port that the system chose; on a full disk once there is room.
    private func tellAddress() async {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                var pause = Duration.milliseconds(20)
                if let url = url.withLock({ $0 }) {
                    do { return try commands.folder.writeAddress(url) } catch {
                        logger.error("\(error)")
                        pause = .seconds(1)
                    }
                }
                try? await Task.sleep(for: pause)
            }
        }
    }

    /// Says to the log where it listens.
    private func listens(_ channel: any Channel) {
        guard let address = channel.localAddress, let host = address.ipAddress, let port = address.port else { return }
        let url = "http://\(host.contains(":") ? "[\(host)]" : host):\(port)/"
        logger.notice("HTTP at \(url)")
        if !options.isLoopback {
            logger.warning(
                "HTTP is open to other machines, and is not encrypted: put a proxy with TLS before it, or listen on 127.0.0.1")
        }
        self.url.withLock { $0 = url }
    }
}
