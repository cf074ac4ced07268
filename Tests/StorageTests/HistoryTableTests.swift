import Federation
import Scoring
import Simulation
import Testing

@testable import Storage

@Suite struct HistoryTableTests {
    /// Subjects that are spread, that crowd together, that lie at the ends of the range, and that are all the same.
    @Test(arguments: 0..<6)
    func aTableIsSortedBySubjectThenByComing(_ kind: Int) {
        var generator = SeededRandom(seed: UInt64(kind))
        let count = [0, 1, 2, 700, 3_000, 3_000][kind]
        let table = HistoryTable(capacity: 4_096, payloadCapacity: 1 << 20)
        var batch = HistoryBatch()
        batch.reset(origin: 0, first: 0)
        for index in 0..<count {
            let high: UInt64 =
                switch index % 4 {
                case 0: UInt64.random(in: 0...UInt64.max, using: &generator)
                case 1: UInt64.random(in: 0..<50, using: &generator)
                case 2: index % 8 == 2 ? 0 : UInt64.max
                default: 1 << 40
                }
            let subject = SubjectID(high: kind == 5 ? high % 40 : high, low: UInt64.random(in: 0..<3, using: &generator))
            batch.append(
                HistoryRecord(origin: 0, index: UInt64(index), kind: 1, day: 1, factor: 1, quantity: 1), about: subject)
        }
        table.append(batch, from: 0)
        let view = table.view
        let expected = (0..<count).map { HistoryTablePlace(subject: view.subject($0), place: UInt32($0)) }
            .sorted { $0.isBefore($1) }
        #expect(view.sorted().map(\.place) == expected.map(\.place))
        #expect(view.sorted().map(\.subject) == expected.map(\.subject))
    }

    @Test func namesThatLookAlikeKeepTheirNumbers() {
        // All end in the same eight bytes and are of one length, so that each takes the other's place in the shortcut.
        let names = (0..<300).map { Array("name-\(1_000 + $0)-suffix-that-is-shared".utf8) } + [[], [1], [2], [1, 2]]
        var table = HistoryNumberTable()
        for (number, name) in names.enumerated() {
            #expect(name.withUnsafeBytes { table.find($0) } == nil)
            #expect(name.withUnsafeBytes { table.insert($0) } == UInt32(number))
        }
        for _ in 0..<2 {
            for (number, name) in names.enumerated() {
                #expect(name.withUnsafeBytes { table.find($0) } == UInt32(number))
                #expect(name.withUnsafeBytes { table.find($0) } == UInt32(number))
            }
        }
    }
}
