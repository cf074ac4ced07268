internal import Cryptography
internal import Encoding
internal import Federation
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime
internal import Scoring

extension API {
    var standingsRoutes: [Route] {
        [
            Route(
                method: .get, path: "/v1/standings", name: "standings",
                summary: "Every subject with score and tier, by subject, a page at a time. All pages of one listing are of the "
                    + "same moment; the reading is taken down.",
                access: .subjects,
                parameters: [
                    .day, .limit(WebLimits.standingsPage, default: 100),
                    Route.Parameter(
                        name: "cursor", place: .query,
                        summary: "The next_cursor of the page before; the day, if it is given too, is that of the first page.",
                        schema: ["type": "string", "pattern": "^[0-9a-f]{64}\\.(0|[1-9][0-9]{0,8})\\.[0-9a-f]{32}$"]),
                ],
                answers: [
                    .init(status: 200, summary: "A page.", schema: "StandingsPage"),
                    .init(
                        status: 404, summary: "No listing goes on at this cursor, or it was begun too long ago.",
                        schema: "Problem",
                        mediaType: "application/problem+json"),
                ]
            ) { try await page($0) },
            Route(
                method: .get, path: "/v1/distribution", name: "distribution",
                summary: "How many subjects have which score and tier. In an enrolled population counts below 5 are withheld.",
                access: .open, parameters: [.day],
                answers: [.init(status: 200, summary: "The distribution.", schema: "Distribution")]
            ) { request in
                let table = try await node.standings(day: request.day() ?? node.commands.today)
                return json(try await node.run { $0.distribution(of: table) })
            },
        ]
    }

    private struct Cursor {
        let root: Digest
        let day: UInt32
        let subject: SubjectID

        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 3, let bytes = Encoding.bytes(hex: parts[0]), let root = Digest(bytes),
                let day = decimal(Array(parts[1].utf8)).flatMap({ UInt32(exactly: $0) }), let subject = SubjectID(hex: parts[2])
            else { return nil }
            self.root = root
            self.day = day
            self.subject = subject
        }
    }

    private func page(_ request: WebRequest) async throws -> Response {
        let limit = try request.limit(WebLimits.standingsPage, default: 100)
        var cursor: Cursor?
        if let text = request.query["cursor"] {
            cursor = Cursor(text)
            guard cursor != nil else { throw WebProblem.badRequest("cursor is not one that a page gave") }
        }
        let (reader, begun, asked) = (request.reader, cursor, try request.day())
        do {
            guard begun == nil || asked == nil || asked == begun?.day else { throw ForgottenStandings() }
            let table =
                if let begun { try await node.run { try $0.standingsTable(root: begun.root) } } else {
                    try await node.standings(day: asked ?? node.commands.today)
                }
            return json(
                try await node.run { commands in
                    let lines = try commands.page(of: table, after: begun?.subject, limit: limit, reader: reader)
                    return Self.describe(table, lines, tiers: commands.tierNames)
                })
        } catch is ForgottenStandings {
            throw WebProblem(
                .notFound, "listing-forgotten",
                "no listing of that day goes on at this cursor, or it was begun too long ago: begin it anew without a cursor")
        }
    }

    private static func describe(
        _ table: StandingsTable, _ lines: ArraySlice<StandingsLine>, tiers: [String]
    ) -> JSONValue {
        let next = lines.endIndex < table.lines.count ? lines.last?.subject : nil
        return [
            "day": .string("\(CalendarDay(dayNumber: Int64(table.day)))"), "root": .string(base64(table.root.bytes)),
            "at_ms": .integer(Int64(clamping: table.atMilliseconds)), "subjects": .integer(Int64(table.lines.count)),
            "lines": .array(
                lines.map {
                    ["subject": .string("\($0.subject)"), "score": .integer($0.score), "tier": .string(tiers[$0.tier])]
                }),
            "next_cursor": next.map { .string("\(hex(table.root.bytes)).\(table.day).\($0)") } ?? .null,
        ]
    }
}
