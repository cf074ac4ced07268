internal import Population

/// What one node has yet to record, in the order of the stream, and what of it may be recorded already.
///
/// Positions follow from the order alone: the n-th occurrence of a node is the n-th entry of its log. So after a broken
/// connection the size of the log tells how much of what was sent had been recorded.
struct FeedQueue: Sendable {
    private var waiting: [Occurrence] = []
    private var head = 0
    /// Occurrences that were recorded: the ordinal of the first that waits.
    private(set) var recorded: UInt64 = 0

    var count: Int { waiting.count - head }

    mutating func append(_ occurrences: some Sequence<Occurrence>) { waiting.append(contentsOf: occurrences) }

    /// The next occurrences that can be recorded in one go: none that corrects something which is not recorded yet.
    ///
    /// - Parameters:
    ///   - node: whose queue this is.
    ///   - held: entries of each node's log that this node holds.
    func batch(upTo limit: Int, node: Int, held: [UInt64]) -> [Occurrence] {
        var batch: [Occurrence] = []
        for occurrence in waiting[head...].prefix(limit) {
            if let target = occurrence.target {
                let known = target.node == node ? recorded : held[target.node]
                guard target.ordinal < known else { break }
            }
            batch.append(occurrence)
        }
        return batch
    }

    /// Takes away what is recorded up to an ordinal.
    mutating func advance(to ordinal: UInt64) {
        guard ordinal > recorded else { return }
        head += Int(min(ordinal - recorded, UInt64(count)))
        recorded = ordinal
        if head > 65_536 || head == waiting.count {
            waiting.removeSubrange(..<head)
            head = 0
        }
    }
}
