internal import Federation
internal import Population

/// Residents of whom many different things are recorded: whose explanation shows most. Only the first few thousand are
/// looked at.
struct NotableResidents: Sendable {
    private struct Record {
        var entries = 0
        var retractions = 0
        var appeals = 0
        var rulings = 0
        var erasures = 0
        /// First bytes of references, to see that two cities report one occurrence.
        var references: Set<[UInt8]> = []
        var duplicates = 0

        var kinds: Int { [retractions, appeals, rulings, erasures, duplicates].reduce(0) { $0 + ($1 > 0 ? 1 : 0) } }
    }

    private static let lookedAt: UInt64 = 4_096
    /// More lines than that nobody reads.
    private static let readable = 48
    private var records: [SubjectID: Record] = [:]

    mutating func note(_ occurrence: Occurrence) {
        guard occurrence.subject.high < Self.lookedAt else { return }
        records[occurrence.subject, default: Record()].entries += 1
        change(&records[occurrence.subject, default: Record()], occurrence)
    }

    private func change(_ record: inout Record, _ occurrence: Occurrence) {
        switch occurrence.what {
        case .observation(_, _, let reference):
            if !reference.isEmpty, !record.references.insert(reference).inserted { record.duplicates += 1 }
        case .retraction: record.retractions += 1
        case .appeal: record.appeals += 1
        case .ruling: record.rulings += 1
        case .erasure: record.erasures += 1
        }
    }

    /// Those with the most kinds of things first, then those with fewer lines, then by id.
    func candidates(_ count: Int) -> [SubjectID] {
        let readable = records.filter { $0.value.entries <= Self.readable }
        let chosen = readable.isEmpty ? records : readable
        return chosen.sorted { left, right in
            (right.value.kinds, left.value.entries, left.key) < (left.value.kinds, right.value.entries, right.key)
        }
        .prefix(count).map(\.key)
    }
}
