import Foundation
import GRDB
import Scoring

/// What a run's transaction carries besides the run, so that the file always tells how far it is folded.
struct HistoryFoldState {
    var origins: [(number: UInt32, bytes: [UInt8])] = []
    var factors: [(number: UInt32, bytes: [UInt8])] = []
    var overflows: [String] = []
    /// Next index to fold, for the origins where it moved.
    var positions: [(origin: UInt32, position: UInt64)] = []
    var erasures: [ErasureRecord] = []
}

/// Number tables, positions and erasures. Indexes are stored as SQLite's signed
/// integers with the same bits: a hostile erasure may name one above 2^63.
extension HistoryDatabase {
    static let originOverflow = "origin"
    static let factorOverflow = "factor"

    func store(_ fold: HistoryFoldState, in database: Database) throws {
        for origin in fold.origins {
            try database.execute(
                sql: "INSERT INTO origin (number, line, folded) VALUES (?, ?, 0)",
                arguments: [Int64(origin.number), Data(origin.bytes)])
        }
        for factor in fold.factors {
            try database.execute(
                sql: "INSERT INTO factor (number, code) VALUES (?, ?)",
                arguments: [Int64(factor.number), Data(factor.bytes)])
        }
        for name in fold.overflows {
            try database.execute(sql: "INSERT OR IGNORE INTO overflow (name) VALUES (?)", arguments: [name])
        }
        for (origin, position) in fold.positions {
            try database.execute(
                sql: "UPDATE origin SET folded = ? WHERE number = ?",
                arguments: [Int64(bitPattern: position), Int64(origin)])
        }
        let statement = try database.cachedStatement(
            sql: "INSERT INTO erasure (origin, position, target_origin, target_position) VALUES (?, ?, ?, ?)")
        for erasure in fold.erasures {
            try statement.execute(arguments: [
                Int64(erasure.origin), Int64(bitPattern: erasure.index),
                Int64(erasure.targetOrigin), Int64(bitPattern: erasure.targetIndex),
            ])
        }
    }

    /// Fills the origin table and returns the positions by origin number.
    func restoreOrigins(_ numbers: inout HistoryLimitedNumbers) throws -> [UInt64] {
        let rows = try read { try Row.fetchAll($0, sql: "SELECT number, line, folded FROM origin ORDER BY number") }
        for row in rows { try Self.checked { try numbers.restore(row.integer(0), row.bytes(1)) } }
        numbers.overflowed = try hasOverflowed(Self.originOverflow)
        numbers.overflowPersisted = numbers.overflowed
        return try rows.map { row in try Self.checked { UInt64(bitPattern: try row.integer(2)) } }
    }

    func restoreFactors(_ numbers: inout HistoryLimitedNumbers) throws {
        let rows = try read { try Row.fetchAll($0, sql: "SELECT number, code FROM factor ORDER BY number") }
        for row in rows { try Self.checked { try numbers.restore(row.integer(0), row.bytes(1)) } }
        numbers.overflowed = try hasOverflowed(Self.factorOverflow)
        numbers.overflowPersisted = numbers.overflowed
    }

    private func hasOverflowed(_ name: String) throws -> Bool {
        try read {
            try Bool.fetchOne($0, sql: "SELECT EXISTS (SELECT 1 FROM overflow WHERE name = ?)", arguments: [name])
        } ?? false
    }

    func erasures() throws -> HistoryErasures { HistoryErasures(try read { try Self.erasures(in: $0) }) }

    /// Every erasure that the file holds.
    static func erasures(in database: Database) throws -> [ErasureRecord] {
        var erasures: [ErasureRecord] = []
        let rows = try Row.fetchCursor(
            database, sql: "SELECT target_origin, target_position, origin, position FROM erasure")
        while let row = try rows.next() {
            let numbers = try checked { try (0..<4).map { try row.integer($0) } }
            guard let target = UInt32(exactly: numbers[0]), let origin = UInt32(exactly: numbers[2]) else {
                throw HistoryFailure.damaged("an erasure names no origin")
            }
            erasures.append(
                ErasureRecord(
                    origin: origin, index: UInt64(bitPattern: numbers[3]), targetOrigin: target,
                    targetIndex: UInt64(bitPattern: numbers[1])))
        }
        return erasures
    }
}
