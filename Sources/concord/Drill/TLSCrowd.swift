internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NodeRuntime
internal import SyncProtocol
internal import Synchronization
internal import Transport

/// Many connections that do the whole handshake: with keys that nobody lists, and with the key of a listed node that has
/// turned hostile. Each comes back a second after it was sent away.
final class TLSCrowd: Sendable {
    struct Target: Sendable {
        let port: Int
        /// The node's link key.
        let key: [UInt8]
        /// Largest value of a frame's length field.
        let maximumFrame: Int
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let tasks: [Task<Void, Never>]
    private let hostile: HostilePeer

    /// - Parameters:
    ///   - unknown: connections with a key of their own each.
    ///   - listed: connections with the hostile node's key.
    ///   - seed: of the hostile node's link key.
    ///   - hello: what that node says first.
    init(_ target: Target, unknown: Int, listed: Int, seed: [UInt8], hello: Hello) throws {
        hostile = HostilePeer(hello: hello, maximumFrame: target.maximumFrame)
        group.next().execute { StrangerCrowd.standBack() }
        let stranger = HostilePeer(hello: nil, maximumFrame: target.maximumFrame)
        var tasks: [Task<Void, Never>] = []
        for number in 0..<(unknown + listed) {
            let isListed = number >= unknown
            let key = isListed ? seed : (0..<32).map { UInt8(truncatingIfNeeded: number >> ($0 % 4)) ^ UInt8($0) }
            let configuration = LinkConfiguration(
                identity: try LinkIdentity(seed: key), maximumFrameLength: target.maximumFrame, isAllowed: { _ in true })
            let dialer = Dialer(
                host: "127.0.0.1", port: target.port, expectedKey: target.key, group: group, configuration: configuration,
                handler: isListed ? hostile : stranger,
                backoff: Backoff(initialMilliseconds: 1_000, maximumMilliseconds: 2_000),
                jitter: { Int.random(in: 0..<max(1, $0)) })
            tasks.append(Task { await dialer.run() })
        }
        self.tasks = tasks
    }

    /// Links that the hostile node got, and largest frames that it has queued.
    var counts: (links: UInt64, frames: UInt64) { hostile.counts }

    func stop() {
        for task in tasks { task.cancel() }
        hostile.closeAll()
        try? group.syncShutdownGracefully()
    }
}

/// A node that says hello as it should and then floods every other link with frames of the largest size, of a kind that is
/// passed over, and is silent on the rest.
private final class HostilePeer: LinkHandler {
    private struct State {
        var links: [UInt64: Link] = [:]
        var opened: UInt64 = 0
        var frames: UInt64 = 0
    }

    private let hello: Hello?
    private let frame: [UInt8]
    private let state = Mutex(State())

    private static let unknownType: UInt8 = 200

    init(hello: Hello?, maximumFrame: Int) {
        self.hello = hello
        frame = hello == nil ? [] : [UInt8](repeating: 0x5a, count: maximumFrame - 1)
    }

    var counts: (UInt64, UInt64) { state.withLock { ($0.opened, $0.frames) } }

    func closeAll() { for link in state.withLock({ Array($0.links.values) }) { link.close() } }

    func linkOpened(_ link: Link) {
        let number = state.withLock { state in
            state.links[link.identifier] = link
            state.opened += 1
            return state.opened
        }
        guard let hello else { return }
        let message = Message.hello(hello)
        for part in message.payload { link.send(type: message.type, payload: part) }
        if number.isMultiple(of: 2) { flood(link) }
    }

    private func flood(_ link: Link) {
        while link.isWritable, link.send(type: Self.unknownType, payload: frame) { state.withLock { $0.frames += 1 } }
    }

    func linkReceived(_ link: Link, _ frame: Frame) {}

    func linkWritabilityChanged(_ link: Link, isWritable: Bool) { if isWritable { flood(link) } }

    func linkClosed(_ link: Link, _ reason: LinkClosure) { state.withLock { $0.links[link.identifier] = nil } }

    func linkFailed(remoteAddress: String, isInitiator: Bool, _ reason: LinkClosure) {}
}
