internal import Encoding
internal import HTTPTypes
internal import Hummingbird

/// Why a node is not ready, in words that say what to do.
enum Readiness {
    static func reasons(_ live: LiveStatus) -> [String] {
        guard live.isAlive, let status = live.sample?.status else {
            return ["the node does not answer, or has only just begun"]
        }
        return reasons(status)
    }

    /// - Parameter status: as the node's command of that name answers.
    static func reasons(_ status: JSONValue) -> [String] {
        var reasons: [String] = []
        if status["trouble"]?.content.isText == true {
            reasons.append("the store takes nothing: see concord node status; it is tried again every second")
        }
        if !status.flag("confirmed") {
            reasons.append("its peers have not confirmed its past: it records, and publishes nothing yet")
        }
        if status.list("logs").contains(where: { $0.flag("own") && $0.flag("frozen") }) {
            reasons.append("its own log is forked: see concord node status for what to do")
        }
        return reasons
    }
}

extension JSONValue.Content {
    var isText: Bool { if case .string = self { true } else { false } }
}

extension API {
    var operationRoutes: [Route] {
        [
            Route(
                method: .get, path: "/healthz", name: "healthz", summary: "Whether the node answers at all.", access: .open,
                answers: [
                    .init(status: 200, summary: "It does.", schema: "Health"),
                    .init(status: 503, summary: "It does not: restart it.", schema: "Health"),
                ]
            ) { _ in
                let isAlive = live.isAlive
                return json(
                    ["ok": .boolean(isAlive), "reasons": .array(isAlive ? [] : ["the node does not answer"])],
                    isAlive ? .ok : .serviceUnavailable)
            },
            Route(
                method: .get, path: "/readyz", name: "readyz",
                summary:
                    "Whether the node takes and publishes events: its store writes, its past is confirmed, its log is whole.",
                access: .open,
                answers: [
                    .init(status: 200, summary: "It does.", schema: "Health"),
                    .init(status: 503, summary: "It does not: the reasons say why.", schema: "Health"),
                ]
            ) { _ in
                let reasons = Readiness.reasons(live)
                return json(
                    ["ok": .boolean(reasons.isEmpty), "reasons": .array(reasons.map { .string($0) })],
                    reasons.isEmpty ? .ok : .serviceUnavailable)
            },
            Route(
                method: .get, path: "/metrics", name: "metrics", summary: "Metrics in the Prometheus text format.",
                access: .open,
                answers: [.init(status: 200, summary: "The metrics.", mediaType: "text/plain; version=0.0.4; charset=utf-8")]
            ) { _ in
                Response(
                    status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                    body: ResponseBody(byteBuffer: ByteBuffer(string: try await metrics.text(node, live))))
            },
        ]
    }
}
