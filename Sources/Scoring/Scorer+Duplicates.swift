internal import Cryptography

/// Step 2: among the observations left that agree in subject, factor, day, quantity and a non-empty reference, the one
/// with the smallest (leaf hash, origin line, index) counts.
extension Scorer {
    /// A hash that brings equal quantities and references together (FNV-1a); what it throws together by chance, or by
    /// design, the comparison of the bytes parts again.
    func referenceHash(_ record: HistoryRecord, _ history: SubjectHistory) -> UInt32 {
        var hash = 2_166_136_261 ^ UInt32(bitPattern: record.quantity)
        for place in references(record) { hash = (hash ^ UInt32(history.bytes[place])) &* 16_777_619 }
        return hash ^ hash >> 12
    }

    private func references(_ record: HistoryRecord) -> Range<Int> {
        Int(record.referenceOffset)..<(Int(record.referenceOffset) + Int(record.referenceCount))
    }

    mutating func sortCandidates(_ history: SubjectHistory) {
        var candidates: [Candidate] = []
        swap(&candidates, &self.candidates)
        sortInPlace(&candidates) { left, right in
            if left.key != right.key { return left.key < right.key }
            let left = history.records[Int(left.record)]
            let right = history.records[Int(right.record)]
            if left.quantity != right.quantity { return left.quantity < right.quantity }
            let order = compareReferences(left, right, history)
            if order != 0 { return order < 0 }
            if left.leafPrefix != right.leafPrefix { return left.leafPrefix < right.leafPrefix }
            return precedes(left, right)
        }
        swap(&candidates, &self.candidates)
    }

    /// Below, at or above zero: shorter references first, then bytewise.
    private func compareReferences(_ left: HistoryRecord, _ right: HistoryRecord, _ history: SubjectHistory) -> Int {
        if left.referenceCount != right.referenceCount { return left.referenceCount < right.referenceCount ? -1 : 1 }
        for (first, second) in zip(references(left), references(right))
        where history.bytes[first] != history.bytes[second] {
            return history.bytes[first] < history.bytes[second] ? -1 : 1
        }
        return 0
    }

    /// Goes through the groups that agree; of each all but one are marked, and a position that comes again is too.
    mutating func markDuplicates<Failure>(
        _ history: SubjectHistory, leafHash: (UInt32, UInt64) throws(Failure) -> Digest
    ) throws(Failure) {
        var start = 0
        while start < candidates.count {
            var end = start + 1
            while end < candidates.count, agree(start, end, history) { end += 1 }
            if end - start > 1 { try markGroup(start..<end, history, leafHash: leafHash) }
            start = end
        }
    }

    private func agree(_ left: Int, _ right: Int, _ history: SubjectHistory) -> Bool {
        guard candidates[left].key == candidates[right].key else { return false }
        let first = history.records[Int(candidates[left].record)]
        let second = history.records[Int(candidates[right].record)]
        return first.quantity == second.quantity && compareReferences(first, second, history) == 0
    }

    private mutating func markGroup<Failure>(
        _ group: Range<Int>, _ history: SubjectHistory, leafHash: (UInt32, UInt64) throws(Failure) -> Digest
    ) throws(Failure) {
        // Equal positions stand side by side: a position has one hash, and ties of hashes are sorted by position.
        for place in group.dropFirst() {
            let record = history.records[Int(candidates[place].record)]
            let previous = history.records[Int(candidates[place - 1].record)]
            if record.origin == previous.origin, record.index == previous.index {
                marks[Int(candidates[place].record)].fate = .repeated
            }
        }
        guard history.records[Int(candidates[group.lowerBound].record)].referenceCount > 0 else { return }
        let counting = try firstByLeafHash(group, history, leafHash: leafHash)
        for place in group {
            let record = candidates[place].record
            if record != counting, marks[Int(record)].fate != .repeated {
                marks[Int(record)] = Mark(fate: .duplicate, by: counting)
            }
        }
    }

    /// The record of a group, sorted by the hashes' first eight bytes and then by position, whose whole hash is the
    /// smallest.
    private func firstByLeafHash<Failure>(
        _ group: Range<Int>, _ history: SubjectHistory, leafHash: (UInt32, UInt64) throws(Failure) -> Digest
    ) throws(Failure) -> UInt32 {
        let first = candidates[group.lowerBound].record
        let prefix = history.records[Int(first)].leafPrefix
        var best = first
        var bestHash: Digest?
        for place in group.dropFirst() {
            let record = history.records[Int(candidates[place].record)]
            guard record.leafPrefix == prefix else { break }
            guard marks[Int(candidates[place].record)].fate != .repeated else { continue }
            let known = history.records[Int(best)]
            let smallest: Digest
            if let bestHash { smallest = bestHash } else { smallest = try leafHash(known.origin, known.index) }
            let hash = try leafHash(record.origin, record.index)
            bestHash = min(smallest, hash)
            if hash < smallest { best = candidates[place].record }
        }
        return best
    }
}
