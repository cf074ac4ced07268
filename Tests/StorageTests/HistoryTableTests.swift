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
        table.show(table.write(batch, from: 0))
        let view = table.view
        let expected = (0..<count).map { HistoryTablePlace(subject: view.subject($0), place: UInt32($0)) }
            .sorted { $0.isBefore($1) }
        #expect(view.sorted().map(\.place) == expected.map(\.place))
        #expect(view.sorted().map(\.subject) == expected.map(\.subject))
    }

    /// Subjects that share chains, some of them with records that are written and not shown yet.
    @Test func aSubjectIsFoundInWhatIsShown() throws {
        let subjects = (0..<64).map { SubjectID(high: UInt64($0 / 8), low: UInt64($0 % 8) << 20) }
        func batch(_ first: UInt64) -> HistoryBatch {
            var batch = HistoryBatch()
            batch.reset(origin: 0, first: first)
            for (offset, subject) in subjects.enumerated() {
                let record = HistoryRecord(origin: 0, index: first + UInt64(offset), kind: 1, day: 1, factor: 1, quantity: 1)
                batch.append(record, about: subject)
            }
            return batch
        }
        func found(_ place: Int, in view: HistoryTableView) throws -> [UInt64] {
            var history = SubjectHistory()
            try view.append(subjects[place], to: &history)
            return history.records.map(\.index).sorted()
        }
        let table = HistoryTable(capacity: 200, payloadCapacity: 1 << 16)
        table.show(table.write(batch(0), from: 0))
        let before = table.view
        let addition = table.write(batch(64), from: 64)
        for place in subjects.indices { #expect(try found(place, in: table.view) == [UInt64(place)]) }
        table.show(addition)
        for place in subjects.indices {
            #expect(try found(place, in: table.view) == [UInt64(place), UInt64(place) + 64])
            #expect(try found(place, in: before) == [UInt64(place)])
        }
        var history = SubjectHistory()
        try table.view.append(SubjectID(high: 99, low: 0), to: &history)
        #expect(history.records.isEmpty)
    }

    @Test func aThreadsNumbersOfFactorsAreTheStores() throws {
        let folder = try HistoryFolder()
        var options = HistoryOptions.small
        options.factorLimit = 2
        let store = try HistoryStore(path: folder.path, options: options)
        var known = HistoryFactorNumbers(store)
        func number(_ code: String) -> UInt32 { Array(code.utf8).withUnsafeBytes { known.number($0) } }
        #expect(store.factorNumber("b") == 0)
        #expect(number("a") == 1)
        #expect(number("b") == 0)
        #expect(number("a") == 1)
        #expect(number("c") == HistoryStore.unknownNumber)
        // Beyond the limit only the rulebook's own get a number, and a thread that asked before hears of it.
        let reserved = try? store.reserveFactor(Array("d".utf8))
        #expect(reserved == nil || number("d") == reserved)
        #expect(number("c") == store.factorNumber("c"))
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
