package import Encoding

/// Reaches a node: over its control socket where it runs, else by opening the stores in this process.
package final class NodeClient {
    private enum Way {
        case socket(ControlConnection)
        case opened(NodeCommands)
    }

    private static let patienceMilliseconds: UInt64 = 10_000
    private let way: Way

    package init(folder: NodeFolder) throws {
        guard folder.exists else {
            throw NodeFailure(
                .invalid,
                "\(folder.path) is no data folder: make one with concord node init --topology FILE --node NAME --data DIR")
        }
        way = try Self.way(to: folder)
    }

    /// Another process may have the stores open for a moment: a command that is about to end, or a node that is about to
    /// listen.
    private static func way(to folder: NodeFolder) throws -> Way {
        let deadline = steadyMilliseconds() + patienceMilliseconds
        while true {
            if let connection = try ControlConnection.connect(folder.controlSocket) { return .socket(connection) }
            do { return .opened(try NodeCommands(opening: folder)) } catch let failure as NodeFailure {
                guard failure.code == .unavailable, steadyMilliseconds() < deadline else { throw failure }
            }
            usleepMilliseconds(20)
        }
    }

    /// Reaches a node only if it runs; nil otherwise.
    package init?(running folder: NodeFolder) throws {
        guard let connection = try ControlConnection.connect(folder.controlSocket) else { return nil }
        way = .socket(connection)
    }

    /// Sends a command, hands on what comes before the answer, and gives the answer.
    package func call(
        _ command: String, _ members: [(String, JSONValue)] = [], drafts: [Draft]? = nil,
        event: @escaping (JSONValue) throws -> Void = { _ in }
    ) throws -> JSONValue {
        var list = [JSONMember("command", .string(command))]
        for (name, value) in members { list.append(JSONMember(name, value)) }
        if drafts != nil { list.append(JSONMember("drafts", .boolean(true))) }
        let encoded = drafts.map { DraftCoding.encode($0) }
        switch way {
        case .opened(let commands): return try commands.handle(.object(list), drafts: encoded, emit: event)
        case .socket(let connection): return try call(connection, .object(list), encoded, event)
        }
    }

    private func call(
        _ connection: ControlConnection, _ request: JSONValue, _ drafts: [UInt8]?, _ event: (JSONValue) throws -> Void
    ) throws -> JSONValue {
        try connection.send(request)
        if let drafts { try connection.send(drafts: drafts) }
        while case .json(let frame)? = try connection.receive() {
            if let value = frame["event"] {
                try event(value)
            } else if let result = frame["result"] {
                return result
            } else {
                throw NodeFailure(frame)
            }
        }
        throw NodeFailure(.unavailable, "the node ended the connection before it answered: it may have been stopped")
    }

    package func close() throws {
        if case .opened(let commands) = way { try commands.close() }
    }
}

extension NodeFailure {
    /// An error as the control socket carries it.
    fileprivate init(_ frame: JSONValue) {
        let code: Code =
            if case .string(let text)? = frame["code"]?.content { Code(rawValue: text) ?? .internal } else { .internal }
        let message: String =
            if case .string(let text)? = frame["error"]?.content { text } else { "the node's answer has no error text" }
        self.init(code, message)
    }
}
