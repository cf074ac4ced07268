import Cryptography
import Encoding
import Federation
import Scoring
import TestSupport
import TransparencyLog

/// A small federation of the vectors, as the fold sees it: histories by subject, in numbers of its own.
struct World {
    struct Expected {
        let day: UInt32
        let standings: [SubjectID: (score: Int64, tier: String)]
        let root: String
    }

    let rulebook: Rulebook
    let population: SyntheticPopulation?
    let authorities: [[UInt8]]
    let logs: [(line: [UInt8], entries: [[UInt8]], bodies: [[UInt8]])]
    let expected: [Expected]

    /// Numbers of origin lines and factor codes, in the order of their first use.
    private(set) var origins: [[UInt8]] = []
    private(set) var factors: [[UInt8]] = []
    private(set) var records: [(subject: SubjectID, record: HistoryRecord, reference: [UInt8])] = []
    private(set) var erasures: [ErasureRecord] = []
    private var leaves: [[UInt8]: [Digest]] = [:]

    static let all = vectors("scoring", in: .module).elements.map { try! World($0) }

    init(_ value: JSONValue) throws {
        var reader = try JSONObjectReader(value)
        rulebook = try Rulebook.parse(bytes: reader.value("rulebook").bytes)
        if case .object = try reader.value("population").content {
            var member = try reader.object("population")
            population = SyntheticPopulation(
                seed: Array(try member.string("seed").utf8), size: UInt64(try member.integer("size")))
        } else {
            population = nil
        }
        authorities = try reader.strings("authorities").map { Array($0.utf8) }
        guard case .object(let members) = try reader.value("logs").content else { throw Malformed() }
        logs = try members.map { member in
            var log = try JSONObjectReader(member.value)
            return (
                Array(member.name.utf8), try log.strings("entries").map { bytes(hex: $0)! },
                try log.strings("bodies").map { bytes(hex: $0)! }
            )
        }
        expected = try reader.objects("expected").map(World.expected)
        for log in logs { add(log.line, log.entries, log.bodies) }
    }

    private struct Malformed: Error {}

    private static func expected(_ reader: JSONObjectReader) throws -> Expected {
        var reader = reader
        guard case .object(let members) = try reader.value("standings").content else { throw Malformed() }
        var standings: [SubjectID: (score: Int64, tier: String)] = [:]
        for member in members {
            guard case .array(let pair) = member.value.content, case .integer(let score) = pair[0].content,
                case .string(let tier) = pair[1].content
            else { throw Malformed() }
            standings[SubjectID(hex: member.name)!] = (score, tier)
        }
        return Expected(day: UInt32(try reader.integer("day")), standings: standings, root: try reader.string("root"))
    }

    private mutating func add(_ line: [UInt8], _ entries: [[UInt8]], _ bodies: [[UInt8]]) {
        let origin = number(line, in: \.origins)
        leaves[line] = entries.map { TransparencyLog.leafHash($0) }
        for (index, (bytes, body)) in zip(entries, bodies).enumerated() {
            guard let entry = try? Entry(decoding: bytes) else { continue }
            if case .erasure(let target, _) = entry.content {
                erasures.append(
                    ErasureRecord(
                        origin: origin, index: UInt64(index), targetOrigin: number(target.origin, in: \.origins),
                        targetIndex: target.index))
            } else if let body = try? Body(decoding: body, kind: entry.kind) {
                add(body, origin, UInt64(index), leaves[line]![index])
            }
        }
    }

    private mutating func add(_ body: Body, _ origin: UInt32, _ index: UInt64, _ leaf: Digest) {
        var record = HistoryRecord(
            origin: origin, index: index, kind: body.content.kind.rawValue, day: body.day, leafPrefix: leaf.prefix)
        var reference: [UInt8] = []
        switch body.content {
        case .observation(let factor, let quantity, let bytes):
            record.factor = number(factor, in: \.factors)
            record.quantity = quantity
            reference = bytes
        case .retraction(let target, _), .appeal(let target, _):
            record.targetOrigin = number(target.origin, in: \.origins)
            record.targetIndex = target.index
        case .ruling(let target, let verdict, _):
            record.targetOrigin = number(target.origin, in: \.origins)
            record.targetIndex = target.index
            record.verdict = verdict.rawValue
        case .enrolment, .withdrawal:
            break
        }
        records.append((body.subject, record, reference))
    }

    private mutating func number(_ bytes: [UInt8], in table: WritableKeyPath<World, [[UInt8]]>) -> UInt32 {
        if let number = self[keyPath: table].firstIndex(of: bytes) { return UInt32(number) }
        self[keyPath: table].append(bytes)
        return UInt32(self[keyPath: table].count - 1)
    }
}

extension World {
    func context(day: UInt32) -> ScoringContext {
        let rows = origins.map { line in
            (line: line, isAuthority: OriginName(line).map { authorities.contains($0.nodeLine) } ?? false)
        }
        let sizes = origins.map { line in UInt64(logs.first { $0.line == line }?.entries.count ?? 0) }
        let tables = ScoringTables(rulebook: rulebook, population: population, origins: rows, factors: factors)
        return ScoringContext(tables, day: day, sizes: sizes, erasures: erasures)
    }

    /// The records in some order, any of them any number of times, gathered by subject.
    func histories(_ order: some Sequence<Int>) -> [(subject: SubjectID, history: SubjectHistory)] {
        var histories: [SubjectID: SubjectHistory] = [:]
        for place in order {
            var (subject, record, reference) = records[place]
            record.referenceOffset = UInt32(histories[subject]?.bytes.count ?? 0)
            record.referenceCount = UInt32(reference.count)
            histories[subject, default: SubjectHistory()].records.append(record)
            histories[subject]?.bytes.append(contentsOf: reference)
        }
        return histories.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func leafHash(_ origin: UInt32, _ index: UInt64) -> Digest { leaves[origins[Int(origin)]]![Int(index)] }

    func standings(
        day: UInt32, _ histories: [(subject: SubjectID, history: SubjectHistory)]
    ) -> (scores: [SubjectID: (score: Int64, tier: String)], root: String) {
        var scorer = Scorer(context(day: day))
        var accumulator = StandingsAccumulator()
        var scores: [SubjectID: (score: Int64, tier: String)] = [:]
        for (subject, history) in histories {
            guard let result = scorer.score(subject, history, leafHash: leafHash) else { continue }
            accumulator.append(subject, score: result.score)
            scores[subject] = (result.score, rulebook.tiers[result.tier].name)
        }
        return (scores, hex(accumulator.root.bytes))
    }
}
