internal import CoreMetrics
internal import Storage
internal import Replication
internal import Synchronization

/// What a node counts and measures as it happens; where it stands is read when somebody asks.
extension NodeEnvironment {
    /// Sends what is counted and measured to a factory, and measures the log store's transactions from now on.
    mutating func measure(in factory: any MetricsFactory) {
        metrics = factory
        let commit = Timer(label: "concord_commit_seconds", factory: factory)
        let sync = Timer(label: "concord_sync_seconds", factory: factory)
        // One thread writes: the times of one transaction after another.
        let times = StepTimes()
        logOptions.onStep = { step in
            let now = steadyNanoseconds()
            switch step {
            case .begun: times.begun.store(now, ordering: .relaxed)
            case .staged: times.staged.store(now, ordering: .relaxed)
            case .durable:
                commit.recordNanoseconds(Int64(clamping: now - times.begun.load(ordering: .relaxed)))
                sync.recordNanoseconds(Int64(clamping: now - times.staged.load(ordering: .relaxed)))
            }
        }
    }

    /// Counters that stand at zero from the start: what is there only from its first increase on has, for who watches the increase,
    /// none.
    func beginCounters() {
        let plain = [
            "concord_events_recorded_total", "concord_sessions_opened_total", "concord_sessions_ended_total",
            "concord_forks_found_total", "concord_forks_decided_total", "concord_restored_pasts_total",
            "concord_damage_found_total", "concord_entries_mended_total",
        ]
        for name in plain { Counter(label: name, factory: metrics).increment(by: 0) }
        for (name, outcomes) in [
            ("concord_verify_runs_total", ["sound", "damaged"]), ("concord_resync_runs_total", ["whole", "incomplete"]),
        ] {
            for outcome in outcomes {
                Counter(label: name, dimensions: [("outcome", outcome)], factory: metrics).increment(by: 0)
            }
        }
        for reason in ReplicaReport.refusalReasons {
            Counter(label: "concord_refusals_total", dimensions: [("reason", reason)], factory: metrics).increment(by: 0)
        }
    }

    func count(_ name: String, _ labels: [(String, String)] = [], by amount: Int = 1) {
        guard amount > 0 else { return }
        Counter(label: name, dimensions: labels, factory: metrics).increment(by: amount)
    }
}

/// When the steps of the transaction under way were reached.
private final class StepTimes: Sendable {
    let begun = Atomic<UInt64>(0)
    let staged = Atomic<UInt64>(0)
}

/// Messages over links, each way.
struct FrameCounters: Sendable {
    let sent: Counter
    let received: Counter

    init(_ metrics: any MetricsFactory) {
        func counter(_ direction: String) -> Counter {
            Counter(label: "concord_link_frames_total", dimensions: [("direction", direction)], factory: metrics)
        }
        sent = counter("sent")
        received = counter("received")
    }
}
