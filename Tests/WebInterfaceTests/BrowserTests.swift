import Encoding
import Foundation
import NodeRuntime
import Testing

@testable import WebInterface

/// The pages in a real browser, at real nodes.
@Suite(.enabled(if: Browser.isInstalled, "no Chromium with its driver is installed: apt-get install chromium chromium-driver"))
struct BrowserTests {
    @Test func pagesRenderLiveNumbersMoveAndTheConsoleStaysEmpty() async throws {
        let site = try await WebSite.started()
        let token = try site.token("office", .reader, .recorder, .operator)
        try await site.record("office", (0..<30).map { ($0, $0 % 2 == 0 ? "plus" : "minus", "2021-01-05") }, token: token)
        let base = try #require(site.folder("office").address)
        let browser = try await onThread { try Browser() }
        let held = "#frontier + .wide tbody tr:nth-child(2) td"
        try await onThread {
            try browser.open(base)
            try browser.wait("the first numbers") { try browser.text(held) == "30" }
            // Who goes through the page by the keyboard stands on a table of it meanwhile.
            _ = try browser.evaluate("document.querySelector('#frontier + .wide').focus();")
            #expect(try browser.text("h1") == "Office")
        }
        try await site.record("office", (30..<35).map { ($0, "plus", "2021-01-05") }, token: token)
        try await onThread {
            try browser.wait("the numbers to move") { try browser.text(held) == "35" }
            #expect(try browser.evaluate("return document.activeElement.matches('#frontier + .wide') ? 1 : 0").text == "1")
            for path in ["rulebook", "subjects", "sign-in"] {
                try browser.open(base + path)
                #expect(try !browser.text("h1").isEmpty, "\(path)")
            }
            #expect(try browser.console() == [])
            browser.close()
        }
        try await site.end()
    }

    @Test func aVisitorSignsInSeesASubjectAndResyncsByTheButton() async throws {
        let site = try await WebSite.started()
        let token = try site.token("office", .reader, .recorder, .operator)
        try await site.record("office", [(4, "plus", "2021-01-05"), (4, "minus", "2021-03-05")], token: token)
        let base = try #require(site.folder("office").address)
        let subject = "\(WebSite.subject(4))"
        let browser = try await onThread { try Browser() }
        try await onThread {
            try browser.open(base + "sign-in?then=/subjects/\(subject)")
            _ = try browser.evaluate(
                "document.querySelector('input[name=token]').value = '\(token)'; document.querySelector('main form button').click();"
            )
            try browser.wait("the subject's page") { try browser.text("h1").contains(subject) }
            #expect(try browser.text("#total") == "998")
            try browser.open(base)
            _ = try browser.evaluate("document.getElementById('resync-start').click();")
            try browser.wait("the resync to end") { try browser.text("#resync-outcome").hasPrefix("Done: all is sound") }
            #expect(try browser.evaluate("return document.getElementById('resync-progress').hidden ? 1 : 0").text == "1")
            #expect(try browser.console() == [])
            browser.close()
        }
        try await site.end()
    }
}
