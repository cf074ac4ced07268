package import Encoding
internal import Federation
internal import Foundation
internal import Scoring
internal import Storage

/// The commands of a node, as the control socket and the command line give them: a JSON object with the member `command`
/// and the command's own, answered by one JSON value. Without a running node the same commands work on the opened stores,
/// but for those that need peers.
package final class NodeCommands: Sendable {
    let node: Node
    let sync: SyncService?

    package init(node: Node, sync: SyncService?) {
        self.node = node
        self.sync = sync
    }

    /// For a data folder whose node does not run.
    package convenience init(opening folder: NodeFolder) throws {
        // A log that the topology does not list has no place in any answer: nothing is to be recorded in it.
        let identity = try NodeIdentity(folder: folder)
        try folder.checkKeys(identity, FederationFiles.topology(folder.topologyFile), folder.topologyFile)
        try self.init(node: Node(folder: folder), sync: nil)
    }

    package func close() throws { try node.close() }

    /// - Parameters:
    ///   - drafts: encoded drafts that came with the request.
    ///   - reader: who asks: every reading of a score is taken down.
    ///   - emit: hears progress (`{"progress":…}`) and lines (`{"line":…}`) before the answer.
    package func handle(
        _ request: JSONValue, drafts: [UInt8]? = nil, reader: Reader = .thisUser,
        emit: @escaping (JSONValue) throws -> Void = { _ in }
    ) throws -> JSONValue {
        var members: JSONObjectReader
        let command: String
        do {
            members = try JSONObjectReader(request)
            command = try members.string("command")
        } catch { throw NodeFailure(.invalid, "\(error)") }
        do {
            let answer = try handle(command, &members, drafts, reader, emit)
            return answer
        } catch let failure as JSONFailure { throw NodeFailure(.invalid, "\(command): \(failure)") }
    }

    private func handle(
        _ command: String, _ request: inout JSONObjectReader, _ drafts: [UInt8]?, _ reader: Reader,
        _ emit: @escaping (JSONValue) throws -> Void
    ) throws -> JSONValue {
        switch command {
        case "status": return try status()
        case "record": return try record(&request, drafts)
        case "check": return try check(drafts)
        case "score": return try score(&request, reader)
        case "explain": return try explain(&request, reader)
        case "standings": return try standings(&request, reader, emit)
        case "converge": return try converge(&request, emit)
        case "verify": return try verify(emit)
        case "resync": return try resync(&request, emit)
        case "backup": return try backUp(&request, emit)
        case "export": return try export(&request, emit)
        case "forks": return try forks()
        case "decide": return try decide(&request)
        case "export_forks": return try exportForks(&request)
        case "watch": return try watch(&request, emit)
        case "peers": return peers()
        case "reads": return try reads(&request)
        case "cuts": return try cuts(&request)
        case "cut": return try cut(&request)
        case "link": return try link(&request)
        default: throw NodeFailure(.invalid, "the node knows no command \(command): both sides must be of the same release")
        }
    }

    /// Whether a request is one that is answered in a millisecond or so, whatever the stores hold.
    static func isBrief(_ request: JSONValue) -> Bool {
        guard case .string(let command)? = request["command"]?.content else { return false }
        return ["score", "explain", "status", "peers"].contains(command)
    }

    func needSync() throws -> SyncService {
        guard let sync else {
            throw NodeFailure(
                .unavailable,
                "no node runs on \(node.folder.path): this command needs its peers; start it with concord node run --data \(node.folder.path)"
            )
        }
        return sync
    }

    func day(_ request: inout JSONObjectReader) throws -> UInt32 {
        try request.optionalInteger("day", in: 0...Int64(UInt32.max)).map(UInt32.init) ?? node.today
    }

    func subject(_ request: inout JSONObjectReader) throws -> SubjectID {
        let text = try request.string("subject")
        guard let subject = SubjectID(hex: text) else {
            throw NodeFailure(.invalid, "a subject is 32 hexadecimal digits, not \(text)")
        }
        return subject
    }

    /// Progress at most ten times a second.
    func throttled(_ emit: @escaping (JSONValue) throws -> Void) -> (String, UInt64, UInt64) throws -> Void {
        var last: UInt64 = 0
        return { [node] what, done, total in
            let now = node.steadyMilliseconds
            guard now >= last + 100 else { return }
            last = now
            try emit([
                "progress": .string(what), "done": .integer(Int64(clamping: done)), "total": .integer(Int64(clamping: total)),
            ])
        }
    }
}
