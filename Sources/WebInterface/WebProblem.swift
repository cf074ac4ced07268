internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime

/// Why a request is not answered as it asked: a problem document of RFC 9457.
struct WebProblem: Error {
    let status: HTTPResponse.Status
    /// One word that stays the same, for programs; the last part of the problem's type.
    let code: String
    /// What was wrong, where, and what to do.
    let detail: String
    var headers = HTTPFields()
    /// What is wrong with single parts of the request.
    var flaws: [JSONValue] = []

    init(_ status: HTTPResponse.Status, _ code: String, _ detail: String) {
        self.status = status
        self.code = code
        self.detail = detail
    }

    /// The code of what is answered while a day's standings are being computed.
    static let standingsUnderWay = "standings-under-way"

    static func badRequest(_ detail: String) -> WebProblem { WebProblem(.badRequest, "invalid-request", detail) }
    static func notFound(_ detail: String) -> WebProblem { WebProblem(.notFound, "not-found", detail) }

    static func busy(_ status: HTTPResponse.Status, _ code: String, _ detail: String, retryAfterSeconds: Int) -> WebProblem {
        var problem = WebProblem(status, code, detail)
        problem.headers[.retryAfter] = "\(retryAfterSeconds)"
        return problem
    }

    static let unauthorized: WebProblem = {
        var problem = WebProblem(
            .unauthorized, "token-needed",
            "this needs a token: make one with concord tokens make, and send it as Authorization: Bearer TOKEN")
        problem.headers[.wwwAuthenticate] = "Bearer realm=\"concord\""
        return problem
    }()

    /// - Parameter folder: the node's data folder, whose path is nobody's business.
    init(_ failure: NodeFailure, hiding folder: String) {
        let detail = failure.message.replacingAll(folder, with: "DIR")
        switch failure.code {
        case .invalid: self.init(.unprocessableContent, "invalid", detail)
        case .refused: self.init(.conflict, "refused", detail)
        case .storage:
            self = .busy(.serviceUnavailable, "storage", "the store does not take or give what it should", retryAfterSeconds: 5)
        case .unavailable: self = .busy(.serviceUnavailable, "unavailable", detail, retryAfterSeconds: 5)
        case .internal:
            self.init(.internalServerError, "internal", "something that cannot be, is: the node's log tells what")
        }
    }

    var json: JSONValue {
        var members = [
            JSONMember("type", .string("urn:concord:problem:\(code)")), JSONMember("title", .string(status.reasonPhrase)),
            JSONMember("status", .integer(Int64(status.code))), JSONMember("detail", .string(detail)),
        ]
        if !flaws.isEmpty { members.append(JSONMember("flaws", .array(flaws))) }
        return .object(members)
    }

    var response: Response {
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return Response(
            status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: json.bytes + [0x0a])))
    }
}

extension String {
    func replacingAll(_ part: String, with other: String) -> String {
        part.isEmpty ? self : split(separator: part, omittingEmptySubsequences: false).joined(separator: other)
    }
}
