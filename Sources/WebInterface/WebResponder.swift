internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NodeRuntime

/// What is known of a request besides its own bytes.
struct WebContext: InitializableFromSource {
    let address: String

    init(source: ApplicationRequestContextSource) { address = source.channel.remoteAddress?.ipAddress ?? "unknown" }
}

/// Takes every request: checks its form, its rate and its token, finds its route, and gives each answer what all have.
struct WebResponder: HTTPResponder {
    typealias Context = WebContext

    let options: WebOptions
    let table: RouteTable
    let tiles: LogTiles
    let tokens: TokenCheck
    let folder: String
    let metrics: WebMetrics
    let logger: Logger
    /// A problem as a page for people.
    let problemPage: @Sendable (WebProblem) -> Response
    private let requests = RateLimiter(perSecond: WebLimits.requestsPerSecond, burst: WebLimits.requestBurst)
    private let tileRequests = RateLimiter(perSecond: WebLimits.tilesPerSecond, burst: WebLimits.tileBurst)

    init(
        options: WebOptions, table: RouteTable, tiles: LogTiles, tokens: TokenCheck, folder: String, metrics: WebMetrics,
        logger: Logger, problemPage: @escaping @Sendable (WebProblem) -> Response
    ) {
        self.options = options
        self.table = table
        self.tiles = tiles
        self.tokens = tokens
        self.folder = folder
        self.metrics = metrics
        self.logger = logger
        self.problemPage = problemPage
    }

    func respond(to request: Request, context: WebContext) async throws -> Response {
        let started = steadyNanoseconds()
        var route = "none"
        var response: Response
        do { response = try await answer(request, context, &route) } catch {
            response = Self.isFromAPage(request) ? problemPage(problem(error)) : problem(error).response
        }
        if response.headers[.cacheControl] == nil { response.headers[.cacheControl] = "no-store" }
        response.headers[.xContentTypeOptions] = "nosniff"
        // Not no-referrer: a browser would then hide from this node, too, which page a form stands on.
        response.headers[.referrerPolicy] = "same-origin"
        metrics.answered(route, response.status.code, nanoseconds: steadyNanoseconds() - started)
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// Whether somebody sits before this request: a browser that opens what is no part of the API.
    private static func isFromAPage(_ request: Request) -> Bool {
        let path = request.head.path ?? ""
        return request.headers[values: .accept].contains { $0.contains("text/html") }
            && !["/v1/", "/log/"].contains { path.hasPrefix($0) }
    }

    private func problem(_ error: any Error) -> WebProblem {
        switch error {
        case let problem as WebProblem: return problem
        case let failure as NodeFailure:
            if failure.code == .storage || failure.code == .internal { logger.error("a request failed: \(failure.message)") }
            return WebProblem(failure, hiding: folder)
        case is CancellationError:
            return .busy(.serviceUnavailable, "stopping", "the node is being stopped", retryAfterSeconds: 5)
        default:
            logger.error("a request failed: \(error)")
            return WebProblem(NodeFailure(error), hiding: folder)
        }
    }

    private func answer(_ request: Request, _ context: WebContext, _ route: inout String) async throws -> Response {
        guard let authority = request.head.authority, !authority.isEmpty else {
            throw WebProblem.badRequest("the request names no host")
        }
        guard options.admits(authority: authority) else {
            throw WebProblem(
                .misdirectedRequest, "wrong-host",
                "this node is not known by the name that the request is for: call it by its address, or name it with --http-name"
            )
        }
        guard let target = WebTarget(request.head.path ?? "") else {
            throw WebProblem.badRequest("the target is no path, is too long, or does not decode")
        }
        if target.path.first == "log" {
            route = "log"
            try limit(tileRequests, context)
            return try await tiles.answer(request.method, Array(target.path.dropFirst()), request.headers)
        }
        try limit(requests, context)
        switch table.match(request.method, target.path) {
        case .none: throw WebProblem.notFound("there is nothing at this path: see /v1/openapi.json")
        case .otherMethods(let methods):
            var problem = WebProblem(.methodNotAllowed, "wrong-method", "this path does not take \(request.method.rawValue)")
            problem.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
            throw problem
        case .found(let found, let values):
            route = found.path
            return try await answer(request, found, values, target)
        }
    }

    private func limit(_ limiter: RateLimiter, _ context: WebContext) throws {
        guard let seconds = limiter.refusal(for: context.address) else { return }
        throw WebProblem.busy(
            .tooManyRequests, "too-many-requests", "more requests than are answered from one address: wait a little",
            retryAfterSeconds: seconds)
    }

    private func answer(
        _ request: Request, _ route: Route, _ values: [String: String], _ target: WebTarget
    ) async throws -> Response {
        let token = try token(of: request)
        var query: [String: String] = [:]
        for (name, value) in target.query {
            guard route.parameters.contains(where: { $0.place == .query && $0.name == name }), query[name] == nil else {
                throw WebProblem.badRequest("the query parameter \(name) is not known here, or is given twice")
            }
            query[name] = value
        }
        let head = WebRequest(
            method: request.method, headers: request.headers, pathValues: values, query: query, token: token, body: [])
        try admit(head, route)
        if request.method == .get || request.method == .head { return try await route.handle(head) }
        try checkOrigin(request, route, token)
        guard route.body != nil || route.bodyType == .form else { return try await route.handle(head) }
        let body = try await body(of: request, route.bodyType)
        return try await route.handle(
            WebRequest(
                method: request.method, headers: request.headers, pathValues: values, query: query, token: token, body: body))
    }

    /// The token that a request shows, as bearer or in the dashboard's cookie; one that is unknown or over is refused even
    /// where none is needed.
    private func token(of request: Request) throws -> AccessToken? {
        var secret: String?
        if let field = request.headers[.authorization] {
            let parts = field.split(separator: " ")
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw WebProblem.unauthorized }
            secret = String(parts[1])
        } else {
            secret = TokenCookie.secret(in: request.headers)
        }
        guard let secret else { return nil }
        guard let token = tokens.token(ofSecret: secret) else {
            // A browser's cookie may be older than its token: its pages then show what they show to anybody.
            if request.headers[.authorization] == nil { return nil }
            throw WebProblem.unauthorized
        }
        return token
    }

    private func admit(_ request: WebRequest, _ route: Route) throws {
        if route.access == .open { return }
        guard let token = request.token else { throw WebProblem.unauthorized }
        let isAllowed =
            switch route.access {
            case .open: true
            case .subject: token.allowsReading(try request.subject())
            case .subjects: token.allows(.reader) && token.subject == nil
            case .role(.recorder): token.allows(.recorder)
            case .role(.operator): token.allows(.operator)
            }
        guard isAllowed else {
            throw WebProblem(.forbidden, "not-allowed", "the token \(token.name) does not allow this: see concord tokens list")
        }
    }

    /// A browser sends its cookie along with whatever page asks it to: a change that stands on a cookie must come from a page
    /// of this node.
    private func checkOrigin(_ request: Request, _ route: Route, _ token: AccessToken?) throws {
        guard route.bodyType == .form || (token != nil && request.headers[.authorization] == nil) else { return }
        let origin = request.headers[.origin]?.split(separator: "/").last.map(String.init)
        guard let origin, origin == request.head.authority else {
            throw WebProblem(.forbidden, "foreign-page", "what a browser sends by itself must come from a page of this node")
        }
    }

    private func body(of request: Request, _ wanted: Route.BodyType) async throws -> [UInt8] {
        let type = request.headers[.contentType]?.split(separator: ";").first.map { $0.lowercased() }
        guard type == wanted.rawValue else {
            throw WebProblem(.unsupportedMediaType, "wrong-media-type", "the body must be \(wanted.rawValue)")
        }
        let tooLarge = WebProblem(
            .contentTooLarge, "too-large", "the body has more than \(WebLimits.bodyBytes) bytes: send it in parts")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > WebLimits.bodyBytes { throw tooLarge }
        var bytes: [UInt8] = []
        for try await part in request.body {
            guard bytes.count + part.readableBytes <= WebLimits.bodyBytes else { throw tooLarge }
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }
}

extension HTTPField.Name {
    static let referrerPolicy = HTTPField.Name("Referrer-Policy")!
}
