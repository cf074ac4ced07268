internal import Encoding
internal import HTTPTypes
internal import Hummingbird

extension API {
    var cutRoutes: [Route] {
        [
            Route(
                method: .get, path: "/v1/cuts", name: "cuts",
                summary: "The cuts that this node keeps, the newest first, with who attests which root.", access: .open,
                parameters: [.limit(WebLimits.cuts, default: 20)],
                answers: [.init(status: 200, summary: "The cuts.", schema: "Cuts")]
            ) { request in
                let limit = Int64(try request.limit(WebLimits.cuts, default: 20))
                return json(try await node.call("cuts", [("limit", .integer(limit))]))
            },
            Route(
                method: .get, path: "/v1/cuts/{hash}", name: "cut",
                summary: "One cut: its signed text and the notes that attest it, to be checked by anyone.", access: .open,
                parameters: [
                    Route.Parameter(
                        name: "hash", place: .path, summary: "SHA-256 of the cut's text: 64 hexadecimal digits.",
                        schema: ["type": "string", "pattern": "^[0-9a-fA-F]{64}$"])
                ],
                answers: [
                    .init(status: 200, summary: "The cut.", schema: "CutWithNotes"),
                    .init(
                        status: 404, summary: "This node keeps no such cut.", schema: "Problem",
                        mediaType: "application/problem+json"),
                ]
            ) { request in
                let hash = request.path("hash")
                guard hash.utf8.count == 64, bytes(hex: hash) != nil else {
                    throw WebProblem.badRequest("a cut is named by 64 hexadecimal digits")
                }
                let cut = try await node.call("cut", [("hash", .string(hash))])
                guard case .object = cut.content else { throw WebProblem.notFound("this node keeps no such cut: see /v1/cuts") }
                return json(cut)
            },
        ]
    }
}
