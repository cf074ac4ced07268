import Encoding
import Federation
import Foundation
import NodeRuntime
import Scoring
import Testing

@testable import WebInterface

/// The JSON API of real nodes, over real sockets.
struct APITests {
    @Test func theDocumentTellsEveryRouteAndEveryAnswerIsOneThatItTells() async throws {
        let site = try await WebSite.started()
        let all = try site.token("office", .reader, .recorder, .operator)
        let document = try await site.get("office", "/v1/openapi.json").json()
        #expect(document["openapi"]?.text == "\"3.1.0\"")
        guard case .object(let paths)? = document["paths"]?.content else { throw SocketFailure(EPROTO) }
        #expect(paths.count >= 20)
        var seen = 0
        for path in paths {
            guard case .object(let operations) = path.value.content else { continue }
            for operation in operations where path.name != "/v1/status/stream" {
                let target = path.name.replacingOccurrences(of: "{subject}", with: "\(WebSite.subject(1))")
                    .replacingOccurrences(of: "{hash}", with: String(repeating: "0", count: 64))
                    .replacingOccurrences(of: "{job}", with: "77")
                for token in [nil, all] {
                    let body = operation.name == "post" ? "{}" : nil
                    let answer = try await site.send("office", operation.name.uppercased(), target, token: token, body: body)
                    #expect(
                        operation.value["responses"]?["\(answer.status)"] != nil,
                        "\(operation.name) \(target): \(answer.status) \(answer.text)")
                    let isOpen = operation.value["security"]?.text == "[]"
                    if token == nil { #expect((answer.status == 401) == !isOpen, "\(operation.name) \(target)") }
                    seen += 1
                }
            }
        }
        #expect(seen >= 40)
        try await site.end()
    }

    @Test func theDocumentRefersOnlyToWhatItHolds() throws {
        let names = Set(Schemas.names)
        let text = Schemas.all.text
        for reference in text.components(separatedBy: "#/components/schemas/").dropFirst() {
            let name = String(reference.prefix { $0 != "\"" })
            #expect(names.contains(name), "\(name)")
        }
    }

    @Test func theDocumentsDaysAreThoseOfTheCalendar() throws {
        let pattern = try Regex(Schemas.dayPattern)
        for year in [1969, 1970, 1972, 1999, 2000, 2023, 2024, 2100, 2400, 9999] {
            for month in 0...13 {
                for day in 0...32 {
                    let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
                    let isDay = CalendarDay(text).map { $0.dayNumber >= 0 } ?? false
                    #expect((try pattern.wholeMatch(in: text) != nil) == isDay, "\(text)")
                }
            }
        }
    }

    @Test func aggregateStandingNeedsNoTokenAndTellsNoPath() async throws {
        let site = try await WebSite.started()
        for path in ["/v1/status", "/v1/peers", "/v1/forks", "/v1/cuts", "/v1/distribution", "/v1/topology", "/v1/rulebook"] {
            let answer = try await site.get("east", path)
            #expect(answer.status == 200, "\(path)")
            #expect(!answer.text.contains(site.root), "\(path)")
            #expect(answer.headers["cache-control"] == "no-store" && answer.headers["x-content-type-options"] == "nosniff")
        }
        let status = try await site.get("east", "/v1/status").json()
        #expect(status["node"]?.text == "\"east\"" && status["linked"]?.text == "[\"office\"]")
        try await site.end()
    }

    @Test func whatConcernsOneSubjectNeedsATokenThatAllowsIt() async throws {
        let site = try await WebSite.started()
        let subject = WebSite.subject(1)
        let reader = try site.token("east", .reader)
        let own = try site.token("east", .reader, subject: subject)
        let recorder = try site.token("east", .recorder)
        for part in ["score", "explanation", "events", "reads"] {
            let path = "/v1/subjects/\(subject)/\(part)"
            let refused = try await site.get("east", path)
            #expect(refused.status == 401 && refused.headers["www-authenticate"]?.hasPrefix("Bearer") == true)
            #expect(try await site.get("east", path, token: reader).status == 200, "\(part)")
            #expect(try await site.get("east", path, token: own).status == 200, "\(part)")
            #expect(try await site.get("east", path, token: recorder).status == 403, "\(part)")
            #expect(try await site.get("east", path, token: String(reader.dropLast()) + "x").status == 401)
            #expect(
                try await site.get(
                    "east", path.replacingOccurrences(of: "\(subject)", with: "\(WebSite.subject(2))"), token: own
                )
                .status == 403)
        }
        #expect(try await site.get("east", "/v1/standings").status == 401)
        #expect(try await site.get("east", "/v1/standings", token: own).status == 403)
        #expect(try await site.get("east", "/v1/standings", token: reader).status == 200)
        #expect(try await site.send("east", "POST", "/v1/resyncs", token: reader, body: "{}").status == 403)
        try await site.end()
    }

    @Test func whatIsRecordedIsInTheNextAnswerAndRepeatingChangesNothing() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .reader, .recorder)
        let subject = WebSite.subject(5)
        let event = "{\"events\":[{\"subject\":\"\(subject)\",\"factor\":\"minus\",\"quantity\":2.0,\"day\":\"2021-01-05\"}]}"
        let first = try await site.send("east", "POST", "/v1/events", token: token, body: event)
        #expect(first.status == 201)
        #expect(try first.json()["added"]?.text == "1")
        let again = try await site.send("east", "POST", "/v1/events", token: token, body: event)
        #expect(try again.json()["added"]?.text == "0" && again.json()["duplicates"]?.text == "1")
        let score = try await site.get("east", "/v1/subjects/\(subject)/score?day=2021-02-01", token: token).json()
        #expect(score["score"]?.text == "990" && score["tier"]?.text == "\"B\"")
        let events = try await site.get("east", "/v1/subjects/\(subject)/events?day=2021-02-01", token: token).json()
        #expect(events.list("entries").count == 1 && events.list("entries").first?["fate"]?.text == "\"counted\"")
        try await site.end()
    }

    @Test func eventsAreTakenAllOrNoneAndEachFlawIsNamed() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .reader, .recorder)
        let good = "{\"subject\":\"\(WebSite.subject(6))\",\"factor\":\"plus\",\"day\":\"2021-01-05\"}"
        let unknown = good.replacingOccurrences(of: "plus", with: "nothing")
        let stranger = good.replacingOccurrences(of: "\(WebSite.subject(6))", with: String(repeating: "0", count: 32))
        let answer = try await site.send(
            "east", "POST", "/v1/events", token: token, body: "{\"events\":[\(good),\(unknown),\(stranger)]}")
        #expect(answer.status == 422 && answer.headers["content-type"] == "application/problem+json")
        #expect(try answer.json().list("flaws").compactMap { $0.number("event") } == [1, 2])
        let score = try await site.get("east", "/v1/subjects/\(WebSite.subject(6))/score?day=2021-02-01", token: token).json()
        #expect(score["score"]?.text == "null")
        // What is not of an event's form is told apart from what is not recorded here.
        let late = "{\"subject\":\"\(WebSite.subject(6))\",\"kind\":\"appeal\",\"quantity\":1,\"day\":\"2021-01-05\"}"
        let malformed = try await site.send("east", "POST", "/v1/events", token: token, body: "{\"events\":[\(good),\(late)]}")
        #expect(malformed.status == 400)
        #expect(try malformed.json().list("flaws").compactMap { $0.number("event") } == [1])
        for body in ["", "[]", "{", "{\"events\":{}}", "{\"events\":[]}", "{\"events\":[1]}", "{\"events\":[\(good)],\"x\":1}"]
        {
            #expect(try await site.send("east", "POST", "/v1/events", token: token, body: body).status == 400, "\(body)")
        }
        try await site.end()
    }

    @Test func everyReadingIsTakenDownWithItsReader() async throws {
        let site = try await WebSite.started()
        let subject = WebSite.subject(7)
        let token = try site.token("east", .reader, .recorder, name: "auditor")
        try await site.record("east", [(7, "plus", "2021-01-05"), (8, "plus", "2021-01-05")], token: token)
        _ = try await site.get("east", "/v1/subjects/\(subject)/score", token: token)
        _ = try await site.get("east", "/v1/subjects/\(subject)/explanation", token: token)
        // The table may be of the moment before the events; a page without anybody is a reading of nobody.
        while try await site.get("east", "/v1/standings", token: token).json().list("lines").isEmpty {
            try await Task.sleep(for: .milliseconds(100))
        }
        _ = try await site.call("east", "score", [("subject", .string("\(subject)"))])
        let reads = try await site.get("east", "/v1/subjects/\(subject)/reads", token: token).json()
        #expect(reads.list("reads").compactMap { $0.words("what") } == ["score", "standings", "explanation", "score"])
        #expect(
            reads.list("reads").map { $0.words("reader") } == [
                "user \(geteuid())", "token auditor", "token auditor", "token auditor",
            ])
        let other = try await site.get("east", "/v1/subjects/\(WebSite.subject(8))/reads", token: token).json()
        #expect(other.list("reads").compactMap { $0.words("what") } == ["standings"])
        // They are on the disk, for the owner alone.
        try await site.stop("east")
        let file = try #require(
            FileManager.default.contentsOfDirectory(atPath: site.folder("east").path).first { $0.hasPrefix("reads-") })
        let path = site.folder("east").path + "/" + file
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        #expect(try site.folder("east").readings(of: subject, limit: 10).total == 4)
        // A line cut short by a power failure hides none of the others.
        let torn = try Data(contentsOf: URL(fileURLWithPath: path)) + Data("{\"at_ms\":1,".utf8)
        try torn.write(to: URL(fileURLWithPath: path))
        _ = try await site.call("east", "score", [("subject", .string("\(subject)"))])
        #expect(try site.folder("east").readings(of: subject, limit: 10).total == 5)
        try await site.end()
    }

    @Test func standingsComeInPagesOfOneMoment() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .reader, .recorder)
        try await site.record("east", (0..<25).map { ($0, $0 % 2 == 0 ? "plus" : "minus", "2021-01-05") }, token: token)
        var path = "/v1/standings?limit=10&day=2021-02-01"
        var lines: [String] = []
        var pages = 0
        while true {
            let page = try await site.get("east", path, token: token).json()
            lines += page.list("lines").map(\.text)
            pages += 1
            guard let cursor = page.words("next_cursor") else { break }
            // What is recorded between two pages belongs to the next listing.
            try await site.record("east", [(UInt64(100 + pages), "plus", "2021-01-05")], token: token)
            #expect(try await site.get("east", "/v1/standings?day=2021-02-02&cursor=\(cursor)", token: token).status == 404)
            path = "/v1/standings?limit=10&day=2021-02-01&cursor=\(cursor)"
        }
        #expect(pages == 3 && lines.count == 25 && Set(lines).count == 25 && lines == lines.sorted())
        let forgotten = "/v1/standings?cursor=\(String(repeating: "0", count: 64)).18000.\(String(repeating: "0", count: 32))"
        #expect(try await site.get("east", forgotten, token: token).status == 404)
        #expect(try await site.get("east", "/v1/standings?cursor=x", token: token).status == 400)
        #expect(try await site.get("east", "/v1/standings?limit=0", token: token).status == 400)
        #expect(try await site.get("east", "/v1/standings?colour=red", token: token).status == 400)
        try await site.end()
    }

    @Test func nobodyWaitsForADaysStandingsToBeComputed() async throws {
        let site = try WebSite()
        let commands = try NodeCommands(opening: site.folder("east"))
        #expect(try commands.standingsTable(day: 18_700) == nil)
        try await site.wait("the standings of the day") { try commands.standingsTable(day: 18_700) != nil }
        let table = try #require(try commands.standingsTable(day: 18_700))
        #expect(table.day == 18_700 && table.lines.isEmpty)
        #expect(try commands.standingsTable(root: table.root).day == 18_700)
        // Those that were used last are kept: two other days do not push it out while somebody looks at it.
        for day: UInt32 in [18_701, 18_702, 18_703] {
            try await site.wait("another day's standings") {
                _ = try commands.standingsTable(day: 18_700)
                return try commands.standingsTable(day: day) != nil
            }
            #expect(try commands.standingsTable(day: 18_700) != nil)
        }
        try commands.close()
        try await site.end()
    }

    @Test func cutsAndResyncsAreJobsThatTellTheirEnd() async throws {
        let site = try await WebSite.started()
        let token = try site.token("office", .reader, .recorder, .operator)
        try await site.record("office", [(1, "plus", "2021-01-05")], token: token)
        for (path, kind) in [("/v1/cuts", "converge"), ("/v1/resyncs", "resync")] {
            let started = try await site.send("office", "POST", path, token: token, body: "{}")
            #expect(started.status == 202, "\(started.text)")
            let place = try #require(started.headers["location"])
            try await site.wait("the job to end") {
                try await site.get("office", place, token: token).json().words("state") != "running"
            }
            let job = try await site.get("office", place, token: token).json()
            #expect(job.words("state") == "done" && job.words("kind") == kind, "\(job.text)")
            // What has ended stays as it is.
            let cancelled = try await site.send("office", "POST", place + "/cancel", token: token)
            #expect(try cancelled.status == 200 && cancelled.json().words("state") == "done")
        }
        let cut = try #require(try await site.get("office", "/v1/cuts").json().list("cuts").first)
        #expect(cut.flag("agreed") && cut.list("attestations").compactMap { $0.words("node") } == ["east", "office"])
        let whole = try await site.get("office", "/v1/cuts/\(cut.words("hash") ?? "")").json()
        #expect(whole.words("text")?.hasPrefix("concord/cut/v1\n") == true && whole.list("notes").count == 2)
        #expect(try await site.get("office", "/v1/jobs", token: token).json().list("jobs").count == 2)
        #expect(try await site.send("office", "POST", "/v1/resyncs", token: token, body: "{\"peer\":3}").status == 400)
        #expect(try await site.get("office", "/v1/jobs/99", token: token).status == 404)
        try await site.end()
    }
}
