internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NodeRuntime
internal import ServiceLifecycle
internal import Synchronization

/// Asks the node once a second where it stands, and lets any number of pages follow that.
final class LiveStatus: Sendable {
    struct Sample: Sendable {
        let number: Int
        let status: JSONValue
        let peers: JSONValue
        /// The newest cuts, the newest first.
        let cuts: [JSONValue]
        /// Origin lines of the logs that have grown since the sample before.
        let growing: [String]
        let atMilliseconds: UInt64
        let takenSteady: UInt64
        /// Events folded since the sample before, per second.
        let eventsPerSecond: Int64
    }

    private struct State {
        var sample: Sample?
        var folded: Int64?
        /// Events per second, one number for each ten seconds of the last hour, the oldest first.
        var rates: [Int64] = []
        var current: [Int64] = []
        var peerLag = PeerLagTracker()
        var streams = 0
        var isStopping = false
    }

    static let periodMilliseconds = 1_000
    static let samplesPerRate = 10
    static let rates = 360
    private static let cuts: Int64 = 6
    /// Without a sample for so long the node does not answer any more.
    private static let staleMilliseconds: UInt64 = 15_000

    private let node: NodeCaller
    private let logger: Logger
    private let state = Mutex(State())

    init(_ node: NodeCaller, logger: Logger) {
        self.node = node
        self.logger = logger
    }

    var sample: Sample? { state.withLock { $0.sample } }
    var peerLag: [PeerLag] { state.withLock { $0.peerLag.lags } }
    var rates: [Int64] { state.withLock { $0.rates } }

    /// Whether the node answers: its newest sample is not old.
    var isAlive: Bool { sample.map { steadyMilliseconds() < $0.takenSteady + Self.staleMilliseconds } ?? false }

    /// Ends all streams.
    func stop() { state.withLock { $0.isStopping = true } }

    /// Takes samples until the node is told to stop.
    func run() async {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                await take()
                try? await Task.sleep(for: .milliseconds(Self.periodMilliseconds))
            }
        }
    }

    private func take() async {
        let (status, peers, cuts): (JSONValue, JSONValue, JSONValue)
        do {
            (status, peers, cuts) = try await node.run { commands in
                (
                    try commands.handle(["command": "status"]), try commands.handle(["command": "peers"]),
                    try commands.handle(["command": "cuts", "limit": .integer(Self.cuts)])
                )
            }
        } catch {
            return logger.error("the node's standing cannot be read: \(error)")
        }
        let folded = status.list("logs").reduce(0) { $0 + ($1.number("folded") ?? 0) }
        let now = steadyMilliseconds()
        state.withLock { state in
            let elapsed = Int64(max(1, now - min(now, state.sample?.takenSteady ?? now)))
            let rate = state.folded.map { max(0, folded - $0) * 1_000 / elapsed } ?? 0
            state.folded = folded
            state.current.append(rate)
            if state.current.count == Self.samplesPerRate {
                state.rates.append(state.current.reduce(0, +) / Int64(Self.samplesPerRate))
                state.current = []
                if state.rates.count > Self.rates { state.rates.removeFirst() }
            }
            state.peerLag.take(status, nowMilliseconds: now)
            let before = state.sample?.status
            state.sample = Sample(
                number: (state.sample?.number ?? 0) + 1, status: status, peers: peers, cuts: cuts.list("cuts"),
                growing: before.map { Self.growing(since: $0, status) } ?? [], atMilliseconds: wallMilliseconds(),
                takenSteady: now,
                eventsPerSecond: rate)
        }
    }

    private static func growing(since before: JSONValue, _ status: JSONValue) -> [String] {
        zip(before.list("logs"), status.list("logs")).filter { $0.number("recorded") != $1.number("recorded") }
            .compactMap { $1.words("origin") }
    }

    /// Server-sent events, one for each sample, until the visitor leaves or the node stops.
    /// - Parameter event: the events' name.
    func stream(_ event: String, _ describe: @escaping @Sendable (Sample) -> JSONValue) throws -> Response {
        let isAdmitted = state.withLock { state in
            guard state.streams < WebLimits.streams else { return false }
            state.streams += 1
            return true
        }
        guard isAdmitted else {
            throw WebProblem.busy(
                .serviceUnavailable, "busy", "too many pages follow this node already", retryAfterSeconds: 10)
        }
        let slot = StreamSlot { [self] in state.withLock { $0.streams -= 1 } }
        return Response(
            status: .ok, headers: [.contentType: "text/event-stream"],
            body: ResponseBody { [self] writer in
                defer { slot.leave() }
                var last = 0
                while !state.withLock({ $0.isStopping }) {
                    if let sample, sample.number != last {
                        last = sample.number
                        try await writer.write(ByteBuffer(string: "event: \(event)\ndata: \(describe(sample).text)\n\n"))
                    }
                    try await Task.sleep(for: .milliseconds(200))
                }
                try await writer.finish(nil)
            })
    }
}

/// A place among the streams, given back once, even where a response is dropped before it is written.
private final class StreamSlot: Sendable {
    private let onLeave: @Sendable () -> Void
    private let hasLeft = Atomic(false)

    init(_ onLeave: @escaping @Sendable () -> Void) { self.onLeave = onLeave }

    deinit { leave() }

    func leave() { if !hasLeft.exchange(true, ordering: .relaxed) { onLeave() } }
}

extension JSONValue {
    func list(_ name: String) -> [JSONValue] { if case .array(let values)? = self[name]?.content { values } else { [] } }
    func number(_ name: String) -> Int64? { if case .integer(let value)? = self[name]?.content { value } else { nil } }
    func words(_ name: String) -> String? { if case .string(let value)? = self[name]?.content { value } else { nil } }
    func flag(_ name: String) -> Bool { if case .boolean(true)? = self[name]?.content { true } else { false } }
}
