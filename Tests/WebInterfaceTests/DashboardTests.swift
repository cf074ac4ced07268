import Encoding
import Federation
import Foundation
import NodeRuntime
import Testing

@testable import WebInterface

/// The pages as they leave the node.
struct DashboardTests {
    @Test func theFirstPageTellsWhereTheFederationStands() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .reader, .recorder)
        try await site.record("east", (0..<40).map { ($0, $0 % 3 == 0 ? "minus" : "plus", "2021-01-05") }, token: token)
        _ = try await site.call("office", "converge", [("day", 18_700), ("timeout_ms", 20_000)])
        try await site.wait("the cut to be shown") { try await site.get("office", "/").text.contains("2021-03-14") }
        let page = try await site.get("office", "/")
        #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
        #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
        for text in [
            "Office", "Nothing needs doing", "east/1", "<svg role=\"img\"", "40 subjects", "A cheaper loan", "aria-labelledby",
            "href=\"/v1/cuts/", "name=\"day\"",
        ] {
            #expect(page.text.contains(text), "\(text)")
        }
        // Nothing comes from elsewhere.
        #expect(!page.text.contains("http://") && !page.text.contains("https://") && !page.text.contains("style=\""))
        for asset in ["/assets/style.css", "/assets/page.js"] { #expect(try await site.get("office", asset).status == 200) }
        try await site.end()
    }

    @Test func aSubjectsPageNeedsATokenAndAddsUp() async throws {
        let site = try await WebSite.started()
        let subject = WebSite.subject(3)
        let token = try site.token("east", .reader, .recorder, name: "auditor")
        try await site.record("east", [(3, "plus", "2021-01-05"), (3, "minus", "2021-02-05")], token: token)
        _ = try await site.call(
            "east", "record",
            drafts: [
                .body(
                    day: 18_700, subject: subject,
                    content: .appeal(target: Position("web.example/east/1:1")!, reason: Array("<b>wrong</b>".utf8)))
            ])
        let refused = try await site.get("east", "/subjects/\(subject)")
        #expect(refused.status == 401 && refused.text.contains("name=\"token\""))
        let cookie = ["Cookie: concord_token=\(token)"]
        let page = try await site.get("east", "/subjects/\(subject)?day=2021-03-01", headers: cookie)
        #expect(page.status == 200)
        for text in [
            "something good", "+3", "suspended: east/1:2 appeals",
            "concord appeal web.example/ENTRY --subject \(subject) --reason", "id=\"total\">1,003<",
            "tier A",
            "concord appeal", "token auditor",
        ] {
            #expect(page.text.contains(text), "\(text)")
        }
        // What is later than the day asks for no place among what counts.
        let early = try await site.get("east", "/subjects/\(subject)?day=2021-01-10", headers: cookie)
        #expect(early.text.contains("<summary>One entry later than 2021-01-10") && early.text.contains("id=\"total\">1,003<"))
        #expect(!page.text.contains("<summary>"))
        #expect(try await site.get("east", "/subjects?subject=\(subject)").headers["location"] == "/subjects/\(subject)")
        #expect(try await site.get("east", "/subjects?subject=%3Cscript%3E").text.contains("<script>alert") == false)
        try await site.end()
    }

    @Test func signingInGivesACookieThatNoScriptCanReadAndLeadsNowhereElse() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .reader)
        func post(_ body: String, _ headers: [String] = ["Origin: http://127.0.0.1"]) async throws -> HTTPAnswer {
            let head =
                [
                    "POST /sign-in HTTP/1.1", "Host: 127.0.0.1", "Connection: close", "Content-Length: \(body.utf8.count)",
                    "Content-Type: application/x-www-form-urlencoded",
                ] + headers
            return try await site.exchange("east", head.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }
        let good = try await post("token=\(token)&then=%2Frulebook")
        #expect(good.status == 303 && good.headers["location"] == "/rulebook")
        let cookie = try #require(good.headers["set-cookie"])
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && cookie.contains(token))
        for place in ["http://evil.example", "//evil.example", "/\\evil.example", "/a%0d%0aX: y"] {
            #expect(try await post("token=\(token)&then=\(place)").headers["location"] == "/", "\(place)")
        }
        #expect(try await post("token=wrong").status == 403)
        #expect(try await post("token=\(token)", []).status == 403)
        #expect(try await post("token=\(token)", ["Origin: http://evil.example"]).status == 403)
        try await site.end()
    }

    @Test func theRulebooksPageTellsEveryRuleAndWhatItDoes() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .recorder)
        try await site.record("east", (0..<10).map { ($0, "plus", "2021-01-05") }, token: token)
        try await site.wait("the reactions") { try await site.get("east", "/rulebook").text.contains("moves the mean by") }
        let page = try await site.get("east", "/rulebook")
        for text in [
            "something good", "something bad", "at most 50 a year", "+3.000", "0.000", "Counted from 2020-01-01 on",
            "<h3>Tiers</h3><ul>",
        ] {
            #expect(page.text.contains(text), "\(text)")
        }
        try await site.end()
    }

    @Test func whatIsRefusedIsAPageForPeopleAndAProblemForPrograms() async throws {
        let site = try await WebSite.started()
        let accept = ["Accept: text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"]
        for (path, status) in [("/nothing", 404), ("/?day=2021-02-30", 400), ("/subjects/xyz", 400), ("/rulebook?x=1", 400)] {
            let page = try await site.get("east", path, headers: accept)
            #expect(page.status == status && page.headers["content-type"] == "text/html; charset=utf-8", "\(path)")
            #expect(page.text.contains("<h1>") && page.headers["content-security-policy"] != nil, "\(path)")
            let problem = try await site.get("east", path)
            #expect(problem.status == status && problem.headers["content-type"] == "application/problem+json", "\(path)")
        }
        // The API answers in its own way whoever asks.
        let problem = try await site.get("east", "/v1/nothing", headers: accept)
        #expect(problem.status == 404 && problem.headers["content-type"] == "application/problem+json")
        try await site.end()
    }

    @Test func theLiveStreamMovesWithTheNode() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .recorder)
        let port = try site.port("east")
        let stream = try await onThread {
            let socket = try Socket(connectingTo: port)
            try socket.send(Array("GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8))
            return socket
        }
        try await site.record("east", [(1, "plus", "2021-01-05")], token: token)
        let text = try await onThread {
            var text = ""
            while !text.contains("<td class=\\\"n\\\">1</td>") {
                let part = stream.read()
                if part.isEmpty { break }
                text += String(decoding: part, as: UTF8.self)
            }
            return text
        }
        #expect(text.contains("event: live\n") && text.contains("text/event-stream"))
        #expect(text.contains("<td class=\\\"n\\\">1</td>"))
        // A stream that is open does not keep the node from stopping.
        try await site.end()
    }

    @Test func whatIsDrawnIsEscaped() {
        var svg = SVG(width: 10, height: 10, label: "a \"<b>\" & c")
        svg.write("<script>", 1, 2)
        #expect(svg.text.contains("aria-label=\"a &quot;&lt;b&gt;&quot; &amp; c\"") && svg.text.contains(">&lt;script&gt;<"))
        #expect(Plots.rates([]).hasPrefix("<svg") && Plots.rates([1, 2, 3]).contains("class=\"curve\""))
        #expect(Plots.course([1], [5], [], tiers: []) == nil && Plots.course([1, 2], [nil, nil], [], tiers: []) == nil)
        #expect(Plots.course([1, 2], [5, 7], [], tiers: [("A", 6)])?.contains("tier A") == true)
    }
}
