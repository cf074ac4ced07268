internal import Encoding
internal import NodeRuntime

/// Where the node stands at this moment, as gauges.
struct NodeStanding {
    let status: JSONValue
    /// The newest cut; nil where there is none.
    let cut: JSONValue?
    /// Bytes of each store's files.
    let storeBytes: [(name: String, bytes: Int64)]
    let peerLag: [PeerLag]

    init(_ commands: NodeCommands, peerLag: [PeerLag]) throws {
        status = try commands.handle(["command": "status"])
        cut = try commands.handle(["command": "cuts", "limit": 1]).list("cuts").first
        storeBytes = commands.folder.storeBytes
        self.peerLag = peerLag
    }

    func write(to page: inout PrometheusText) {
        writeNode(&page)
        writeLogs(&page)
        writePeers(&page)
        writeCut(&page)
    }

    private func gauge(_ page: inout PrometheusText, _ name: String, _ value: Int64, _ labels: [(String, String)] = []) {
        page.begin(name, .gauge, help: MetricHelp.text(name))
        page.sample(name, labels, .integer(value))
    }

    private func counter(_ page: inout PrometheusText, _ name: String, _ value: Int64, _ labels: [(String, String)] = []) {
        page.begin(name, .counter, help: MetricHelp.text(name))
        page.sample(name, labels, .integer(value))
    }

    private func writeNode(_ page: inout PrometheusText) {
        page.begin("concord_node_info", .gauge, help: MetricHelp.text("concord_node_info"))
        page.sample(
            "concord_node_info",
            [
                ("epoch", "\(status.number("epoch") ?? 0)"), ("federation", status.words("federation") ?? ""),
                ("node", status.words("node") ?? ""), ("rulebook", status.words("rulebook") ?? ""),
                ("topology", status.words("topology") ?? ""),
            ], .integer(1))
        gauge(&page, "concord_confirmed", status.flag("confirmed") ? 1 : 0)
        gauge(&page, "concord_store_takes", status["trouble"]?.content.isText == true ? 0 : 1)
        gauge(&page, "concord_events_aside", status.number("aside") ?? 0)
        gauge(&page, "concord_entries_unreadable", status.number("unreadable") ?? 0)
        gauge(&page, "concord_damaged_places", status.number("damage") ?? 0)
        gauge(&page, "concord_forks", Int64(status.list("forks").count))
        gauge(
            &page, "concord_forks_undecided",
            Int64(status.list("logs").filter { $0.flag("frozen") && $0.number("decided") == nil }.count))
        counter(&page, "concord_link_sent_bytes_total", status.number("wire_sent") ?? 0)
        counter(&page, "concord_link_received_bytes_total", status.number("wire_received") ?? 0)
        for (name, bytes) in storeBytes { gauge(&page, "concord_store_bytes", bytes, [("store", name)]) }
    }

    private func writeLogs(_ page: inout PrometheusText) {
        let values: [(metric: String, member: String)] = [
            ("concord_log_recorded", "recorded"), ("concord_log_integrated", "complete"),
            ("concord_log_published", "published"),
            ("concord_log_folded", "folded"), ("concord_log_folded_durable", "folded_durable"),
            ("concord_log_newest", "newest"),
            ("concord_log_lag_events", "lag_events"),
        ]
        for (metric, member) in values {
            for log in status.list("logs") {
                gauge(&page, metric, log.number(member) ?? 0, [("origin", log.words("origin") ?? "")])
            }
        }
        page.begin("concord_log_lag_seconds", .gauge, help: MetricHelp.text("concord_log_lag_seconds"))
        for log in status.list("logs") {
            let seconds = Double(log.number("lag_ms") ?? 0) / 1_000
            page.sample("concord_log_lag_seconds", [("origin", log.words("origin") ?? "")], .number(seconds))
        }
        for log in status.list("logs") {
            gauge(&page, "concord_log_frozen", log.flag("frozen") ? 1 : 0, [("origin", log.words("origin") ?? "")])
        }
    }

    private func writePeers(_ page: inout PrometheusText) {
        for (names, value) in [("linked", Int64(1)), ("unlinked", 0)] {
            for peer in status.list(names) {
                if case .string(let name) = peer.content { gauge(&page, "concord_peer_linked", value, [("peer", name)]) }
            }
        }
        for lag in peerLag {
            gauge(&page, "concord_peer_lag_events", lag.events, [("origin", lag.origin), ("peer", lag.peer)])
        }
        page.begin("concord_peer_lag_seconds", .gauge, help: MetricHelp.text("concord_peer_lag_seconds"))
        for lag in peerLag {
            page.sample(
                "concord_peer_lag_seconds", [("origin", lag.origin), ("peer", lag.peer)],
                .number(Double(lag.milliseconds) / 1_000))
        }
    }

    private func writeCut(_ page: inout PrometheusText) {
        guard let cut else { return }
        page.begin(
            "concord_attestation_timestamp_seconds", .gauge, help: MetricHelp.text("concord_attestation_timestamp_seconds"))
        page.sample("concord_attestation_timestamp_seconds", [], .number(Double(cut.number("at_ms") ?? 0) / 1_000))
        gauge(&page, "concord_attestation_agreed", cut.flag("agreed") ? 1 : 0)
        gauge(&page, "concord_attestation_nodes", Int64(cut.list("attestations").count))
    }
}

/// How far a linked peer is behind with one log, as far as this node knows.
struct PeerLag: Sendable, Equatable {
    let origin: String
    let peer: String
    let events: Int64
    let milliseconds: UInt64
}

/// Follows, from sample to sample, since when each peer has been behind.
struct PeerLagTracker: Sendable {
    private struct Key: Hashable {
        let origin: String
        let peer: String
    }

    private var since: [Key: UInt64] = [:]
    private(set) var lags: [PeerLag] = []

    /// - Parameter now: of the clock that never jumps.
    mutating func take(_ status: JSONValue, nowMilliseconds now: UInt64) {
        var next: [Key: UInt64] = [:]
        lags = []
        for log in status.list("logs") {
            let newest = log.number("newest") ?? 0
            for peer in log.list("peers") {
                let key = Key(origin: log.words("origin") ?? "", peer: peer.words("peer") ?? "")
                let events = max(0, newest - (peer.number("size") ?? 0))
                let begun = events > 0 ? since[key] ?? now : now
                if events > 0 { next[key] = begun }
                lags.append(PeerLag(origin: key.origin, peer: key.peer, events: events, milliseconds: now - min(now, begun)))
            }
        }
        since = next
    }
}
