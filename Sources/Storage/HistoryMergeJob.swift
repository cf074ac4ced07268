/// Merges some runs into one, a bounded piece at a time, so that writes of new runs come in between. The new run
/// becomes visible, and the old ones invisible, in the transaction of its last piece; what an interrupted merge leaves
/// behind is deleted at the next start.
struct HistoryMergeJob {
    let inputs: [HistoryRun]
    /// Whether it merges everything because `compact` asked for it.
    let isCompaction: Bool
    private var merge: HistoryMerge
    private var writer: HistoryRunWriter

    var output: HistoryRunID { writer.id }

    init(_ inputs: [HistoryRun], into output: HistoryRunID, isCompaction: Bool, database: HistoryDatabase) throws {
        self.inputs = inputs
        self.isCompaction = isCompaction
        merge = try HistoryMerge(inputs.map { HistoryRunSource($0, in: database) })
        writer = HistoryRunWriter(output, records: inputs.reduce(0) { $0 + $1.rows.records })
    }

    /// Writes up to `limit` segments; the new run, if that was the last piece. A job that failed cannot go on.
    mutating func step(limit: Int, database: HistoryDatabase) throws -> HistoryRun.Rows? {
        while writer.unwritten.count < limit, let subject = merge.head {
            try merge.take(subject) { writer.append(subject, $0) }
        }
        let finished = merge.head == nil ? writer.finish() : nil
        try database.write { connection in
            try database.insert(writer.unwritten, of: output, in: connection)
            guard let finished else { return }
            if !finished.firsts.isEmpty { try database.insertRun(finished, in: connection) }
            for input in inputs { try database.deleteRun(input.id, in: connection) }
        }
        writer.removeWritten()
        return finished
    }

    /// The runs to merge next: all of the smallest size class that has enough of them. A class spans a factor of
    /// `fanIn` in records, so each record is rewritten once per class.
    static func choose(from runs: [HistoryRun], fanIn: Int) -> [HistoryRun] {
        var classes: [Int: [HistoryRun]] = [:]
        for run in runs { classes[sizeClass(run.rows.records, fanIn), default: []].append(run) }
        let full = classes.filter { $0.value.count >= fanIn }
        guard let least = full.keys.min(), let chosen = full[least] else { return [] }
        return Array(chosen.prefix(2 * fanIn))
    }

    private static func sizeClass(_ records: Int, _ fanIn: Int) -> Int {
        var result = 0
        var limit = 1_024
        while records >= limit {
            result += 1
            limit *= fanIn
        }
        return result
    }
}
