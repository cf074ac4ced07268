import Encoding
import Federation
import Foundation
import Storage
import Testing

@testable import NodeRuntime

/// Who withdraws from a programme is taken out of every city's records, if an authority records it, and erased.
@Suite(.serialized) struct WithdrawalTests {
    private static let rulebook = """
        {"name": "hours", "version": 1, "population": "enrolled", "purpose": "hours",
         "start_day": "2020-01-01", "base": 0, "minimum": 0, "maximum": 1000,
         "factors": [{"code": "plus", "title": "an hour", "realm": "life", "category": "volunteering", "purpose": "hours", "points": 1}],
         "streaks": [], "tiers": [{"name": "all", "from": 0, "effects": []}], "effects": []}
        """

    private func body(_ subject: SubjectID, _ content: Body.Content) -> Draft {
        .body(day: 18_300, subject: subject, content: content)
    }

    @Test func anAuthoritysWithdrawalErasesWhatEachCityRecorded() async throws {
        let links = [("east", "nation"), ("west", "nation")]
        let federation = try TestFederation(["east", "west", "nation"], links: links, rulebook: Self.rulebook)
        try await federation.startAll()
        let subject = SubjectID(high: 7, low: 9)
        for name in ["east", "west"] {
            let reference = Array("\(name)-hour".utf8)
            try await federation.call(
                name, "record",
                drafts: [
                    body(subject, .enrolment(statement: [])),
                    body(subject, .observation(factor: Array("plus".utf8), quantity: 1, reference: reference)),
                ])
        }
        let before = try await federation.call("nation", "converge", [("day", .integer(19_000))])
        #expect(before["converged"]?.boolean == true && before["subjects"]?.integer == 1, "\(before.text)")

        try await federation.call("nation", "record", drafts: [body(subject, .withdrawal(statement: []))])
        // Each city records the erasures of its own two entries.
        for name in ["east", "west"] {
            let deadline = Date(timeIntervalSinceNow: 10)
            while try await size(federation, name) < 4, Date() < deadline { try await Task.sleep(for: .milliseconds(20)) }
            #expect(try await size(federation, name) == 4)
        }
        let after = try await federation.call("east", "converge", [("day", .integer(19_000))])
        #expect(after["converged"]?.boolean == true && after["subjects"]?.integer == 0, "\(after.text)")
        await #expect(throws: NodeFailure.self, "who has withdrawn is recorded no more") {
            try await federation.call(
                "east", "record",
                drafts: [body(subject, .observation(factor: Array("plus".utf8), quantity: 1, reference: []))])
        }
        try await federation.end()
    }

    /// A node alone that holds a subject's enrolment and an hour, and whose history was made anew with the withdrawal.
    private func nodeThatOwes(_ federation: TestFederation) throws -> Node {
        let node = try Node(folder: federation.folder("nation"))
        let subject = SubjectID(high: 7, low: 9)
        let hour = Body.Content.observation(factor: Array("plus".utf8), quantity: 1, reference: Array("hour".utf8))
        _ = try node.record([body(subject, .enrolment(statement: [])), body(subject, hour)])
        try node.settleWithdrawals()
        node.writer.noteHistoryAhead()
        _ = try node.record([body(subject, .withdrawal(statement: []))])
        node.writer.drain()
        return node
    }

    @Test func aWithdrawalThatIsFoldedWithAllElseErasesToo() async throws {
        let federation = try TestFederation(["nation"], links: [], rulebook: Self.rulebook)
        let node = try nodeThatOwes(federation)
        try node.settleWithdrawals()
        node.writer.drain()
        #expect(node.log.state(node.origin)?.size == 5)
        try node.settleWithdrawals()
        node.writer.drain()
        #expect(node.log.state(node.origin)?.size == 5, "what was erased is not erased again")
        try node.close()
        try await federation.end()
    }

    @Test func anErasureThatCannotBeRecordedIsOwedStill() async throws {
        let federation = try TestFederation(["nation"], links: [], rulebook: Self.rulebook)
        let node = try nodeThatOwes(federation)
        // While the erasures wait to be recorded entries are moved: they may name others by now.
        try node.writer.exclusively {
            try node.settleWithdrawals()
            node.writer.noteRoomMade()
        }
        node.writer.drain()
        #expect(node.log.state(node.origin)?.size == 3)
        try node.settleWithdrawals()
        node.writer.drain()
        #expect(node.log.state(node.origin)?.size == 5)
        try node.close()
        try await federation.end()
    }

    private func size(_ federation: TestFederation, _ name: String) async throws -> Int64 {
        let status = try await federation.call(name, "status")
        return status["logs"]?.array.first { $0["own"]?.boolean == true }?["recorded"]?.integer ?? 0
    }
}
