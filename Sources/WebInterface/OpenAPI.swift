internal import Encoding
internal import HTTPTypes

/// The OpenAPI 3.1 document of a list of routes.
enum OpenAPI {
    static func document(of routes: [Route]) -> JSONValue {
        var paths: [(String, [JSONMember])] = []
        for route in routes {
            let member = JSONMember(route.method.rawValue.lowercased(), operation(route))
            if let place = paths.firstIndex(where: { $0.0 == route.path }) {
                paths[place].1.append(member)
            } else {
                paths.append((route.path, [member]))
            }
        }
        return [
            "openapi": "3.1.0",
            "info": [
                "title": "Concord node", "version": "1",
                "description": .string(
                    "What a node of a Concord federation answers. Problems are documents of RFC 9457. Log tiles (C2SP tlog-tiles) "
                        + "are served under /log/<origin line>/."),
            ],
            "paths": .object(paths.map { JSONMember($0.0, .object($0.1)) }),
            "components": [
                "schemas": Schemas.all,
                "securitySchemes": ["token": ["type": "http", "scheme": "bearer"]],
            ],
        ]
    }

    private static func operation(_ route: Route) -> JSONValue {
        var members = [
            JSONMember("operationId", .string(route.name)), JSONMember("summary", .string(route.summary)),
            JSONMember("parameters", .array(route.parameters.map(parameter))),
        ]
        if let body = route.body {
            members.append(
                JSONMember("requestBody", ["required": true, "content": ["application/json": ["schema": reference(body)]]]))
        }
        members.append(JSONMember("responses", .object(answers(of: route).map { JSONMember("\($0.status)", answer($0)) })))
        members.append(JSONMember("security", route.access == .open ? .array([]) : .array([["token": .array([])]])))
        return .object(members)
    }

    private static func parameter(_ parameter: Route.Parameter) -> JSONValue {
        [
            "name": .string(parameter.name), "in": .string(parameter.place.rawValue),
            "required": .boolean(parameter.place == .path), "description": .string(parameter.summary),
            "schema": parameter.schema,
        ]
    }

    /// The route's own answers, and the problems that any route of its kind can end with.
    static func answers(of route: Route) -> [Route.Answer] {
        var problems: [(Int, String)] = [
            (400, "The request is malformed."), (421, "The request is for another host."),
            (429, "Too many requests from one address."), (500, "A bug: the node's log tells more."),
            (503, "The store, or the node, cannot answer now."),
            // A token that is shown is checked even where none is needed.
            (401, "A token is needed, or is not known here, or is over."),
        ]
        if route.access != .open { problems.append((403, "The token does not allow this.")) }
        if route.access == .open || route.method == .get { problems.append((409, "The node refuses: the detail says why.")) }
        if route.body != nil {
            problems += [
                (403, "The token does not allow this."), (413, "The body is too large."), (415, "The body is no JSON."),
            ]
        }
        problems.append((422, "The node cannot do this as it is asked."))
        var answers = route.answers
        for (status, summary) in problems where !answers.contains(where: { $0.status == status }) {
            answers.append(
                Route.Answer(status: status, summary: summary, schema: "Problem", mediaType: "application/problem+json"))
        }
        return answers.sorted { $0.status < $1.status }
    }

    private static func answer(_ answer: Route.Answer) -> JSONValue {
        let type: JSONValue = answer.schema.map { ["schema": reference($0)] } ?? .object([])
        return ["description": .string(answer.summary), "content": .object([JSONMember(answer.mediaType, type)])]
    }

    private static func reference(_ schema: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(schema)")] }
}
