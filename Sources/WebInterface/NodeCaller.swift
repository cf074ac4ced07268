internal import Encoding
internal import Federation
internal import HTTPTypes
internal import NIOPosix
internal import NodeRuntime
internal import Scoring
internal import Synchronization

/// Asks the node, whose commands block, on threads of its own; a request that would have to wait too long behind others is
/// refused.
final class NodeCaller: Sendable {
    let commands: NodeCommands
    private let pool: NIOThreadPool
    private let underWay = Mutex(0)

    init(_ commands: NodeCommands) {
        self.commands = commands
        pool = NIOThreadPool(numberOfThreads: WebLimits.threads)
        pool.start()
    }

    func stop() async { try? await pool.shutdownGracefully() }

    /// One of the node's commands.
    func call(
        _ command: String, _ members: [(String, JSONValue)] = [], reader: Reader = .nobody, drafts: [Draft]? = nil
    ) async throws -> JSONValue {
        let request = JSONValue.object([JSONMember("command", .string(command))] + members.map { JSONMember($0.0, $0.1) })
        let encoded = drafts.map { DraftCoding.encode($0) }
        return try await run { try $0.handle(request, drafts: encoded, reader: reader) }
    }

    /// The standings of a day. Those of a large population are computed while nobody waits: who asks first is told to ask again.
    func standings(day: UInt32) async throws -> StandingsTable {
        for _ in 0..<WebLimits.standingsLooks {
            if let table = try await run({ try $0.standingsTable(day: day) }) { return table }
            try await Task.sleep(for: .milliseconds(WebLimits.standingsPauseMilliseconds))
        }
        throw WebProblem.busy(
            .serviceUnavailable, WebProblem.standingsUnderWay,
            "the standings of \(CalendarDay(dayNumber: Int64(day))) are being computed: ask again in a moment",
            retryAfterSeconds: 1)
    }

    func run<Value: Sendable>(_ body: @escaping @Sendable (NodeCommands) throws -> Value) async throws -> Value {
        let isAdmitted = underWay.withLock { count in
            guard count < WebLimits.threads + WebLimits.waiting else { return false }
            count += 1
            return true
        }
        guard isAdmitted else {
            throw WebProblem.busy(
                .serviceUnavailable, "busy", "more is being asked than this node answers at once: try again",
                retryAfterSeconds: 1)
        }
        defer { underWay.withLock { $0 -= 1 } }
        return try await pool.runIfActive { [commands] in try body(commands) }
    }
}

extension Reader {
    /// Whoever asks for what concerns no subject.
    static let nobody = Reader(name: "nobody", isOwed: false)
}
