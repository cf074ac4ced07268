internal import Encoding
internal import NodeRuntime

/// Where a node stands, as its command `status` answers.
struct NodeStanding: Sendable {
    struct Log: Sendable {
        let origin: String
        let isOwn: Bool
        /// Entries that are durable; in another's log they are proven too.
        let recorded: UInt64
        let published: UInt64
        /// Entries that the node's answers contain.
        let folded: UInt64
        /// Entries that came from each linked node since the start.
        let takenFrom: [(peer: String, entries: UInt64)]
    }

    let isConfirmed: Bool
    /// Why the store takes nothing; nil where it does.
    let trouble: String?
    let linked: [String]
    let wireSent: UInt64
    let wireReceived: UInt64
    let logs: [Log]

    init(_ client: NodeClient) throws {
        var answer = try Answer(client.call("status"))
        isConfirmed = try answer.flag("confirmed")
        trouble = try answer.optionalText("trouble")
        linked = try answer.texts("linked")
        wireSent = UInt64(clamping: try answer.number("wire_sent"))
        wireReceived = UInt64(clamping: try answer.number("wire_received"))
        logs = try answer.answers("logs").map { log in
            var log = log
            return Log(
                origin: try log.text("origin"), isOwn: try log.flag("own"),
                recorded: UInt64(clamping: try log.number("recorded")),
                published: UInt64(clamping: try log.number("published")), folded: UInt64(clamping: try log.number("folded")),
                takenFrom: try log.answers("taken_from").map { from in
                    var from = from
                    return (try from.text("peer"), UInt64(clamping: try from.number("entries")))
                })
        }
    }

    /// The first log of a node.
    func log(_ origin: [UInt8]) -> Log? { logs.first { $0.origin.utf8.elementsEqual(origin) } }

    var own: Log? { logs.first(where: \.isOwn) }
    var recorded: UInt64 { logs.reduce(0) { $0 + $1.recorded } }
    var folded: UInt64 { logs.reduce(0) { $0 + $1.folded } }
}

extension Fleet {
    /// A connection to a running node.
    func client(_ node: Int) throws -> NodeClient {
        guard let client = try NodeClient(running: federation.folders[node]) else {
            try checkAlive(node)
            throw NodeFailure(.unavailable, "\(federation.names[node]) does not answer on its control socket")
        }
        return client
    }

    func standing(_ node: Int) throws -> NodeStanding { try NodeStanding(client(node)) }

    /// Starts all nodes, and waits until each has had its own past confirmed and publishes what it records.
    func startAll() throws {
        for node in federation.folders.indices { try start(node) }
        for node in federation.folders.indices { try waitUntilReady(node) }
        for node in federation.folders.indices { try waitUntilConfirmed(node) }
    }

    func waitUntilConfirmed(_ node: Int) throws {
        let client = try client(node)
        try wait(milliseconds: 60_000, for: "\(federation.names[node]) to have its past confirmed by its peers") {
            try checkAlive(node)
            return try NodeStanding(client).isConfirmed
        }
    }
}
