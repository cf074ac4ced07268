internal import Encoding
internal import HTTPTypes
internal import Hummingbird
internal import NodeRuntime

extension API {
    private static let started: [Route.Answer] = [
        .init(status: 202, summary: "The job is under way: Location says where it stands.", schema: "Job"),
        .init(
            status: 409, summary: "One of its kind is under way already.", schema: "Problem",
            mediaType: "application/problem+json"),
    ]

    private static let job = Route.Parameter(
        name: "job", place: .path, summary: "The job's number.",
        schema: ["type": "integer", "minimum": 1, "maximum": 999_999_999])

    private static let noJob = Route.Answer(
        status: 404, summary: "There is no such job, or it is forgotten.", schema: "Problem",
        mediaType: "application/problem+json")

    var jobRoutes: [Route] {
        [
            Route(
                method: .post, path: "/v1/resyncs", name: "startResync",
                summary: "Compares what is stored with what is signed, and fetches what is damaged or missing.",
                access: .role(.operator), body: "ResyncOptions", answers: Self.started
            ) { request in
                var object = try request.object()
                let members: [(String, JSONValue)]
                do { members = try Self.resyncMembers(&object) } catch {
                    throw WebProblem.badRequest("the body is not what it should be: \(error)")
                }
                return try start("resync", members, request)
            },
            Route(
                method: .post, path: "/v1/cuts", name: "proposeCut",
                summary: "Proposes a cut of what exists now, waits for the nodes to reach it, and gathers their attestations.",
                access: .role(.operator), body: "CutOptions", answers: Self.started
            ) { request in
                var object = try request.object()
                var members: [(String, JSONValue)] = []
                do {
                    if let timeout = try object.optionalInteger("timeout_ms", in: 0...600_000) {
                        members.append(("timeout_ms", .integer(timeout)))
                    }
                    try object.finish()
                } catch { throw WebProblem.badRequest("the body is not what it should be: \(error)") }
                return try start("converge", members, request)
            },
            Route(
                method: .get, path: "/v1/jobs", name: "jobs", summary: "Jobs since the node's start, the newest first.",
                access: .role(.operator), answers: [.init(status: 200, summary: "The jobs.", schema: "Jobs")]
            ) { _ in json(["jobs": .array(jobs.all.map { hidingFolder($0.json) })]) },
            Route(
                method: .get, path: "/v1/jobs/{job}", name: "job", summary: "How far a job has come, or what came of it.",
                access: .role(.operator), parameters: [Self.job],
                answers: [.init(status: 200, summary: "The job.", schema: "Job"), Self.noJob]
            ) { json(hidingFolder(try job($0).json)) },
            Route(
                method: .post, path: "/v1/jobs/{job}/cancel", name: "cancelJob",
                summary: "Ends a job at its next step. What a resync has mended stays mended.", access: .role(.operator),
                parameters: [Self.job], answers: [.init(status: 200, summary: "The job.", schema: "Job"), Self.noJob]
            ) { request in
                let job = try job(request)
                jobs.cancel(job.number)
                return json(hidingFolder(try self.job(request).json))
            },
        ]
    }

    private static func resyncMembers(_ object: inout JSONObjectReader) throws -> [(String, JSONValue)] {
        var members: [(String, JSONValue)] = []
        for name in ["peer", "origin"] {
            if let text = try object.optionalString(name) { members.append((name, .string(text))) }
        }
        for name in ["dry_run", "from_scratch", "standings"] {
            if let flag = try object.optionalBoolean(name) { members.append((name, .boolean(flag))) }
        }
        try object.finish()
        return members
    }

    private func start(_ kind: String, _ members: [(String, JSONValue)], _ request: WebRequest) throws -> Response {
        guard let job = jobs.start(kind, members, by: request.reader) else {
            throw WebProblem(.conflict, "under-way", "a job of this kind is under way already: see /v1/jobs")
        }
        var response = json(hidingFolder(job.json), .accepted)
        response.headers[.location] = "/v1/jobs/\(job.number)"
        return response
    }

    private func job(_ request: WebRequest) throws -> Job {
        let text = request.path("job")
        guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
            number >= 1
        else { throw WebProblem.badRequest("a job is named by its number") }
        guard let job = jobs.job(number) else { throw WebProblem.notFound("there is no job \(number), or it is forgotten") }
        return job
    }
}
