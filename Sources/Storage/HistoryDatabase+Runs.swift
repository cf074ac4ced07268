import Federation
import Foundation
import GRDB

/// Rows of runs: segments, index rows, and the list of runs.
extension HistoryDatabase {
    /// Subjects in one index row, which has the size of a segment: checksum, uint16 count, then 16 bytes each.
    private static let subjectsPerIndexRow =
        (HistorySegment.byteCount - HistorySegment.headerBytes) / SubjectID.byteCount

    // MARK: Reading

    /// Calls `body` with each row of a range, which has to be there in full. The bytes live only during the call.
    func forEachRow(
        _ rows: ClosedRange<Int64>, of run: HistoryRunID, in database: Database,
        _ body: (Int64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var expected = rows.lowerBound
        func missing() -> HistoryFailure { .damaged("row \(expected) is missing") }
        try database.forEachRow(
            "SELECT id, data FROM \(run.home.table) WHERE id BETWEEN ? AND ?", [rows.lowerBound, rows.upperBound]
        ) { row in
            let id = try Self.checked { try row.integer(0) }
            guard id == expected else { throw missing() }
            try row.withUnsafeData(atIndex: 1) { data in try (data ?? Data()).withUnsafeBytes { try body(id, $0) } }
            expected += 1
        }
        guard expected > rows.upperBound else { throw missing() }
    }

    /// Calls `body` with every segment that can hold records about a subject, in no particular order. The bytes live only during
    /// the call.
    func forEachSegment(
        about subject: SubjectID, of runs: [HistoryRun], _ body: (Int64, UnsafeRawBufferPointer) throws -> Void
    ) throws {
        var rows: [HistoryRunID.Home: [Int64]] = [:]
        for run in runs {
            for segment in run.rows.segments(from: subject, through: subject) {
                rows[run.id.home, default: []].append(run.id.row(Int64(segment)))
            }
        }
        if rows.isEmpty { return }
        try readBriefly { reader in
            for (home, rows) in rows { try reader.forEachRow(rows, in: home, body) }
        }
    }

    /// Copies consecutive segments into `buffer`, one after another.
    func read(_ segments: Range<Int>, of run: HistoryRunID, into buffer: UnsafeMutableRawBufferPointer) throws {
        let rows = run.row(Int64(segments.lowerBound))...run.row(Int64(segments.upperBound - 1))
        try read { database in
            try forEachRow(rows, of: run, in: database) { row, bytes in
                guard bytes.count == HistorySegment.byteCount else {
                    throw HistoryFailure.damaged("row \(row) has \(bytes.count) bytes")
                }
                let offset = Int(row - rows.lowerBound) * HistorySegment.byteCount
                UnsafeMutableRawBufferPointer(rebasing: buffer[offset...]).copyMemory(from: bytes)
            }
        }
    }

    /// The runs in the file, with their indexes.
    func runs(trash: HistoryTrash) throws -> [HistoryRun] {
        try read { database in
            try Row.fetchAll(database, sql: "SELECT number, home, records, segments FROM run ORDER BY number").map { row in
                // Nothing of a file that may be damaged is taken on trust, neither type nor size.
                let values = try Self.checked { try (0..<4).map { try row.integer($0) } }
                guard (0...HistoryRunID.maximumNumber).contains(values[0]), let home = HistoryRunID.Home(rawValue: values[1]),
                    (0..<HistoryRunID.firstIndexSequence).contains(values[3]), let records = Int(exactly: values[2])
                else { throw HistoryFailure.damaged("run \(values[0]) is none") }
                let id = HistoryRunID(home: home, number: values[0])
                let firsts = try index(of: id, segments: Int(values[3]), in: database)
                return HistoryRun(HistoryRun.Rows(id: id, records: records, firsts: firsts), trash: trash)
            }
        }
    }

    private func index(of run: HistoryRunID, segments: Int, in database: Database) throws -> [SubjectID] {
        var firsts: [SubjectID] = []
        if segments == 0 { return firsts }
        let last = Int64((segments - 1) / Self.subjectsPerIndexRow)
        let rows = run.row(HistoryRunID.firstIndexSequence)...run.row(HistoryRunID.firstIndexSequence + last)
        try forEachRow(rows, of: run, in: database) { row, bytes in
            try HistorySegment.check(bytes, id: row)
            let count = Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
            guard count <= Self.subjectsPerIndexRow else { throw HistoryFailure.damaged("index row \(row)") }
            for place in 0..<count {
                let subject = SubjectID(
                    loading: bytes.baseAddress! + HistorySegment.headerBytes + place * SubjectID.byteCount)
                guard firsts.last.map({ $0 <= subject }) ?? true else {
                    throw HistoryFailure.damaged("index row \(row) is out of order")
                }
                firsts.append(subject)
            }
        }
        guard firsts.count == segments else { throw HistoryFailure.damaged("the index of run \(run.number)") }
        return firsts
    }

    // MARK: Writing

    func insert(_ segments: [(row: Int64, bytes: [UInt8])], of run: HistoryRunID, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "INSERT INTO \(run.home.table) (id, data) VALUES (?, ?)")
        for segment in segments { try statement.execute(arguments: [segment.row, Data(segment.bytes)]) }
        WriteAheadLogRoom.make(
            for: segments.count * Self.pageBytes, database, pageBytes: Self.pageBytes, checkpointPages: Self.checkpointPages)
    }

    /// Puts the bytes where the old ones of the same size were.
    func replace(_ segments: [(row: Int64, bytes: [UInt8])], of run: HistoryRunID, in database: Database) throws {
        let statement = try database.cachedStatement(sql: "UPDATE \(run.home.table) SET data = ? WHERE id = ?")
        for segment in segments { try statement.execute(arguments: [Data(segment.bytes), segment.row]) }
    }

    /// Makes a run whose segments are in the file visible to the next start.
    func insertRun(_ run: HistoryRun.Rows, in database: Database) throws {
        try insert(indexRows(of: run, touching: 0..<run.firsts.count), of: run.id, in: database)
        try database.execute(
            sql: "INSERT INTO run (number, home, records, segments) VALUES (?, ?, ?, ?)",
            arguments: [run.id.number, run.id.home.rawValue, run.records, run.firsts.count])
    }

    func deleteRun(_ run: HistoryRunID, in database: Database) throws {
        try database.execute(sql: "DELETE FROM run WHERE number = ?", arguments: [run.number])
    }

    func setRecords(_ records: Int, of run: HistoryRunID, in database: Database) throws {
        try database.execute(
            sql: "UPDATE run SET records = ? WHERE number = ?", arguments: [records, run.number])
    }

    /// The index rows that hold the first subjects of the given segments.
    func indexRows(of run: HistoryRun.Rows, touching segments: Range<Int>) -> [(row: Int64, bytes: [UInt8])] {
        if segments.isEmpty { return [] }
        let width = Self.subjectsPerIndexRow
        return (segments.lowerBound / width...(segments.upperBound - 1) / width).map { number in
            let row = run.id.row(HistoryRunID.firstIndexSequence + Int64(number))
            let subjects = run.firsts[number * width..<min(run.firsts.count, (number + 1) * width)]
            var bytes = [UInt8](repeating: 0, count: HistorySegment.byteCount)
            bytes.withUnsafeMutableBytes { buffer in
                buffer.storeBytes(of: UInt16(subjects.count).littleEndian, toByteOffset: 8, as: UInt16.self)
                var target = buffer.baseAddress! + HistorySegment.headerBytes
                for subject in subjects {
                    subject.store(to: target)
                    target += SubjectID.byteCount
                }
                HistorySegment.seal(buffer, id: row)
            }
            return (row, bytes)
        }
    }

    // MARK: Cleaning up

    /// Deletes up to `limit` rows of a run that nobody needs any more; false when none is left.
    func deleteRows(of run: HistoryRunID, limit: Int) throws -> Bool {
        try write { database in
            let rows = try Int64.fetchAll(
                database, sql: "SELECT id FROM \(run.home.table) WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
                arguments: [run.rows.lowerBound, run.rows.upperBound, limit])
            guard let first = rows.first, let last = rows.last else { return false }
            try database.execute(
                sql: "DELETE FROM \(run.home.table) WHERE id BETWEEN ? AND ?", arguments: [first, last])
            return rows.count == limit
        }
    }

    /// The runs that have rows but do not stand in the list: interrupted merges, and merged ones not yet deleted.
    func leftovers(besides known: Set<HistoryRunID>) throws -> [HistoryRunID] {
        try read { database in
            var found: [HistoryRunID] = []
            for home in HistoryRunID.Home.allCases {
                var next: Int64 = 0
                while let row = try Int64.fetchOne(
                    database, sql: "SELECT id FROM \(home.table) WHERE id >= ? ORDER BY id LIMIT 1", arguments: [next])
                {
                    guard row >> 32 <= HistoryRunID.maximumNumber else {
                        throw HistoryFailure.damaged("row \(row) is of no run")
                    }
                    let run = HistoryRunID(home: home, number: row >> 32)
                    if !known.contains(run) { found.append(run) }
                    next = run.rows.upperBound
                }
            }
            return found
        }
    }
}
