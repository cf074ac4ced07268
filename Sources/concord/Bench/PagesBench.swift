internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Scoring

/// Every page and every answer about scores over HTTP, of a node with many subjects.
struct PagesBench {
    static let defaultSubjects = 1_000_000
    static let defaultRequests = 1_000
    private static let eventsPerSubject = 3
    private static let requestsPerVisitor = 100
    /// The bar for each page, at the 99th percentile.
    private static let barMilliseconds: UInt64 = 100
    private static let recordPauseMilliseconds: UInt32 = 100
    private static let recordedAtOnce = 10

    static func events(for subjects: Int) -> Int { eventsPerSubject * subjects }

    /// What is asked for: a figure's name, its words, and the path for a subject chosen at random.
    private static let pages:
        [(name: String, label: String, path: @Sendable (_ subject: SubjectID, _ cursor: String?) -> String)] = [
            ("federation_page", "/", { _, _ in "/" }),
            ("rulebook_page", "/rulebook", { _, _ in "/rulebook" }),
            ("subject_page", "/subjects/SUBJECT", { subject, _ in "/subjects/\(subject)" }),
            ("status", "/v1/status", { _, _ in "/v1/status" }),
            ("cuts", "/v1/cuts", { _, _ in "/v1/cuts" }),
            ("distribution", "/v1/distribution", { _, _ in "/v1/distribution" }),
            ("score", "/v1/subjects/SUBJECT/score", { subject, _ in "/v1/subjects/\(subject)/score" }),
            ("explanation", "/v1/subjects/SUBJECT/explanation", { subject, _ in "/v1/subjects/\(subject)/explanation" }),
            ("events_of_one", "/v1/subjects/SUBJECT/events", { subject, _ in "/v1/subjects/\(subject)/events" }),
            ("reads", "/v1/subjects/SUBJECT/reads", { subject, _ in "/v1/subjects/\(subject)/reads" }),
            (
                "standings", "/v1/standings, a page of 100 after another",
                { _, cursor in "/v1/standings?limit=100" + (cursor.map { "&cursor=\($0)" } ?? "") }
            ),
            ("metrics", "/metrics", { _, _ in "/metrics" }),
            ("ready", "/readyz", { _, _ in "/readyz" }),
        ]

    let run: BenchRun
    let subjects: Int
    let requests: Int

    func measure() throws -> BenchFigures {
        var figures = BenchFigures("Pages: a node with \(grouped(subjects)) subjects answers over HTTP while it records")
        run.note("making the node")
        let population = BenchFederation.population(UInt64(subjects))
        let federation = try BenchFederation.make(at: run.workspace.path + "/pages", cities: 0, population: population)
        defer { if !run.workspace.isKept { try? FileManager.default.removeItem(atPath: federation.path) } }
        try Fleet.run(federation, run.signals, servesHTTP: true) { fleet in
            try fleet.startAll()
            run.note("the node records")
            _ = try fleet.fill([0], events: [run.events], population: population, isInTurn: true)
            run.note("the node folds in the background")
            try fleet.waitUntilAtRest([0])
            _ = try fleet.client(0).call("converge", [("timeout_ms", 600_000)])
            figures.add("events", "events", run.events)
            figures.add("stop_ms", "SIGTERM to exit, the node at rest", nanoseconds: try fleet.stop(0) * 1_000_000)
            try fleet.start(0)
            try measure(fleet, population, &figures)
            try stopWhileComputing(fleet, &figures)
        }
        return figures
    }

    private func measure(_ fleet: Fleet, _ population: SyntheticPopulation, _ figures: inout BenchFigures) throws {
        let folder = fleet.federation.folders[0]
        let token = try TokenFolder(folder).make(name: "bench", roles: [.reader], subject: nil, daysUntilEnd: 1).secret
        let started = steadyNanoseconds()
        try fleet.waitUntilReady(0)
        try fleet.wait(milliseconds: 30_000, for: "the node to listen for HTTP") { folder.address != nil }
        let visitors = try Visitors(folder, token)
        // Sure of every count from then on; the page itself is there before, without its scores.
        try fleet.wait(milliseconds: 600_000, for: "the first page with its scores") {
            let reply = try visitors.next().get("/v1/distribution")
            guard reply.status == 200 else { return false }
            var answer = try Answer(JSONValue.parse(reply.body))
            figures.add("subjects", "subjects", UInt64(clamping: try answer.number("subjects")))
            return true
        }
        figures.add(
            "first_scores_ms", "from the start to the first page with scores", nanoseconds: steadyNanoseconds() - started)
        let isDone = Latch()
        let recording = BackgroundWork { try Self.record(fleet, population, isDone) }
        defer { isDone.set() }
        for page in Self.pages {
            run.note(page.label)
            let times = try times(of: page.path, visitors, population)
            figures.add("\(page.name)_ms_p50", "\(page.label), median", nanoseconds: quantile(times, 50))
            figures.add("\(page.name)_ms_p99", "\(page.label), 99th percentile", nanoseconds: quantile(times, 99))
        }
        try anotherDay(visitors, &figures)
        isDone.set()
        try recording.wait()
        figures.add("peak_memory_bytes", "peak memory of the node", fleet.process(0)?.peakMemoryBytes ?? 0, unit: "bytes")
        let slow = Self.pages.filter { figures["\($0.name)_ms_p99"] > Self.barMilliseconds * 1_000_000 }.map(\.label)
        figures.note(
            slow.isEmpty
                ? "all within \(Self.barMilliseconds) ms at the 99th percentile of \(grouped(requests)) requests"
                : "over \(Self.barMilliseconds) ms at the 99th percentile: \(slow.joined(separator: ", "))")
    }

    private func times(
        of path: (SubjectID, String?) -> String, _ visitors: Visitors, _ population: SyntheticPopulation
    ) throws -> [UInt64] {
        var numbers = SeededNumbers(seed: "pages")
        var times: [UInt64] = []
        var cursor: String?
        while times.count < requests {
            let visitor = try visitors.next()
            for _ in 0..<min(Self.requestsPerVisitor, requests - times.count) {
                let asked = path(population.subject(UInt64.random(in: 0..<population.size, using: &numbers)), cursor)
                let started = steadyNanoseconds()
                let reply = try visitor.get(asked)
                times.append(steadyNanoseconds() - started)
                guard reply.status == 200 else {
                    throw NodeFailure(
                        .unavailable,
                        "\(asked) is answered \(reply.status): \(String(decoding: reply.body.prefix(400), as: UTF8.self))")
                }
                if asked.hasPrefix("/v1/standings") {
                    var answer = try Answer(JSONValue.parse(reply.body))
                    cursor = try answer.optionalText("next_cursor")
                }
            }
        }
        return times.sorted()
    }

    /// A day that nobody has asked for: how long until its standings are there, and how long the longest single answer takes.
    private func anotherDay(_ visitors: Visitors, _ figures: inout BenchFigures) throws {
        run.note("the standings of another day")
        let path = "/v1/distribution?day=\(CalendarDay(dayNumber: Int64(BenchFederation.firstDay + BenchFederation.days / 2)))"
        let visitor = try visitors.next()
        let started = steadyNanoseconds()
        var longest: UInt64 = 0
        while true {
            let asked = steadyNanoseconds()
            let status = try visitor.get(path).status
            longest = max(longest, steadyNanoseconds() - asked)
            if status == 200 { break }
            guard status == 503 else { throw NodeFailure(.unavailable, "\(path) is answered \(status)") }
            usleepMilliseconds(Self.recordPauseMilliseconds)
        }
        figures.add(
            "other_day_ms", "another day's standings, asked for until they are there",
            nanoseconds: steadyNanoseconds() - started)
        figures.add("other_day_answer_ms", "the longest single answer meanwhile", nanoseconds: longest)
    }

    private func stopWhileComputing(_ fleet: Fleet, _ figures: inout BenchFigures) throws {
        run.note("stopping while standings are computed")
        let port = try Visitors(fleet.federation.folders[0]).port
        let day = CalendarDay(dayNumber: Int64(BenchFederation.firstDay + BenchFederation.days / 3))
        // The answer, or its end, is nobody's business here.
        let asking = BackgroundWork { _ = try? WebVisitor(port: port, number: 0).get("/v1/distribution?day=\(day)") }
        usleepMilliseconds(50)
        figures.add(
            "stop_computing_ms", "SIGTERM to exit while another day's standings are computed",
            nanoseconds: try fleet.stop(0) * 1_000_000)
        try asking.wait()
    }

    /// A hundred events a second, so that every page is asked of a node that grows.
    private static func record(_ fleet: Fleet, _ population: SyntheticPopulation, _ isDone: Latch) throws {
        let client = try fleet.client(0)
        var source = BenchEvents(seed: "meanwhile", letter: "z", population: population)
        while !isDone.isSet {
            _ = try client.call("record", [("deduplicate", false)], drafts: (0..<recordedAtOnce).map { _ in source.next() })
            usleepMilliseconds(recordPauseMilliseconds)
        }
    }
}

/// Visitors of one node, each from an address of its own.
private final class Visitors {
    let port: UInt16
    private let token: String?
    private var count = 0

    init(_ folder: NodeFolder, _ token: String? = nil) throws {
        guard let port = folder.httpPort else {
            throw NodeFailure(.unavailable, "the node does not say where it listens for HTTP")
        }
        self.port = port
        self.token = token
    }

    func next() throws -> WebVisitor {
        count += 1
        return try WebVisitor(port: port, number: count, token: token)
    }
}
