import Foundation
import Testing

/// The benchmarks at a tiny size: that each does its work and gives its figures; no time is judged.
@Suite(.serialized) struct BenchTests {
    private static let catchUp = [
        "events", "events_per_second_durable", "events_per_second_answerable", "events_per_second_raw", "durable_to_raw",
        "durable_to_raw_from_first_event",
        "event_bytes", "wire_bytes", "wire_sent_bytes", "wire_to_event_bytes", "peak_memory_bytes", "processor_us_per_event",
        "city_processor_us_per_event", "log_bytes_per_event", "standings_bytes_per_event", "open_ms",
    ]

    private static let pages =
        [
            "federation_page", "rulebook_page", "subject_page", "status", "cuts", "distribution", "score", "explanation",
            "events_of_one", "reads", "standings", "metrics", "ready",
        ].flatMap { ["\($0)_ms_p50", "\($0)_ms_p99"] } + [
            "events", "subjects", "first_scores_ms", "other_day_ms", "other_day_answer_ms", "stop_ms", "stop_computing_ms",
            "peak_memory_bytes",
        ]

    @Test(arguments: [
        (["catch-up", "--events", "5000"], catchUp),
        (
            ["scale", "--events", "3000"],
            catchUp + [
                "tenth_events_per_second_durable", "rate_to_tenth_durable", "tenth_events_per_second_answerable",
                "rate_to_tenth_answerable",
            ]
        ),
        (
            ["live", "--events", "200", "--idle-seconds", "1"],
            ["events_per_second", "latency_ms_p50", "latency_ms_p99", "idle_processor_percent"]
        ),
        (
            ["live", "--events", "2000", "--rate", "4000", "--idle-seconds", "1"],
            ["events_per_second", "latency_ms_p50", "latency_ms_p99", "idle_processor_percent"]
        ),
        (
            ["import", "--events", "2000"],
            ["events", "events_per_second", "known_events_per_second", "processor_us_per_event", "peak_memory_bytes"]
        ),
        (
            ["repair", "--events", "5000"],
            [
                "events", "destroyed", "repaired", "missing_bytes", "wire_bytes", "fetched_to_missing_bytes", "round_trips",
                "verify_events_per_second", "verify_events_per_core_second",
            ]
        ),
        (
            ["score", "--events", "5000"],
            [
                "events", "subjects", "standings_events_per_second", "standings_ms", "peak_memory_bytes",
                "catch_up_events_per_second", "queries", "score_ms_p50", "score_ms_p99", "explain_ms_p50", "explain_ms_p99",
                "plain_ms_p50", "plain_ms_p99",
            ]
        ),
        (["pages", "--subjects", "300", "--requests", "20"], pages),
        (
            ["wide", "--events", "400", "--origins", "5"],
            [
                "events", "origins", "connect_ms", "catch_up_ms", "events_per_second", "latency_ms_p50", "latency_ms_p99",
                "peak_memory_bytes", "processor_ms", "quarter_catch_up_ms", "quarter_peak_memory_bytes",
                "quarter_processor_ms",
            ]
        ),
    ])
    func aBenchmarkGivesItsFiguresAsJSON(_ command: [String], _ fields: [String]) throws {
        let object = try figures(command)
        #expect(Set(object.keys) == Set(fields))
        for field in fields where field.hasPrefix("events") { #expect(object[field] as? Double ?? 0 > 0, "\(field)") }
    }

    @Test func severalRunsGiveTheirMedians() throws {
        let outcome = try Program.run("bench", "catch-up", "--events", "400", "--runs", "3")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.lines.first?.contains("medians of 3 runs") == true)
        #expect(outcome.output.contains(" to "), "the range of a figure is given")
    }

    @Test func anUnknownSystemIsNoneToCompareWith() throws {
        let outcome = try Program.run("bench", "catch-up", "--compare", "abacus")
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains("postgresql"))
    }

    private func figures(_ command: [String]) throws -> [String: Any] {
        let outcome = try Program.run(["bench"] + command + ["--json"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        // Latencies have fractions, which the strict parser of the formats refuses.
        return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }
}
