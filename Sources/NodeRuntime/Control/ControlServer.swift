internal import Encoding
internal import Foundation
internal import Synchronization

/// Listens on the control socket (mode 0600) of a running node; a thread for each connection, since commands block.
final class ControlServer: Sendable {
    /// Takes one request and says what comes of it; `emit` sends what comes before the answer.
    typealias Handler = @Sendable (JSONValue, [UInt8]?, Reader, @escaping (JSONValue) throws -> Void) throws -> JSONValue

    private static let maximumConnections = 128
    private let descriptor: Int32
    private let path: String
    private let handler: Handler
    private let isBrief: @Sendable (JSONValue) -> Bool
    private let promptness = PromptAnswers()
    private let connections = Mutex<[ObjectIdentifier: ControlConnection]>([:])

    /// - Parameter isBrief: whether a request is answered in a moment, so that it may be answered before all else.
    init(path: String, isBrief: @escaping @Sendable (JSONValue) -> Bool, handler: @escaping Handler) throws {
        self.path = path
        self.isBrief = isBrief
        self.handler = handler
        guard let address = socketAddress(path) else {
            throw NodeFailure(.invalid, "\(path) is too long for a socket's name: choose a data folder with a shorter path")
        }
        // The folder's lock is held, so a socket that is there belongs to nobody.
        unlink(path)
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Self.failure(path) }
        guard withSocketAddress(address, { bind(descriptor, $0, $1) }) == 0, chmod(path, 0o600) == 0,
            listen(descriptor, 64) == 0
        else { throw Self.failure(path) }
    }

    private static func failure(_ path: String) -> NodeFailure {
        NodeFailure(.unavailable, "\(path) cannot be listened on: \(String(cString: strerror(errno)))")
    }

    func start() { Thread.detachNewThread { [self] in acceptAll() } }

    func stop() {
        _ = shutdown(descriptor, Int32(SHUT_RDWR))
        close(descriptor)
        unlink(path)
        for connection in connections.withLock({ Array($0.values) }) { connection.shutDown() }
    }

    private func acceptAll() {
        while true {
            let accepted = accept(descriptor, nil, nil)
            if accepted < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                if errno == EMFILE || errno == ENFILE || errno == ENOMEM {
                    usleep(100_000)
                    continue
                }
                return
            }
            let connection = ControlConnection(descriptor: accepted)
            let isAdmitted = connections.withLock { connections in
                guard connections.count < Self.maximumConnections else { return false }
                connections[ObjectIdentifier(connection)] = connection
                return true
            }
            if isAdmitted { Thread.detachNewThread { [self] in serve(connection) } }
        }
    }

    private func serve(_ connection: ControlConnection) {
        var turn = promptness.turn()
        defer { _ = connections.withLock { $0.removeValue(forKey: ObjectIdentifier(connection)) } }
        var pending: JSONValue?
        while true {
            // What belongs to a request that has come is waited for as that is.
            if pending == nil { turn.wait() }
            guard let frame = try? connection.receive() else { return }
            switch frame {
            case .json(let request):
                if !isBrief(request) { turn.stepBack() }
                if request[drafts: ()] { pending = request } else { answer(request, nil, connection) }
            case .drafts(let bytes):
                guard let request = pending else { return }
                pending = nil
                answer(request, bytes, connection)
            }
        }
    }

    private func answer(_ request: JSONValue, _ drafts: [UInt8]?, _ connection: ControlConnection) {
        let answer: JSONValue
        do {
            let result = try handler(request, drafts, connection.peer) {
                try connection.send(.object([JSONMember("event", $0)]))
            }
            answer = .object([JSONMember("result", result)])
        } catch {
            let failure = NodeFailure(error)
            answer = .object([
                JSONMember("error", .string(failure.message)), JSONMember("code", .string(failure.code.rawValue)),
            ])
        }
        try? connection.send(answer)
    }
}

extension JSONValue {
    /// Whether a request is followed by a frame of drafts.
    fileprivate subscript(drafts _: Void) -> Bool {
        if case .boolean(true)? = self["drafts"]?.content { true } else { false }
    }
}
