/// Reports that were made already, so that what happens again and again is logged once in a while, and what a peer makes
/// happen cannot fill a disk.
struct ReportedOnce {
    private var seen: [(report: ReplicaReport, at: UInt64)] = []
    private var budgets: [String: TokenBucket] = [:]
    private static let capacity = 512

    mutating func isNew(_ report: ReplicaReport, now: UInt64) -> Bool {
        let key = report.withoutNumbers
        if let index = seen.firstIndex(where: { $0.report == key }) {
            guard now >= seen[index].at + ReplicaLimits.reportMilliseconds else { return false }
            seen.remove(at: index)
        }
        if let peer = report.peer {
            // A sixtieth of a report a second would round to none: the bucket counts sixtieths.
            var budget = budgets[peer] ?? TokenBucket(burst: ReplicaLimits.reportBurst * 60, perSecond: 1, now: now)
            let isWithin = budget.take(60, now: now)
            budgets[peer] = budget
            guard isWithin else { return false }
        }
        if seen.count >= Self.capacity { seen.removeFirst() }
        seen.append((key, now))
        return true
    }

    /// A peer whose session opened is reported afresh when it is refused again, though not at once.
    mutating func forget(peer: String, now: UInt64) {
        seen.removeAll { entry in
            switch entry.report {
            case .refusedPeer(peer, _), .refusedByPeer(peer, _): now >= entry.at + 60_000
            default: false
            }
        }
    }
}

extension ReplicaReport {
    /// The report without what changes each time that the same thing happens.
    fileprivate var withoutNumbers: ReplicaReport {
        switch self {
        case .unprovenRange(let origin, let peer, _): .unprovenRange(origin: origin, peer: peer, first: 0)
        case .overQuota(let origin, _, let quota): .overQuota(origin: origin, size: 0, quota: quota)
        case .disagreeing(let origin, let peer, _): .disagreeing(origin: origin, peer: peer, size: 0)
        default: self
        }
    }

    /// The peer that made it happen.
    fileprivate var peer: String? {
        switch self {
        case .sessionOpened(let peer), .sessionEnded(let peer, _), .refusedPeer(let peer, _), .refusedByPeer(let peer, _),
            .differentTopology(let peer), .differentRulebook(let peer), .unlistedOrigin(_, let peer),
            .invalidCheckpoint(let peer, _), .unprovenRange(_, let peer, _), .disagreeing(_, let peer, _),
            .flooding(let peer):
            peer
        case .overQuota, .forked, .decided, .ownPastIsLonger: nil
        }
    }
}

/// A peer's text as it may stand in a log line: without control characters, and not long.
func printable(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars.prefix(500) {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .format: scalars.append("?")
        default: scalars.append(scalar)
        }
    }
    return String(scalars)
}
