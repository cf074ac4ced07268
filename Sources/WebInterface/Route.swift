internal import Encoding
internal import Federation
internal import HTTPTypes
internal import Hummingbird

/// One operation of the HTTP side: what it takes, who may use it, what it answers, and what does it. The OpenAPI document is
/// made of the same values as the routing, so that neither can say what the other does not.
struct Route: Sendable {
    enum Access: Sendable, Equatable {
        /// Nobody is asked for a token: nothing here tells about a single subject.
        case open
        /// The subject in the path, with a token that lets it be read.
        case subject
        /// All subjects: a reader's token that is not for one alone.
        case subjects
        case role(RoleName)
    }

    enum RoleName: String, Sendable { case recorder, `operator` }

    enum BodyType: String, Sendable {
        case json = "application/json"
        /// What a browser sends of a form.
        case form = "application/x-www-form-urlencoded"
    }

    struct Parameter: Sendable {
        enum Place: String, Sendable { case path, query }
        let name: String
        let place: Place
        let summary: String
        /// JSON Schema of the value.
        let schema: JSONValue
    }

    struct Answer: Sendable {
        let status: Int
        let summary: String
        /// A component schema's name; nil where the media type says enough.
        var schema: String?
        var mediaType = "application/json"
    }

    let method: HTTPRequest.Method
    /// As in OpenAPI: `/v1/subjects/{subject}/score`.
    let path: String
    /// The operation's name in the document.
    let name: String
    let summary: String
    let access: Access
    var parameters: [Parameter] = []
    /// Component schema of the body; nil where the operation takes none.
    var body: String?
    var bodyType = BodyType.json
    let answers: [Answer]
    let handle: @Sendable (WebRequest) async throws -> Response

    var segments: [Substring] {
        Array(path.split(separator: "/", omittingEmptySubsequences: false).dropFirst())
    }
}

extension Route.Parameter {
    static let subject = Route.Parameter(
        name: "subject", place: .path, summary: "The subject: 32 hexadecimal digits.",
        schema: ["type": "string", "pattern": "^[0-9a-fA-F]{32}$"])

    static let day = Route.Parameter(
        name: "day", place: .query, summary: "The day of the standings, UTC; today where it is left out.",
        schema: ["type": "string", "format": "date", "pattern": .string(Schemas.dayPattern)])

    static func limit(_ maximum: Int, default normal: Int) -> Route.Parameter {
        Route.Parameter(
            name: "limit", place: .query, summary: "How many at most.",
            schema: [
                "type": "integer", "minimum": 1, "maximum": .integer(Int64(maximum)), "default": .integer(Int64(normal)),
            ])
    }
}

/// All routes, found by method and path.
struct RouteTable: Sendable {
    enum Match {
        case found(Route, [String: String])
        /// The path is known, for other methods.
        case otherMethods([HTTPRequest.Method])
        case none
    }

    let routes: [Route]
    private let segments: [[Substring]]

    init(_ routes: [Route]) {
        self.routes = routes
        segments = routes.map(\.segments)
    }

    /// - Parameter path: decoded segments.
    func match(_ method: HTTPRequest.Method, _ path: [String]) -> Match {
        var others: [HTTPRequest.Method] = []
        for (route, pattern) in zip(routes, segments) {
            guard let values = Self.values(pattern, path) else { continue }
            // HEAD is GET without the body.
            if route.method == method || (method == .head && route.method == .get) { return .found(route, values) }
            others.append(route.method)
            if route.method == .get { others.append(.head) }
        }
        return others.isEmpty ? .none : .otherMethods(others)
    }

    private static func values(_ pattern: [Substring], _ path: [String]) -> [String: String]? {
        guard pattern.count == path.count else { return nil }
        var values: [String: String] = [:]
        for (expected, segment) in zip(pattern, path) {
            if expected.hasPrefix("{") {
                values[String(expected.dropFirst().dropLast())] = segment
            } else if !expected.utf8.elementsEqual(segment.utf8) {
                return nil
            }
        }
        return values
    }
}
