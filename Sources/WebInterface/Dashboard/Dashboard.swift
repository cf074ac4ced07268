internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime
internal import Scoring

/// The pages for people, at the top of the HTTP side.
struct Dashboard: Sendable {
    let node: NodeCaller
    let live: LiveStatus
    let tokens: TokenCheck
    let rulebook: Rulebook
    let pages = Pages()
    let courses = Background<[PopulationDay]>(maximumAgeMilliseconds: 60_000)
    let reactions = Background<(subjects: Int, reactions: [RuleReaction])>(maximumAgeMilliseconds: 300_000)

    static let day = Route.Parameter.day
    static let then = Route.Parameter(name: "then", place: .query, summary: "Where to go on.", schema: ["type": "string"])

    var routes: [Route] {
        [
            page("/", [Self.day]) { try await federation($0) },
            page("/live") { _ in try live.stream("live") { .string(fragment($0)) } },
            page("/subjects", [Route.Parameter(name: "subject", place: .query, summary: "", schema: ["type": "string"])]) {
                search($0)
            },
            page("/subjects/{subject}", [.subject, Self.day]) { try await subject($0) },
            page("/rulebook", [Self.day]) { try await rules($0) },
            page("/sign-in", [Self.then]) { signIn($0, wrong: nil, status: .ok) },
            form("/sign-in") { try enter($0) },
            form("/sign-out") { _ in redirect("/", [.setCookie: TokenCookie.clearing]) },
            asset("/assets/style.css", "text/css; charset=utf-8", Assets.style),
            asset("/assets/page.js", "text/javascript; charset=utf-8", Assets.script),
        ]
    }

    private func page(
        _ path: String, _ parameters: [Route.Parameter] = [],
        _ handle: @escaping @Sendable (WebRequest) async throws -> Response
    ) -> Route {
        Route(
            method: .get, path: path, name: path, summary: "A page.", access: .open, parameters: parameters, answers: [],
            handle: handle)
    }

    private func form(_ path: String, _ handle: @escaping @Sendable (WebRequest) async throws -> Response) -> Route {
        Route(
            method: .post, path: path, name: path, summary: "A form.", access: .open, bodyType: .form, answers: [],
            handle: handle)
    }

    private func asset(_ path: String, _ type: String, _ text: String) -> Route {
        page(path) { _ in
            Response(
                status: .ok, headers: [.contentType: type, .cacheControl: "no-cache"],
                body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
        }
    }

    func redirect(_ path: String, _ headers: HTTPFields = HTTPFields()) -> Response {
        var headers = headers
        headers[.location] = path
        return Response(status: .seeOther, headers: headers)
    }

    /// What every page shows.
    func frame(_ title: String, _ request: WebRequest) -> [String: Any] {
        var values: [String: Any] = [
            "title": "\(title) · Concord", "heading": title,
            "federation": live.sample?.status.words("federation") ?? "",
        ]
        if let token = request.token { values["signedIn"] = token.name }
        return values
    }

    /// A problem for people, who cannot read JSON; where waiting helps, the page asks for itself again.
    func page(_ problem: WebProblem) -> Response {
        let values: [String: Any] = [
            "title": "\(problem.status.reasonPhrase) · Concord", "heading": problem.status.reasonPhrase,
            "federation": live.sample?.status.words("federation") ?? "", "text": problem.detail,
        ]
        var headers = problem.headers
        if let seconds = headers[.retryAfter] { headers[.refresh] = seconds }
        return pages.page("message", values, status: problem.status, headers: headers)
    }

    /// The part of the federation's page that changes by itself.
    func fragment(_ sample: LiveStatus.Sample) -> String {
        pages.text("live", LiveView(sample: sample, rates: live.rates).values)
    }

    /// What a tier brings, in words.
    func brings(_ tier: Rulebook.Tier) -> String {
        let titles = tier.effects.compactMap { rulebook.effect($0).map { "\($0.title) (\($0.kind.rawValue))" } }
        return titles.isEmpty ? "nothing" : titles.joined(separator: "; ")
    }

    /// The day that pages show where none is asked for: that of the newest cut, which everybody attested.
    var normalDay: UInt32? {
        guard let text = live.sample?.cuts.first?.words("day"), let day = CalendarDay(text) else { return nil }
        return UInt32(exactly: day.dayNumber)
    }

    // MARK: Tokens

    private func signIn(_ request: WebRequest, wrong: String?, status: HTTPResponse.Status) -> Response {
        var values = frame("Sign in", request)
        values["then"] = Self.local(request.query["then"])
        if let wrong { values["wrong"] = wrong }
        return pages.page("sign-in", values, status: status)
    }

    /// A sign-in page in the place of one that needs a token.
    func signInFirst(_ request: WebRequest, then path: String) -> Response {
        var values = frame("Sign in", request)
        values["then"] = path
        if request.token != nil { values["wrong"] = "The token that you signed in with does not allow this page." }
        return pages.page("sign-in", values, status: request.token == nil ? .unauthorized : .forbidden)
    }

    private func enter(_ request: WebRequest) throws -> Response {
        guard let fields = WebTarget("/?" + String(decoding: request.body, as: UTF8.self))?.query else {
            throw WebProblem.badRequest("the form does not decode")
        }
        let secret = fields.first { $0.name == "token" }?.value ?? ""
        guard tokens.token(ofSecret: secret) != nil else {
            return signIn(request, wrong: "No such token is known here, or it is over.", status: .forbidden)
        }
        return redirect(Self.local(fields.first { $0.name == "then" }?.value), [.setCookie: TokenCookie.setting(secret)])
    }

    /// A path of this node; nowhere else is gone on to.
    private static func local(_ path: String?) -> String {
        guard let path, path.hasPrefix("/"), !path.hasPrefix("//"),
            path.utf8.allSatisfy({ (0x21...0x7e).contains($0) && $0 != 0x5c })
        else { return "/" }
        return path
    }

    private func search(_ request: WebRequest) -> Response {
        if let text = request.query["subject"], text.utf8.count == 32, bytes(hex: text) != nil {
            return redirect("/subjects/\(text.lowercased())")
        }
        var values = frame("A subject", request)
        values["text"] =
            request.query["subject"] == nil
            ? "Every score can be explained, entry by entry." : "A subject is 32 hexadecimal digits."
        values["search"] = true
        return pages.page("message", values)
    }
}
