import NIOCore
import NIOPosix
import Synchronization
import Transport

/// A user of links that writes down every call and lets a test wait for one.
final class Recorder: LinkHandler {
    enum Event: Sendable {
        case opened(Link)
        case received(Link, Frame)
        case writability(Bool)
        case closed(LinkClosure)
        case failed(LinkClosure, address: String)
    }

    private struct Waiter: Sendable {
        var isDone: @Sendable ([Event]) -> Bool
        var continuation: CheckedContinuation<Void, Never>
    }

    private struct State {
        var events: [Event] = []
        var waiters: [Waiter] = []
    }

    private let state = Mutex(State())
    private let onEvent: @Sendable (Event) -> Void

    /// - Parameter onEvent: called on the link's event loop.
    init(onEvent: @escaping @Sendable (Event) -> Void = { _ in }) {
        self.onEvent = onEvent
    }

    var events: [Event] { state.withLock { $0.events } }

    func linkOpened(_ link: Link) { add(.opened(link)) }
    func linkReceived(_ link: Link, _ frame: Frame) { add(.received(link, frame)) }
    func linkWritabilityChanged(_ link: Link, isWritable: Bool) { add(.writability(isWritable)) }
    func linkClosed(_ link: Link, _ reason: LinkClosure) { add(.closed(reason)) }
    func linkFailed(remoteAddress: String, isInitiator: Bool, _ reason: LinkClosure) {
        add(.failed(reason, address: remoteAddress))
    }

    private func add(_ event: Event) {
        let ready = state.withLock { state in
            state.events.append(event)
            let events = state.events
            let ready = state.waiters.filter { $0.isDone(events) }
            state.waiters.removeAll { $0.isDone(events) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume() }
        onEvent(event)
    }

    /// Waits until `count` events give a value, and returns those values.
    func wait<Value: Sendable>(_ count: Int = 1, _ value: @escaping @Sendable (Event) -> Value?) async -> [Value] {
        await withCheckedContinuation { continuation in
            let isDone: @Sendable ([Event]) -> Bool = { $0.lazy.compactMap(value).count >= count }
            let isReady = state.withLock { state in
                if isDone(state.events) { return true }
                state.waiters.append(Waiter(isDone: isDone, continuation: continuation))
                return false
            }
            if isReady { continuation.resume() }
        }
        return events.compactMap(value)
    }

    func links(_ count: Int) async -> [Link] {
        await wait(count) { if case .opened(let link) = $0 { link } else { nil } }
    }

    func link() async -> Link { await links(1)[0] }

    func frames(_ count: Int) async -> [Frame] {
        await wait(count) { if case .received(_, let frame) = $0 { frame } else { nil } }
    }

    func closure() async -> LinkClosure {
        await wait { if case .closed(let reason) = $0 { reason } else { nil } }[0]
    }

    /// The reason why a connection ended, whether or not it became a link before.
    func end() async -> LinkClosure {
        await wait {
            switch $0 {
            case .closed(let reason), .failed(let reason, _): reason
            default: nil
            }
        }[0]
    }

    func failure() async -> LinkClosure {
        await wait { if case .failed(let reason, _) = $0 { reason } else { nil } }[0]
    }
}
