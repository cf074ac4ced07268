internal import Foundation
internal import NodeRuntime
internal import Synchronization

/// The nodes of a local federation as processes: started, watched, stopped. May be used from any thread.
final class Fleet: Sendable {
    private struct State {
        var children: [ChildProcess?]
        var endings: [ProcessEnding?]
        var isEnding = false
    }

    let federation: LocalFederation
    private let stopSignals: StopSignals
    private let logs: String?
    /// Whether the nodes serve HTTP, each on a free port of the loopback address.
    private let servesHTTP: Bool
    private let state: Mutex<State>

    private static let readyMilliseconds: UInt64 = 30_000
    private static let stopMilliseconds: UInt64 = 30_000

    /// - Parameters:
    ///   - stopSignals: ends all waiting where a signal has come.
    ///   - logs: a folder for the nodes' logs; nil for each node's data folder.
    private init(_ federation: LocalFederation, stopSignals: StopSignals, logs: String?, servesHTTP: Bool) {
        self.federation = federation
        self.servesHTTP = servesHTTP
        self.stopSignals = stopSignals
        self.logs = logs
        let count = federation.folders.count
        state = Mutex(State(children: Array(repeating: nil, count: count), endings: Array(repeating: nil, count: count)))
    }

    /// Runs `body` with a fleet whose nodes are all ended afterwards, however it ends, and as soon as a signal comes.
    static func run<Value>(
        _ federation: LocalFederation, _ signals: StopSignals, logs: String? = nil, servesHTTP: Bool = false,
        _ body: (Fleet) throws -> Value
    ) throws -> Value {
        let fleet = Fleet(federation, stopSignals: signals, logs: logs, servesHTTP: servesHTTP)
        signals.whenReceived { fleet.beginEnding() }
        defer { fleet.end() }
        try signals.check()
        return try body(fleet)
    }

    func logPath(_ node: Int) -> String {
        logs.map { "\($0)/\(federation.names[node]).log" } ?? federation.folders[node].path + "/node.log"
    }

    func start(_ node: Int) throws {
        try state.withLock { state in
            guard !state.isEnding else { throw NodeFailure(.unavailable, "the nodes are being stopped") }
            guard state.children[node] == nil else { return }
            state.endings[node] = nil
            state.children[node] = try ChildProcess(
                arguments: [
                    "node", "run", "--data", federation.folders[node].path, "--log-level", "info", "--until-stdin-closes",
                ] + (servesHTTP ? ["--http", "0"] : []), logPath: logPath(node))
        }
    }

    func isRunning(_ node: Int) -> Bool {
        state.withLock { state in
            reap(node, &state)
            return state.children[node] != nil
        }
    }

    func process(_ node: Int) -> ChildProcess? { state.withLock { $0.children[node] } }

    /// Under the lock, so that no signal goes to a number that has been given to another process.
    private func reap(_ node: Int, _ state: inout State) {
        guard let ending = state.children[node]?.ending() else { return }
        state.children[node] = nil
        state.endings[node] = ending
    }

    /// Waits until a node's control socket answers.
    func waitUntilReady(_ node: Int) throws {
        try wait(milliseconds: Self.readyMilliseconds, for: "\(name(node)) to answer") {
            try checkAlive(node)
            return try NodeClient(running: federation.folders[node]) != nil
        }
    }

    /// A node that ended without being told to is an error, which shows the end of its log.
    func checkAlive(_ node: Int) throws {
        if isRunning(node) { return }
        let ending = state.withLock { $0.endings[node] }
        let log = (try? String(contentsOfFile: logPath(node), encoding: .utf8))?.split(separator: "\n").suffix(3) ?? []
        throw NodeFailure(
            .unavailable,
            (["the node \(name(node)) is not running (\(ending.map { "\($0)" } ?? "never started")); its log ends with"] + log)
                .joined(separator: "\n  "))
    }

    /// Ends a node as an operator would, with SIGTERM; how long that took, in milliseconds.
    @discardableResult
    func stop(_ node: Int) throws -> UInt64 {
        let started = steadyMilliseconds()
        state.withLock { $0.children[node]?.send(SIGTERM) }
        let deadline = started + Self.stopMilliseconds
        while isRunning(node) {
            try stopSignals.check()
            if steadyMilliseconds() > deadline {
                state.withLock { $0.children[node]?.send(SIGKILL) }
                while isRunning(node) { usleepMilliseconds(5) }
                throw NodeFailure(
                    .unavailable, "\(name(node)) did not stop within \(Self.stopMilliseconds / 1_000) seconds and was killed")
            }
            usleepMilliseconds(2)
        }
        let ending = state.withLock { $0.endings[node] }
        guard let ending, ending.isClean else {
            throw NodeFailure(
                .unavailable, "\(name(node)) ended with \(ending.map { "\($0)" } ?? "nothing"); see \(logPath(node))")
        }
        return steadyMilliseconds() - started
    }

    /// Ends a node as a power failure would, with SIGKILL, and waits until it is gone; how it ended, which may have been before.
    @discardableResult
    func kill(_ node: Int) -> ProcessEnding? {
        state.withLock { $0.children[node]?.send(SIGKILL) }
        while isRunning(node) { usleepMilliseconds(1) }
        return ending(node)
    }

    /// Sends a signal to a node that runs.
    func signal(_ node: Int, _ number: Int32) { state.withLock { $0.children[node]?.send(number) } }

    /// How a node's last process ended, where it has.
    func ending(_ node: Int) -> ProcessEnding? { state.withLock { $0.endings[node] } }

    /// Tells all nodes to stop and lets none be started any more; does not wait.
    func beginEnding() {
        state.withLock { state in
            state.isEnding = true
            for child in state.children { child?.send(SIGTERM) }
            // One that is held still takes the signal only when it goes on.
            for child in state.children { child?.send(SIGCONT) }
        }
    }

    /// Ends all nodes and waits until none is left; true where each stopped in order.
    @discardableResult
    func end() -> Bool {
        beginEnding()
        let nodes = federation.folders.indices
        let deadline = steadyMilliseconds() + Self.stopMilliseconds
        var isClean = true
        while nodes.contains(where: { isRunning($0) }) {
            if steadyMilliseconds() > deadline, isClean {
                isClean = false
                state.withLock { for child in $0.children { child?.send(SIGKILL) } }
            }
            usleepMilliseconds(5)
        }
        return isClean && state.withLock { $0.endings.allSatisfy { $0?.isClean ?? true } }
    }

    private func name(_ node: Int) -> String { federation.names[node] }

    /// Asks again and again until a condition holds.
    func wait(milliseconds: UInt64, every: UInt32 = 10, for what: String, until condition: () throws -> Bool) throws {
        let deadline = steadyMilliseconds() + milliseconds
        while try !condition() {
            try stopSignals.check()
            guard steadyMilliseconds() < deadline else {
                throw NodeFailure(
                    .unavailable,
                    "waited \(milliseconds / 1_000) seconds for \(what) in vain; the logs are \(logs.map { "\($0)/*.log" } ?? "\(federation.path)/*/node.log")"
                )
            }
            usleepMilliseconds(every)
        }
    }
}
