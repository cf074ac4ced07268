internal import CoreMetrics
internal import Encoding
internal import NodeRuntime

/// What the HTTP side counts of itself, and the page of all metrics.
struct WebMetrics: Sendable {
    let registry: MetricsRegistry

    func answered(_ route: String, _ status: Int, nanoseconds: UInt64) {
        Counter(
            label: "concord_http_requests_total", dimensions: [("route", route), ("status", "\(status)")], factory: registry
        )
        .increment()
        Timer(label: "concord_http_request_seconds", dimensions: [("route", route)], factory: registry)
            .recordNanoseconds(Int64(clamping: nanoseconds))
    }

    /// The metrics page: what was counted as it happened, and where the node stands now.
    func text(_ node: NodeCaller, _ live: LiveStatus) async throws -> String {
        let standing = try await node.run { try NodeStanding($0, peerLag: live.peerLag) }
        var page = PrometheusText()
        for (name, series) in registry.all() {
            page.begin(name.metric, series.type, help: MetricHelp.text(name.metric))
            for sample in series.samples {
                page.sample(name.metric + sample.suffix, Array(zip(name.labels, name.values)) + sample.labels, sample.value)
            }
        }
        standing.write(to: &page)
        return page.text
    }
}
