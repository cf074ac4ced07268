internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime

/// The JSON API: what the node's commands answer, under paths. Everything that tells about a single subject needs a token;
/// what tells about all together needs none.
struct API: Sendable {
    let node: NodeCaller
    let jobs: Jobs
    let metrics: WebMetrics
    let live: LiveStatus
    let folder: String

    var routes: [Route] {
        statusRoutes + subjectRoutes + standingsRoutes + cutRoutes + eventRoutes + jobRoutes + operationRoutes
    }

    /// A JSON answer.
    func json(_ value: JSONValue, _ status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: value.bytes + [0x0a])))
    }

    /// An answer of the node without the path of its data folder, which is nobody's business: operators know it.
    func hidingFolder(_ value: JSONValue) -> JSONValue {
        switch value.content {
        case .string(let text): .string(text.replacingAll(folder, with: "DIR"))
        case .array(let elements): .array(elements.map(hidingFolder))
        case .object(let members): .object(members.map { JSONMember($0.name, hidingFolder($0.value)) })
        default: value
        }
    }
}
