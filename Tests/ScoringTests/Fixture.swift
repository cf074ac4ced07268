import Cryptography
import Encoding
import Federation
import Scoring

/// A rulebook as text; what a test does not care about has a plain default.
struct RulebookText {
    var population = "synthetic"
    var purpose = "test"
    var limits = #""base": 1000, "minimum": 350, "maximum": 1300"#
    var factors = #"{"code": "f", "title": "F", "realm": "life", "points": 1}"#
    var streaks = ""
    var tiers = #"{"name": "A", "from": 960, "effects": ["e"]}, {"name": "B", "from": 350, "effects": []}"#
    var effects = #"{"code": "e", "title": "E", "kind": "benefit"}"#

    var text: String {
        """
        {"name": "n", "version": 1, "population": "\(population)", "purpose": "\(purpose)",
        "start_day": "2024-01-01", \(limits),
        "factors": [\(factors)],
        "streaks": [\(streaks)],
        "tiers": [\(tiers)],
        "effects": [\(effects)]}
        """
    }

    var rulebook: Rulebook { get throws { try Rulebook.parse(bytes: Array(text.utf8)) } }
}

func day(_ text: String) -> UInt32 { UInt32(CalendarDay(text)!.dayNumber) }

/// Histories of one subject, made by hand: three cities' and one authority's logs, all inside the cut.
struct Fixture {
    static let origins = ["x/a/1", "x/b/1", "x/n/1", "x/a/2", "x/n/2", "x/n/10"]
    static let factors = ["f", "g", "h", "unknown"].map { Array($0.utf8) }

    let rulebook: Rulebook
    let population = SyntheticPopulation(seed: Array("test".utf8), size: 10)
    var history = SubjectHistory()
    var erasures: [ErasureRecord] = []
    var sizes: [UInt64] = Array(repeating: 1_000_000, count: 6)

    init(_ text: RulebookText) throws { rulebook = try text.rulebook }

    var subject: SubjectID { population.subject(3) }

    mutating func add(
        _ kind: EventKind, _ origin: Int, _ index: UInt64, _ date: String = "2024-06-01", factor: Int = 0,
        quantity: Int32 = 1, reference: String = "", leafPrefix: UInt64? = nil, verdict: UInt8 = 0,
        target: (Int, UInt64) = (0, 0)
    ) {
        history.records.append(
            HistoryRecord(
                origin: UInt32(origin), index: index, kind: kind.rawValue, verdict: verdict, day: day(date),
                factor: UInt32(factor), quantity: quantity, leafPrefix: leafPrefix ?? UInt64(origin) << 32 | index,
                referenceOffset: UInt32(history.bytes.count), referenceCount: UInt32(reference.utf8.count),
                targetOrigin: UInt32(target.0), targetIndex: target.1))
        history.bytes += Array(reference.utf8)
    }

    func context(on date: String) -> ScoringContext {
        let origins = Self.origins.map { line in
            (line: Array(line.utf8), isAuthority: line.utf8.starts(with: "x/n/".utf8))
        }
        let tables = ScoringTables(
            rulebook: rulebook, population: rulebook.population == .synthetic ? population : nil, origins: origins,
            factors: Self.factors)
        return ScoringContext(tables, day: day(date), sizes: sizes, erasures: erasures)
    }

    /// A leaf hash whose first eight bytes are those of the record, and whose last one tells the position.
    func leafHash(_ origin: UInt32, _ index: UInt64) -> Digest {
        let prefix = history.records.first { $0.origin == origin && $0.index == index }?.leafPrefix ?? 0
        let first = (0..<8).map { UInt8(truncatingIfNeeded: prefix >> UInt64(56 - 8 * $0)) }
        return Digest(first + Array(repeating: 0, count: 23) + [255 - UInt8(index & 0xFF)])!
    }

    func score(on date: String = "2024-12-31") -> Int64? {
        var scorer = Scorer(context(on: date))
        return scorer.score(subject, history, leafHash: leafHash)?.score
    }

    func explanation(on date: String = "2024-12-31") -> Explanation {
        var scorer = Scorer(context(on: date))
        return scorer.explain(subject, history, leafHash: leafHash)
    }

    /// Fates by position.
    func fates(on date: String = "2024-12-31") -> [String: Explanation.Fate] {
        let pairs = explanation(on: date).entries.map { ($0.position.description, $0.fate) }
        return Dictionary(uniqueKeysWithValues: pairs)
    }
}

func position(_ text: String) -> Position { Position(text)! }
