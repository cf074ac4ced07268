import Encoding
import Testing

/// Single events on a stopped node: recorded, corrected, scored, explained, listed.
struct RecordingTests {
    private let subject = Site.subject(7)

    @Test func whatIsRecordedIsInTheNextAnswer() throws {
        let site = try Site()
        let recorded = try site.done(
            "solo", "record", "--subject", subject, "--factor", "help", "--quantity", "3", "--day", "2021-05-01")
        #expect(recorded.output == "recorded \(site.position("solo", 0))\n")
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_015)
        #expect(try site.score("solo", subject, day: "2021-04-30") == nil)
        let score = try site.done("solo", "score", subject, "--day", "2021-05-01")
        #expect(score.output.contains("1015, tier A") && score.output.contains("A cheaper loan (benefit)"))
        let explained = try site.done("solo", "explain", subject, "--day", "2021-05-01")
        #expect(explained.lines.last?.contains("1015") == true)
        #expect(explained.output.contains("Help given × 3"))
        let json = try site.done("solo", "explain", subject, "--day", "2021-05-01", "--json").json()
        #expect(json["total"] == 1_015)
    }

    @Test func standingsAreOneLineASubjectSortedBySubject() throws {
        let site = try Site()
        let subjects = [5, 3, 9].map { Site.subject($0) }
        for subject in subjects { try site.record("solo", subject, "harm", day: "2021-05-01") }
        let json = try site.done("solo", "standings", "--day", "2021-05-01", "--json")
        #expect(json.lines == subjects.sorted().map { "{\"subject\":\"\($0)\",\"score\":990,\"tier\":\"B\"}" })
        let text = try site.done("solo", "standings", "--day", "2021-05-01")
        #expect(text.lines.count == 5)
        #expect(text.lines.last?.hasPrefix("3 subjects on 2021-05-01") == true)
        #expect(try site.done("solo", "standings", "--day", "2020-01-01", "--json").output.isEmpty)
    }

    @Test func theSameOccurrenceIsRecordedOnceAndOneWithoutReferenceEachTime() throws {
        let site = try Site()
        try site.record("solo", subject, "help", day: "2021-05-01", reference: "r-1")
        let again = try site.done(
            "solo", "record", "--subject", subject, "--factor", "help", "--day", "2021-05-01", "--reference", "r-1",
            "--json")
        #expect(try again.json()["added"] == 0)
        for _ in 0..<2 { try site.record("solo", subject, "help", day: "2021-05-01") }
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_015)
    }

    @Test func aRetractionAnAppealAndARulingChangeTheScore() throws {
        let site = try Site()
        for index in 0..<3 { try site.record("solo", subject, "harm", day: "2021-05-01", reference: "r-\(index)") }
        try site.done("solo", "retract", site.position("solo", 0), "--subject", subject, "--reason", "twice")
        #expect(try site.score("solo", subject, day: "2021-05-01") == 980)
        try site.done("solo", "appeal", site.position("solo", 1), "--subject", subject)
        #expect(try site.score("solo", subject, day: "2021-05-01") == 990)
        try site.done("solo", "rule", site.position("solo", 1), "--subject", subject, "--verdict", "upheld")
        #expect(try site.score("solo", subject, day: "2021-05-01") == 980)
        try site.done("solo", "rule", site.position("solo", 1), "--subject", subject, "--verdict", "overturned")
        #expect(try site.score("solo", subject, day: "2021-05-01") == 990)
    }

    @Test func anErasedEntryCountsForNothing() throws {
        let site = try Site()
        for index in 0..<3 { try site.record("solo", subject, "harm", day: "2021-05-01", reference: "r-\(index)") }
        let erased = try site.done(
            "solo", "erase", site.position("solo", 0), site.position("solo", 2), "--ground", "request")
        #expect(erased.lines == ["recorded \(site.position("solo", 3))", "recorded \(site.position("solo", 4))"])
        #expect(try site.score("solo", subject, day: "2021-05-01") == 990)
        #expect(try site.done("solo", "explain", subject, "--day", "2021-05-01").output.contains("erased"))
    }

    @Test func whatTheRulesDoNotAllowIsRefusedAndNotRecorded() throws {
        let site = try Site(.pair)
        try site.record("east", subject, "harm", day: "2021-05-01")
        let position = site.position("east", 0)
        let strange = String(repeating: "ab", count: 16)
        for (arguments, words) in [
            (["record", "--subject", subject, "--factor", "unknown"], "knows no factor unknown"),
            (["record", "--subject", strange, "--factor", "help"], "no member of the synthetic population"),
            (
                ["record", "--subject", subject, "--factor", "help", "--day", "2019-12-31"],
                "before the rulebook's start, 2020-01-01"
            ),
            (["record", "--subject", subject, "--factor", "help", "--day", "2999-01-01"], "lies in the future"),
            (["retract", position, "--subject", Site.subject(8)], "about another subject"),
            (["retract", site.position("east", 99), "--subject", subject], "there is no entry"),
            (["retract", site.position("office", 0), "--subject", subject], "another city's"),
            (["erase", site.position("east", 99), "--ground", "order"], "there is no entry"),
            (["rule", position, "--subject", subject, "--verdict", "upheld"], "only an authority"),
            (["enrol", subject], "no enrolments"),
            (["withdraw", subject], "no enrolments"),
        ] {
            let outcome = try site.run("east", arguments)
            #expect(outcome.status == 1)
            #expect(outcome.errors.hasPrefix("concord: ") && outcome.errors.contains(words), "\(outcome.errors)")
            #expect(outcome.output.isEmpty)
        }
        let status = try site.done("east", "node", "status", "--json").json()
        guard case .array(let logs)? = status["logs"]?.content else { throw SiteFailure("no logs") }
        #expect(logs.first { $0["own"] == true }?["recorded"] == 1)
    }

    @Test func commandsAtTheSameTimeWaitForEachOther() throws {
        let site = try Site()
        let running = try (0..<4).map { index in
            try Running([
                "record", "--subject", subject, "--factor", "help", "--day", "2021-05-01", "--reference", "r-\(index)",
                "--data", site.path("solo"),
            ])
        }
        for command in running {
            let outcome = try command.outcome()
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        #expect(try site.score("solo", subject, day: "2021-05-01") == 1_020)
    }

    @Test func enrolmentOpensAndWithdrawalEndsTheRecord() throws {
        let site = try Site(.alone, .enrolled)
        let person = String(repeating: "3c", count: 16)
        let early = try site.run("solo", "record", "--subject", person, "--factor", "hour", "--day", "2021-05-01")
        #expect(early.status == 1)
        #expect(early.errors.contains("not enrolled"))
        try site.done("solo", "enrol", person, "--day", "2021-04-01", "--statement", "form 1")
        try site.record("solo", person, "hour", day: "2021-05-01", reference: "sheet")
        #expect(try site.score("solo", person, day: "2021-05-01") == 1)
        let before = try site.run("solo", "record", "--subject", person, "--factor", "hour", "--day", "2021-03-31")
        #expect(before.status == 1)
        try site.done("solo", "withdraw", person, "--day", "2021-06-01")
        #expect(try site.score("solo", person, day: "2021-05-01") == nil)
        let late = try site.run("solo", "record", "--subject", person, "--factor", "hour", "--day", "2021-06-02")
        #expect(late.status == 1)
        #expect(late.errors.contains("has withdrawn"))
    }
}
