internal import Encoding
internal import Hummingbird
internal import NodeRuntime

extension API {
    var subjectRoutes: [Route] {
        [
            route("score", "score", "A subject's score, tier and effects; the score is null outside the standings.", "Score") {
                try await node.call("score", [subject($0)] + $0.dayMember(), reader: $0.reader)
            },
            route("explanation", "explanation", "How the score comes about, entry by entry; the lines add up.", "Explanation") {
                try await explanation($0)
            },
            route("events", "events", "Every entry about a subject, with its fate.", "Events") { request in
                let explanation = try await explanation(request)
                return [
                    "subject": explanation["subject"] ?? .null, "day": explanation["day"] ?? .null,
                    "entries": explanation["entries"] ?? .null,
                ]
            },
            Route(
                method: .get, path: "/v1/subjects/{subject}/reads", name: "reads",
                summary: "Who read this subject's score, and when, the newest first.", access: .subject,
                parameters: [.subject, .limit(WebLimits.readings, default: 100)],
                answers: [.init(status: 200, summary: "The readings.", schema: "Reads")]
            ) { request in
                let limit = Int64(try request.limit(WebLimits.readings, default: 100))
                return json(try await node.call("reads", [subject(request), ("limit", .integer(limit))]))
            },
        ]
    }

    private func route(
        _ part: String, _ name: String, _ summary: String, _ schema: String,
        _ answer: @escaping @Sendable (WebRequest) async throws -> JSONValue
    ) -> Route {
        Route(
            method: .get, path: "/v1/subjects/{subject}/\(part)", name: name,
            summary: summary + " The reading is taken down before the answer is given.", access: .subject,
            parameters: [.subject, .day], answers: [.init(status: 200, summary: "As described.", schema: schema)]
        ) { json(try await answer($0)) }
    }

    private func subject(_ request: WebRequest) throws -> (String, JSONValue) {
        ("subject", .string("\(try request.subject())"))
    }

    private func explanation(_ request: WebRequest) async throws -> JSONValue {
        let members = try [subject(request), ("form", "json")] + request.dayMember()
        return try await node.call("explain", members, reader: request.reader)["json"] ?? .null
    }
}
