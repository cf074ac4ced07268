import Encoding
import Foundation
import NodeRuntime
import Testing

@testable import WebInterface

/// What a request brings is checked before anything is done with it.
struct HostileRequestTests {
    @Test func malformedRequestsAreRefusedAndTheNodeGoesOn() async throws {
        let site = try await WebSite.started()
        let bad: [(String, Int)] = [
            ("GET /v1/status HTTP/1.1\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/%ff HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/%00 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
            ("GET /\(String(repeating: "a", count: 4_000)) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 400),
            ("GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            ("GET /v1/../../etc/passwd HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 404),
            ("TRACE /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", 405),
            ("GET /v1/status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", 421),
            ("GET /v1/status HTTP/1.1\r\nHost: localhost:99999999\r\nConnection: close\r\n\r\n", 421),
            ("GARBAGE\r\n\r\n", 400),
        ]
        for (request, status) in bad {
            let answer = try await site.exchange("east", request)
            #expect(answer.status == status, "\(request.prefix(60)): \(answer.status)")
        }
        #expect(try await site.get("east", "/healthz").status == 200)
        try await site.end()
    }

    @Test func aNameThatWasGivenToTheNodeIsAdmitted() async throws {
        let site = try WebSite()
        try await site.start("east", names: ["east.example"])
        let request = { (host: String) in "GET /healthz HTTP/1.1\r\nHost: \(host)\r\nConnection: close\r\n\r\n" }
        #expect(try await site.exchange("east", request("East.Example:8480")).status != 421)
        #expect(try await site.exchange("east", request("[::1]:80")).status != 421)
        #expect(try await site.exchange("east", request("office.example")).status == 421)
        try await site.end()
    }

    @Test func aBodyIsTakenUpToItsLimitAndOfItsTypeOnly() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .recorder)
        let large = "{\"events\":[\"" + String(repeating: "x", count: WebLimits.bodyBytes) + "\"]}"
        #expect(try await site.send("east", "POST", "/v1/events", token: token, body: large).status == 413)
        let head = "POST /v1/events HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer \(token)\r\n"
        #expect(try await site.exchange("east", head + "Content-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}").status == 415)
        // Without a token not a byte of the body is looked at.
        #expect(try await site.send("east", "POST", "/v1/events", body: large).status == 401)
        let deep = String(repeating: "[", count: 100_000)
        #expect(try await site.send("east", "POST", "/v1/events", token: token, body: deep).status == 400)
        try await site.end()
    }

    @Test func aChangeByCookieMustComeFromAPageOfTheNode() async throws {
        let site = try await WebSite.started()
        let token = try site.token("office", .operator)
        func post(_ headers: [String]) async throws -> Int {
            try await site.send(
                "office", "POST", "/v1/resyncs", headers: ["Cookie: other=1; concord_token=\(token)"] + headers, body: "{}"
            ).status
        }
        #expect(try await post([]) == 403)
        #expect(try await post(["Origin: http://evil.example"]) == 403)
        #expect(try await post(["Origin: http://127.0.0.1"]) == 202)
        try await site.end()
    }

    @Test func whoAsksTooOftenIsToldToWait() async throws {
        let site = try await WebSite.started()
        let port = try site.port("east")
        let statuses = try await onThread {
            let socket = try Socket(connectingTo: port)
            let request = "GET /v1/peers HTTP/1.1\r\nHost: localhost\r\n\r\n"
            let count = WebLimits.requestBurst + 200
            try socket.send(
                Array(
                    (String(repeating: request, count: count - 1)
                        + request.replacingOccurrences(of: "\r\n\r\n", with: "\r\nConnection: close\r\n\r\n")).utf8))
            let text = String(decoding: socket.readAll(), as: UTF8.self)
            return text.components(separatedBy: "HTTP/1.1 ").dropFirst().map { String($0.prefix(3)) }
        }
        #expect(statuses.count == WebLimits.requestBurst + 200)
        #expect(statuses.contains("429") && statuses.first == "200")
        #expect(Set(statuses).isSubset(of: ["200", "429"]))
        try await site.end()
    }

    @Test func aBucketFillsWithTimeAndForgetsNobodyWhoAsksMuch() {
        let limiter = RateLimiter(perSecond: 10, burst: 3)
        #expect((0..<4).map { _ in limiter.refusal(for: "a", nowMilliseconds: 1_000) == nil } == [true, true, true, false])
        #expect(limiter.refusal(for: "a", nowMilliseconds: 1_099) != nil)
        #expect(limiter.refusal(for: "a", nowMilliseconds: 1_100) == nil)
        #expect(limiter.refusal(for: "a", nowMilliseconds: 1_100) != nil)
        for number in 0..<(2 * WebLimits.addresses) { _ = limiter.refusal(for: "n\(number)", nowMilliseconds: 1_101) }
        #expect(limiter.refusal(for: "b", nowMilliseconds: 1_101) == nil)
    }

    @Test func aConnectionThatDripsItsHeadIsClosed() async throws {
        let site = try await WebSite.started()
        let port = try site.port("east")
        let seconds = try await onThread {
            let socket = try Socket(connectingTo: port)
            let started = steadyMilliseconds()
            try socket.send(Array("GET /v1/status HTTP/1.1\r\nHost: localhost\r\n".utf8))
            // One more header each second would keep it open for ever, if bytes counted.
            for number in 0..<60 {
                do { try socket.send(Array("X-\(number): y\r\n".utf8)) } catch { break }
                usleepMilliseconds(1_000)
            }
            return (steadyMilliseconds() - started) / 1_000
        }
        #expect((8...20).contains(seconds), "\(seconds)")
        #expect(try await site.get("east", "/healthz").status == 200)
        try await site.end()
    }

    @Test(.enabled(if: geteuid() == 0, "only root makes files in the folders of others"))
    func aTokenThatRootMakesIsReadableForTheNodesOwnUser() async throws {
        let site = try WebSite()
        try #require(chown(site.folder("east").path, 12_345, 12_346) == 0)
        let folder = TokenFolder(site.folder("east"))
        _ = try folder.make(name: "one", roles: [.reader], subject: nil, daysUntilEnd: nil)
        for path in [folder.path, folder.path + "/one.json"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.ownerAccountID] as? Int == 12_345 && attributes[.groupOwnerAccountID] as? Int == 12_346)
        }
        try await site.end()
    }

    @Test func tokensAreHeldByTheOwnerAloneAndEndWhenTheyShould() async throws {
        let site = try WebSite()
        let folder = TokenFolder(site.folder("east"))
        // What a running node has: it has looked before.
        let asked = TokenCheck(folder) { _ in }
        #expect(asked.token(ofSecret: "concord_" + String(repeating: "0", count: 64)) == nil)
        let (token, secret) = try folder.make(name: "one", roles: [.reader], subject: nil, daysUntilEnd: nil)
        let file = folder.path + "/one.json"
        #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
        #expect(try FileManager.default.attributesOfItem(atPath: folder.path)[.posixPermissions] as? Int == 0o700)
        #expect(try !String(contentsOfFile: file, encoding: .utf8).contains(secret))
        usleepMilliseconds(10)
        #expect(asked.token(ofSecret: secret) == token)
        let check = { TokenCheck(folder) { _ in }.token(ofSecret: secret) }
        #expect(check() == token)
        #expect(TokenCheck(folder) { _ in }.token(ofSecret: secret + "0") == nil)
        #expect(TokenCheck(folder) { _ in }.token(ofSecret: "") == nil)
        #expect(throws: NodeFailure.self) { try folder.make(name: "one", roles: [.reader], subject: nil, daysUntilEnd: nil) }
        #expect(throws: NodeFailure.self) { try folder.make(name: "../x", roles: [.reader], subject: nil, daysUntilEnd: nil) }
        #expect(throws: NodeFailure.self) {
            try folder.make(name: "two", roles: [.operator], subject: WebSite.subject(1), daysUntilEnd: nil)
        }
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        #expect(check() == nil && folder.load().flaws.count == 1)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try writeFile(file, Array(text.replacingOccurrences(of: "{", with: "{\"ends_ms\":1,").utf8), mode: 0o600)
        #expect(check() == nil)
        try folder.revoke("one")
        #expect(folder.load().tokens.isEmpty)
        #expect(throws: NodeFailure.self) { try folder.revoke("one") }
        try await site.end()
    }
}
