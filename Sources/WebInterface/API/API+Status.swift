internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime

extension API {
    var statusRoutes: [Route] {
        [
            Route(
                method: .get, path: "/v1/status", name: "status",
                summary: "Where the node stands: every log against every peer, and the store.", access: .open,
                answers: [.init(status: 200, summary: "The node's standing.", schema: "Status")]
            ) { _ in json(hidingFolder(try await node.call("status"))) },
            Route(
                method: .get, path: "/v1/peers", name: "peers",
                summary: "The nodes of the federation, and which of them are linked with this one.", access: .open,
                answers: [.init(status: 200, summary: "All nodes, in the topology's order.", schema: "Peers")]
            ) { _ in json(try await node.call("peers")) },
            Route(
                method: .get, path: "/v1/status/stream", name: "statusStream",
                summary: "The standing as server-sent events, one a second while something changes.", access: .open,
                answers: [
                    .init(
                        status: 200, summary: "Events named status, whose data is a Status.", mediaType: "text/event-stream")
                ]
            ) { _ in try live.stream("status") { hidingFolder($0.status) } },
            Route(
                method: .get, path: "/v1/forks", name: "forks",
                summary: "Proven forks, each with its histories and what an authority decided.", access: .open,
                answers: [.init(status: 200, summary: "The forks.", schema: "Forks")]
            ) { _ in json(try await node.call("forks")) },
            Route(
                method: .get, path: "/v1/topology", name: "topology",
                summary: "The federation's topology: the bytes whose hash every cut names.", access: .open,
                answers: [.init(status: 200, summary: "The file.", schema: "Anything")]
            ) { _ in file(try await node.run { $0.topologyBytes }) },
            Route(
                method: .get, path: "/v1/rulebook", name: "rulebook",
                summary: "The rulebook: the bytes whose hash every cut names.", access: .open,
                answers: [.init(status: 200, summary: "The file.", schema: "Anything")]
            ) { _ in file(try await node.run { try $0.rulebookBytes() }) },
            Route(
                method: .get, path: "/v1/openapi.json", name: "openapi", summary: "This document.", access: .open,
                answers: [.init(status: 200, summary: "OpenAPI 3.1.", schema: "Anything")]
            ) { _ in json(OpenAPI.document(of: routes)) },
        ]
    }

    private func file(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
