package import Cryptography
package import Federation
internal import Foundation
package import Scoring
internal import Storage
internal import Synchronization
internal import TransparencyLog

/// Sizes of all logs that a score is computed over, and what the fold needs to know of them.
package struct NodeScoringContext: Sendable {
    package let scoring: ScoringContext
    /// Origin lines by the history's numbers.
    let lines: [[UInt8]]
    private let erasures: HistoryErasures
    private let sizes: [UInt64]
    private let counts: @Sendable (UInt32, UInt32) -> Bool

    init(
        scoring: ScoringContext, lines: [[UInt8]], erasures: HistoryErasures, sizes: [UInt64],
        counts: @escaping @Sendable (UInt32, UInt32) -> Bool
    ) {
        self.scoring = scoring
        self.lines = lines
        self.erasures = erasures
        self.sizes = sizes
        self.counts = counts
    }

    /// Whether an erasure inside the sizes that counts names a position.
    func isErased(_ origin: UInt32, _ index: UInt64) -> Bool {
        var isErased = false
        erasures.forEach(ofOrigin: origin, index: index) { erasure in
            if sizes[safe: Int(erasure.origin)] ?? 0 > erasure.index, counts(erasure.origin, origin) { isErased = true }
        }
        return isErased
    }
}

/// One subject of the standings.
package struct StandingsLine: Sendable {
    package let subject: SubjectID
    package let score: Int64
    package let tier: Int
}

package struct StandingsSummary: Sendable, Equatable {
    package let root: Digest
    package let subjects: UInt64
}

extension Node {
    /// - Parameter other: a rulebook to score by instead of the federation's.
    package func scoringContext(
        sizes: [OriginName: UInt64], day: UInt32, rulebook other: Rulebook? = nil
    ) throws -> NodeScoringContext {
        let lines = history.originLines
        let erasures = history.erasures
        let sizesByNumber = lines.map { line in OriginName(line).flatMap { sizes[$0] } ?? 0 }
        var records: [ErasureRecord] = []
        records.reserveCapacity(erasures.count)
        erasures.forEach {
            records.append(
                ErasureRecord(origin: $0.origin, index: $0.index, targetOrigin: $0.targetOrigin, targetIndex: $0.targetIndex))
        }
        let origins = zip(lines, sizesByNumber).map { line, size in
            ScoringOrigin(
                line: line, size: size,
                isAuthority: OriginName(line).map { topology.isAuthority(nodeLine: $0.nodeLine) } ?? false)
        }
        let scoring = ScoringContext(
            rulebook: other ?? rulebook, day: day, population: topology.population, origins: origins,
            factors: history.factorCodes, erasures: records)
        let names = lines.map { OriginName($0) }
        return NodeScoringContext(scoring: scoring, lines: lines, erasures: erasures, sizes: sizesByNumber) { eraser, target in
            guard let eraser = names[safe: Int(eraser)] ?? nil, let target = names[safe: Int(target)] ?? nil else {
                return false
            }
            return self.mayCorrect(eraser, target)
        }
    }

    /// The whole leaf hash of an entry, for ties between duplicates.
    func leafHash(_ lines: [[UInt8]], _ origin: UInt32, _ index: UInt64) throws -> Digest {
        guard let line = lines[safe: Int(origin)], let name = OriginName(line), let hash = try log.leafHash(name, index) else {
            throw NodeFailure(.storage, "an entry that was folded is not in the log: run concord verify")
        }
        return hash
    }

    package func score(_ subject: SubjectID, day: UInt32) throws -> (
        score: SubjectScore?, tier: String?, effects: [Rulebook.Effect]
    ) {
        let context = try scoringContext(sizes: visibleSizes(), day: day)
        var history = SubjectHistory()
        try self.history.history(of: subject, into: &history)
        var scorer = Scorer(context.scoring)
        let score = try scorer.score(subject, history) { try leafHash(context.lines, $0, $1) }
        let tier = score.map { rulebook.tiers[$0.tier] }
        return (score, tier?.name, tier?.effects.compactMap(rulebook.effect) ?? [])
    }

    /// A subject's score on each of some days; nil where the standings of a day do not hold it.
    package func course(of subject: SubjectID, days: [UInt32]) throws -> [Int64?] {
        let sizes = try visibleSizes()
        var history = SubjectHistory()
        try self.history.history(of: subject, into: &history)
        return try days.map { day in
            let context = try scoringContext(sizes: sizes, day: day)
            var scorer = Scorer(context.scoring)
            return try scorer.score(subject, history) { try leafHash(context.lines, $0, $1) }?.score
        }
    }

    package func explain(_ subject: SubjectID, day: UInt32) throws -> Explanation {
        let context = try scoringContext(sizes: visibleSizes(), day: day)
        var history = SubjectHistory()
        try self.history.history(of: subject, into: &history)
        var scorer = Scorer(context.scoring)
        return try scorer.explain(subject, history) { try leafHash(context.lines, $0, $1) }
    }

    /// Standings at given sizes: every subject in order, the root over all. `visit` may be left out where only the root is
    /// wanted.
    package func standings(
        sizes: [OriginName: UInt64], day: UInt32, visit: ((StandingsLine) throws -> Void)? = nil
    ) throws -> StandingsSummary {
        let context = try scoringContext(sizes: sizes, day: day)
        return try standings(of: history, context, visit: visit)
    }

    /// Scores every subject of a history, in several threads by parts of the subjects.
    func standings(
        of history: HistoryStore, _ context: NodeScoringContext, visit: ((StandingsLine) throws -> Void)?
    ) throws -> StandingsSummary {
        let partitions = try history.snapshot().partitions(environment.scoringThreads)
        let outcomes = Mutex<[Int: Result<[StandingsLine], any Error>]>([:])
        DispatchQueue.concurrentPerform(iterations: partitions.count) { place in
            let outcome = Result { try scores(partitions[place], context) }
            outcomes.withLock { $0[place] = outcome }
        }
        var accumulator = StandingsAccumulator()
        for place in partitions.indices {
            guard let outcome = outcomes.withLock({ $0[place] }) else { continue }
            for line in try outcome.get() {
                accumulator.append(line.subject, score: line.score)
                try visit?(line)
            }
        }
        return StandingsSummary(root: accumulator.root, subjects: accumulator.count)
    }

    private func scores(_ partition: HistoryPartition, _ context: NodeScoringContext) throws -> [StandingsLine] {
        var lines: [StandingsLine] = []
        var scorer = Scorer(context.scoring)
        try partition.forEachSubject { subject, history in
            if let score = try scorer.score(subject, history, leafHash: { try leafHash(context.lines, $0, $1) }) {
                lines.append(StandingsLine(subject: subject, score: score.score, tier: score.tier))
            }
        }
        return lines
    }
}
