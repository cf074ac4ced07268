package import Cryptography
package import Federation
internal import Foundation
package import Scoring
internal import Storage
internal import Synchronization
internal import TransparencyLog

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
    /// The whole leaf hash of an entry, for ties between duplicates.
    func leafHash(_ lines: [[UInt8]], _ origin: UInt32, _ index: UInt64) throws -> Digest {
        guard let line = lines[safe: Int(origin)], let name = OriginName(line), let hash = try log.leafHash(name, index) else {
            throw NodeFailure(.storage, "an entry that was folded is not in the log: run concord verify")
        }
        return hash
    }

    func history(of subject: SubjectID) throws -> SubjectHistory {
        var found = SubjectHistory()
        try history.history(of: subject, into: &found)
        return found
    }

    package func score(_ subject: SubjectID, day: UInt32) throws -> (
        score: SubjectScore?, tier: String?, effects: [Rulebook.Effect]
    ) {
        let sizes = try visibleSizes()
        let history = try history(of: subject)
        let context = try scoringContext(sizes: sizes, day: day, about: [history])
        var scorer = Scorer(context.scoring)
        let score = try scorer.score(subject, history) { try leafHash(context.lines, $0, $1) }
        let tier = score.map { rulebook.tiers[$0.tier] }
        return (score, tier?.name, tier?.effects.compactMap(rulebook.effect) ?? [])
    }

    /// A subject's score on each of some days; nil where the standings of a day do not hold it.
    package func course(of subject: SubjectID, days: [UInt32]) throws -> [Int64?] {
        let sizes = try visibleSizes()
        let history = try history(of: subject)
        return try days.map { day in
            let context = try scoringContext(sizes: sizes, day: day, about: [history])
            var scorer = Scorer(context.scoring)
            return try scorer.score(subject, history) { try leafHash(context.lines, $0, $1) }?.score
        }
    }

    package func explain(_ subject: SubjectID, day: UInt32) throws -> Explanation {
        let sizes = try visibleSizes()
        let history = try history(of: subject)
        let context = try scoringContext(sizes: sizes, day: day, about: [history])
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
