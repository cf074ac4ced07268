internal import Logging
internal import Replication

extension ReplicaReport {
    /// How loud a report is, and its words: what is wrong, and what to do.
    var line: (Logger.Level, String) {
        switch self {
        case .sessionOpened(let peer): (.info, "linked with \(peer)")
        case .sessionEnded(let peer, let reason): (.info, "link with \(peer) ended: \(reason)")
        case .refusedPeer(let peer, let reason): (.warning, "\(peer) was refused: \(reason)")
        case .refusedByPeer(let peer, let reason): (.warning, "\(peer) refuses this node: \(reason)")
        case .differentTopology(let peer):
            (.warning, "\(peer) has another topology: logs flow, but no cut is attested until both have the same file")
        case .differentRulebook(let peer):
            (.warning, "\(peer) has another rulebook: logs flow, but no cut is attested until both have the same file")
        case .unlistedOrigin(let line, let peer):
            (.warning, "\(peer) shows the log \(line), which the topology does not list: it is not taken")
        case .invalidCheckpoint(let peer, let reason): (.warning, "a checkpoint from \(peer) is not accepted: \(reason)")
        case .unprovenRange(let origin, let peer, let first):
            (.error, "\(peer) sent entries of \(origin) from \(first) on that the checkpoint does not prove: they were dropped")
        case .overQuota(let origin, let size, let quota):
            (
                .warning,
                "\(origin) has \(size) entries, more than its quota of \(quota): raise quota in the topology to take more"
            )
        case .forked(let origin):
            (.critical, "\(origin) signed two histories: it is frozen, the proof is kept; see concord node status")
        case .decided(let origin, let size, let authority):
            (.notice, "\(authority) has decided that the forked log \(origin) ends with \(size) entries")
        case .ownPastIsLonger(let size):
            (
                .warning,
                "this node has published \(size) entries, more than its store holds: an old state was restored; nothing is published until the rest is fetched"
            )
        case .flooding(let peer): (.warning, "\(peer) asks or tells more than is looked at")
        case .disagreeing(let origin, let peer, let size):
            (.error, "\(peer) shows a checkpoint of \(origin) at \(size) that does not fit what is stored here")
        }
    }
}

extension ReplicaReport {
    /// Logs and counts it.
    func tell(_ logger: Logger, _ environment: NodeEnvironment) {
        environment.count(metric.name, metric.labels)
        let (level, text) = line
        logger.log(level: level, "\(text)")
    }

    /// What a report is counted as.
    var metric: (name: String, labels: [(String, String)]) {
        switch self {
        case .sessionOpened: ("concord_sessions_opened_total", [])
        case .sessionEnded: ("concord_sessions_ended_total", [])
        case .refusedPeer: Self.refusal("peer")
        case .refusedByPeer: Self.refusal("by-peer")
        case .differentTopology: Self.refusal("other-topology")
        case .differentRulebook: Self.refusal("other-rulebook")
        case .unlistedOrigin: Self.refusal("unlisted-log")
        case .invalidCheckpoint: Self.refusal("invalid-checkpoint")
        case .unprovenRange: Self.refusal("unproven-range")
        case .overQuota: Self.refusal("over-quota")
        case .forked: ("concord_forks_found_total", [])
        case .decided: ("concord_forks_decided_total", [])
        case .ownPastIsLonger: ("concord_restored_pasts_total", [])
        case .flooding: Self.refusal("flooding")
        case .disagreeing: Self.refusal("disagreeing-checkpoint")
        }
    }

    /// All that refusals are counted by.
    static let refusalReasons = [
        "peer", "by-peer", "other-topology", "other-rulebook", "unlisted-log", "invalid-checkpoint", "unproven-range",
        "over-quota", "flooding", "disagreeing-checkpoint",
    ]

    private static func refusal(_ reason: String) -> (name: String, labels: [(String, String)]) {
        ("concord_refusals_total", [("reason", reason)])
    }
}
