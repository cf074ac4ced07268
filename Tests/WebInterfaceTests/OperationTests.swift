import CoreMetrics
import Encoding
import Foundation
import NodeRuntime
import Testing

@testable import WebInterface

/// Health and metrics of real nodes.
struct OperationTests {
    @Test func aNodeWhosePastIsNotConfirmedLivesAndIsNotReady() async throws {
        let site = try WebSite()
        try await site.start("east")
        try await site.wait("the first sample") { try await site.get("east", "/healthz").status == 200 }
        let answer = try await site.get("east", "/readyz")
        #expect(answer.status == 503)
        #expect(try answer.json().list("reasons").map(\.text).joined().contains("confirmed"))
        try await site.start("office")
        try await site.wait("east to be ready") { try await site.get("east", "/readyz").status == 200 }
        try await site.end()
    }

    @Test(
        arguments: [
            ("\"trouble\": null, \"confirmed\": true, \"logs\": []", nil),
            ("\"trouble\": \"no space\", \"confirmed\": true, \"logs\": []", "takes nothing"),
            ("\"trouble\": null, \"confirmed\": false, \"logs\": []", "confirmed its past"),
            ("\"trouble\": null, \"confirmed\": true, \"logs\": [{\"own\": true, \"frozen\": true}]", "forked"),
            // Another's fork does not hinder this node.
            ("\"trouble\": null, \"confirmed\": true, \"logs\": [{\"own\": false, \"frozen\": true}]", nil),
        ] as [(String, String?)])
    func aFullDiskAnUnconfirmedPastAndAForkedLogAreNotReady(status: String, reason: String?) throws {
        let reasons = Readiness.reasons(try JSONValue.parse(Array("{\(status)}".utf8)))
        #expect(reasons.count == (reason == nil ? 0 : 1))
        if let reason { #expect(reasons.first?.contains(reason) == true, "\(reasons)") }
    }

    @Test func metricsAreWellFormedAndTellWhereTheNodeStands() async throws {
        let site = try await WebSite.started()
        let token = try site.token("east", .recorder)
        try await site.record("east", (0..<5).map { ($0, "plus", "2021-01-05") }, token: token)
        try await site.wait("office to hold them") {
            try await site.get("office", "/metrics").text.contains("concord_log_folded{origin=\"web.example/east/1\"} 5")
        }
        let answer = try await site.get("east", "/metrics")
        #expect(answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
        let page = try MetricsPage(answer.text)
        #expect(page.value("concord_events_recorded_total", [:]) == 5)
        #expect(page.value("concord_log_published", ["origin": "web.example/east/1"]) == 5)
        #expect(page.value("concord_peer_linked", ["peer": "office"]) == 1)
        #expect(page.value("concord_peer_lag_events", ["origin": "web.example/east/1", "peer": "office"]) == 0)
        #expect(page.value("concord_confirmed", [:]) == 1 && page.value("concord_store_takes", [:]) == 1)
        #expect(page.value("concord_store_bytes", ["store": "log"]) ?? 0 > 0)
        #expect(page.value("concord_commit_seconds_count", [:]) ?? 0 > 0)
        #expect(page.value("concord_sync_seconds_count", [:]) == page.value("concord_commit_seconds_count", [:]))
        #expect(page.value("concord_link_frames_total", ["direction": "sent"]) ?? 0 > 0)
        #expect(page.value("concord_sessions_opened_total", [:]) ?? 0 >= 1)
        #expect(page.value("concord_http_requests_total", ["route": "/v1/events", "status": "201"]) == 1)
        for name in page.names { #expect(MetricHelp.texts[name] != nil, "\(name) has no words") }
        // What has not happened yet is there as nothing, so that its first time shows as an increase.
        for name in [
            "concord_damage_found_total", "concord_damaged_places", "concord_entries_mended_total", "concord_forks_found_total",
        ] {
            #expect(page.value(name, [:]) == 0, "\(name)")
        }
        #expect(page.value("concord_refusals_total", ["reason": "unproven-range"]) == 0)
        try await site.end()
    }

    @Test func alertsAndDashboardNameOnlyMetricsThatThereAre() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Topology/monitoring")
        for file in ["prometheus.alerts.yml", "grafana.dashboard.json"] {
            let text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let names = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.filter { $0.hasPrefix("concord_") }
            #expect(names.count > 10)
            for name in Set(names) {
                let base = ["_bucket", "_sum", "_count"].reduce(String(name)) {
                    $0.hasSuffix($1) ? String($0.dropLast($1.count)) : $0
                }
                #expect(MetricHelp.texts[base] != nil, "\(file): \(name)")
            }
        }
        // Nothing that a node says of itself is left out of the dashboard.
        let board = try String(contentsOf: folder.appendingPathComponent("grafana.dashboard.json"), encoding: .utf8)
        for name in MetricHelp.texts.keys { #expect(board.contains(name), "\(name)") }
        // Every alert is explained to who gets it.
        let alerts = try String(contentsOf: folder.appendingPathComponent("prometheus.alerts.yml"), encoding: .utf8)
            .components(separatedBy: "- alert: ").dropFirst().map { String($0.prefix { !$0.isNewline }) }
        let page = try String(
            contentsOf: folder.deletingLastPathComponent().deletingLastPathComponent()
                .appendingPathComponent("Sources/WebInterface/WebInterface.docc/Operating.md"), encoding: .utf8)
        #expect(alerts.count >= 10)
        for alert in alerts { #expect(page.contains(alert), "\(alert)") }
    }

    @Test func histogramsCountWhatIsNotAboveTheirBounds() throws {
        let registry = MetricsRegistry()
        let timer = Timer(label: "t_seconds", dimensions: [("a", "x\"y\\z\n")], factory: registry)
        for nanoseconds: Int64 in [1, 500_000, 500_001, 20_000_000_000] { timer.recordNanoseconds(nanoseconds) }
        Counter(label: "c_total", factory: registry).increment(by: 3)
        Gauge(label: "g", factory: registry).record(1.5)
        var text = PrometheusText()
        for (name, series) in registry.all() {
            text.begin(name.metric, series.type, help: "words")
            for sample in series.samples {
                text.sample(name.metric + sample.suffix, Array(zip(name.labels, name.values)) + sample.labels, sample.value)
            }
        }
        let page = try MetricsPage(text.text)
        let label = "x\"y\\z\n"
        #expect(page.value("t_seconds_bucket", ["a": label, "le": "0.0005"]) == 2)
        #expect(page.value("t_seconds_bucket", ["a": label, "le": "0.001"]) == 3)
        #expect(page.value("t_seconds_bucket", ["a": label, "le": "10"]) == 3)
        #expect(page.value("t_seconds_bucket", ["a": label, "le": "+Inf"]) == 4)
        #expect(page.value("t_seconds_count", ["a": label]) == 4)
        #expect(page.value("c_total", [:]) == 3 && page.value("g", [:]) == 1.5)
    }
}

/// A page of the Prometheus text format, read strictly.
struct MetricsPage {
    struct Malformed: Error, CustomStringConvertible { let description: String }

    private(set) var names: [String] = []
    private var values: [String: Double] = [:]

    init(_ text: String) throws {
        guard text.hasSuffix("\n") else { throw Malformed(description: "no newline at the end") }
        var type = ""
        for line in text.split(separator: "\n") {
            if line.hasPrefix("# TYPE ") {
                let words = line.split(separator: " ")
                guard words.count == 4, !names.contains(String(words[2])) else { throw Malformed(description: String(line)) }
                names.append(String(words[2]))
                type = String(words[3])
            } else if !line.hasPrefix("# HELP ") {
                let (name, labels, value) = try Self.sample(line)
                let isOwn =
                    name == names.last
                    || (type == "histogram"
                        && ["_bucket", "_sum", "_count"].contains {
                            name == (names.last ?? "") + $0
                        })
                guard isOwn, values.updateValue(value, forKey: Self.key(name, labels)) == nil else {
                    throw Malformed(description: String(line))
                }
            }
        }
    }

    func value(_ name: String, _ labels: [String: String]) -> Double? { values[Self.key(name, labels)] }

    private static func key(_ name: String, _ labels: [String: String]) -> String {
        name + labels.sorted { $0.key < $1.key }.map { "\u{1}\($0.key)\u{2}\($0.value)" }.joined()
    }

    private static func sample(_ line: Substring) throws -> (String, [String: String], Double) {
        let failure = Malformed(description: String(line))
        let name = line.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == ":" }
        var rest = line.dropFirst(name.count)
        var labels: [String: String] = [:]
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let equals = rest.firstIndex(of: "=") else { throw failure }
                let label = String(rest[..<equals])
                rest = rest[equals...].dropFirst()
                guard rest.popFirst() == "\"" else { throw failure }
                var value = ""
                while let character = rest.popFirst(), character != "\"" {
                    guard character == "\\" else {
                        value.append(character)
                        continue
                    }
                    switch rest.popFirst() {
                    case "n": value.append("\n")
                    case "\\": value.append("\\")
                    case "\"": value.append("\"")
                    default: throw failure
                    }
                }
                labels[label] = value
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard rest.popFirst() == " ", let value = Double(rest) ?? (rest == "+Inf" ? .infinity : nil) else { throw failure }
        return (String(name), labels, value)
    }
}
