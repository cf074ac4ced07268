internal import Federation
internal import Scoring
internal import Storage
internal import Synchronization

/// Sizes of all logs that a score is computed over, and what the fold needs to know of them.
struct NodeScoringContext: Sendable {
    let scoring: ScoringContext
    fileprivate let numbers: ScoringNumbers.Known
    fileprivate let erasures: HistoryErasures
    fileprivate let sizes: [UInt64]

    /// Origin lines by the history's numbers.
    var lines: [[UInt8]] { numbers.lines }

    /// Whether an erasure inside the sizes that counts names a position.
    func isErased(_ origin: UInt32, _ index: UInt64, node: Node) -> Bool {
        erasures.erasures(ofOrigin: origin, index: index).contains { erasure in
            guard sizes[safe: Int(erasure.origin)] ?? 0 > erasure.index,
                let eraser = numbers.names[safe: Int(erasure.origin)] ?? nil,
                let target = numbers.names[safe: Int(origin)] ?? nil
            else { return false }
            return node.mayCorrect(eraser, target)
        }
    }
}

/// What a history's numbers stand for, kept until it gives new ones: making it anew would be a third of a single score's time.
final class ScoringNumbers: Sendable {
    struct Known: Sendable {
        let counts: HistoryStore.NumberCounts
        let lines: [[UInt8]]
        let names: [OriginName?]
        /// By the federation's rulebook.
        let tables: ScoringTables
    }

    private let known = Mutex<Known?>(nil)

    func known(of history: HistoryStore, make: (HistoryStore.NumberCounts) -> Known) -> Known {
        let counts = history.numberCounts
        if let known = known.withLock({ $0 }), known.counts == counts { return known }
        let made = make(counts)
        known.withLock { $0 = made }
        return made
    }
}

extension Node {
    /// - Parameters:
    ///   - other: a rulebook to score by instead of the federation's.
    ///   - histories: all that is to be scored, where that is little: only erasures in it are looked at then.
    func scoringContext(
        sizes: [OriginName: UInt64], day: UInt32, rulebook other: Rulebook? = nil, about histories: [SubjectHistory]? = nil
    ) throws -> NodeScoringContext {
        let numbers = scoringNumbers
        let erasures = history.erasures
        let tables = other.map { self.tables(by: $0, numbers.lines, numbers.names) } ?? numbers.tables
        let sizes = numbers.names.map { $0.flatMap { sizes[$0] } ?? 0 }
        let scoring =
            if let histories {
                ScoringContext(
                    tables, day: day, sizes: sizes,
                    erasures: histories.flatMap(\.records).flatMap { erasures.erasures(ofOrigin: $0.origin, index: $0.index) })
            } else {
                ScoringContext(tables, day: day, sizes: sizes, erasures: erasures)
            }
        return NodeScoringContext(scoring: scoring, numbers: numbers, erasures: erasures, sizes: sizes)
    }

    private var scoringNumbers: ScoringNumbers.Known {
        let (history, memory) = historyAndNumbers
        return memory.known(of: history) { counts in
            let lines = history.originLines
            let names = lines.map { OriginName($0) }
            return ScoringNumbers.Known(counts: counts, lines: lines, names: names, tables: tables(by: rulebook, lines, names))
        }
    }

    private func tables(by rulebook: Rulebook, _ lines: [[UInt8]], _ names: [OriginName?]) -> ScoringTables {
        let origins = zip(lines, names).map { line, name in
            (line: line, isAuthority: name.map { topology.isAuthority(nodeLine: $0.nodeLine) } ?? false)
        }
        return ScoringTables(
            rulebook: rulebook, population: topology.population, origins: origins, factors: history.factorCodes)
    }
}
