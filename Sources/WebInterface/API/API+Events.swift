internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime

extension API {
    var eventRoutes: [Route] {
        [
            Route(
                method: .post, path: "/v1/events", name: "record",
                summary:
                    "Records events in the node's own log, all or none; when this answers, they are durable and in the next "
                    + "answer. What stands there already is not recorded again, so that a request may be repeated.",
                access: .role(.recorder), body: "EventsToRecord",
                answers: [
                    .init(status: 201, summary: "Recorded, or there already.", schema: "Recorded"),
                    .init(
                        status: 400, summary: "Some of it is not of an event's form: flaws names each.", schema: "Problem",
                        mediaType: "application/problem+json"),
                    .init(
                        status: 422,
                        summary: "All is of an event's form, and some of it is not recorded here, as of a stranger to the "
                            + "population, an unknown factor or a target that is not there: flaws names each.",
                        schema: "Problem",
                        mediaType: "application/problem+json"),
                ]
            ) { try await record($0) }
        ]
    }

    private func record(_ request: WebRequest) async throws -> Response {
        var object = try request.object()
        let events: [JSONValue]
        do {
            events = try object.array("events")
            try object.finish()
        } catch { throw WebProblem.badRequest("the body is not what it should be: \(error)") }
        guard (1...WebLimits.events).contains(events.count) else {
            throw WebProblem.badRequest("events holds 1 to \(WebLimits.events) events, not \(events.count)")
        }
        for (place, event) in events.enumerated() {
            guard case .object = event.content else {
                throw WebProblem.badRequest("events[\(place)] is \(event.typeName), not an object")
            }
        }
        let drafts = try await node.run { try Self.drafts(events, $0) }
        return json(try await node.call("record", drafts: drafts), .created)
    }

    /// The events read as the lines of an imported file are: one place says what an event looks like.
    private static func drafts(_ events: [JSONValue], _ commands: NodeCommands) throws -> [Draft] {
        let lines = events.reduce(into: [UInt8]()) { $0 += $1.bytes + [0x0a] }
        var reader = ImportReader(.bytes(lines), format: .ndjson, node: Array(commands.nodeName.utf8))
        var drafts: [Draft] = []
        var flaws: [JSONValue] = []
        while let item = try reader.next() {
            switch item {
            case .record(let record):
                drafts.append(.body(day: record.day, subject: record.subject, content: record.content))
            case .error(let error):
                let field = error.field.map { "\($0): " } ?? ""
                flaws.append(flaw(error.line - 1, field + error.message))
            }
        }
        try refuse(flaws, of: events.count, .badRequest, "events-malformed")
        flaws = try commands.flaws(of: drafts).map { flaw($0.place, $0.reason) }
        try refuse(flaws, of: events.count, .unprocessableContent, "events-refused")
        return drafts
    }

    private static func refuse(_ flaws: [JSONValue], of count: Int, _ status: HTTPResponse.Status, _ code: String) throws {
        if flaws.isEmpty { return }
        var problem = WebProblem(status, code, "nothing was recorded: \(flaws.count) of \(count) events have flaws")
        problem.flaws = flaws
        throw problem
    }

    private static func flaw(_ place: Int, _ reason: String) -> JSONValue {
        ["event": .integer(Int64(place)), "reason": .string(reason)]
    }
}
