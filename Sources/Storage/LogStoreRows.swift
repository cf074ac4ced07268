internal import Cryptography
internal import Foundation
internal import GRDB

extension Database {
    func run(_ sql: String, _ arguments: StatementArguments = StatementArguments()) throws {
        try cachedStatement(sql: sql).execute(arguments: arguments)
    }

    /// Visits rows in order. A row is valid only within the visit.
    func forEachRow(_ sql: String, _ arguments: StatementArguments, _ visit: (Row) throws -> Void) throws {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        while let row = try rows.next() { try visit(row) }
    }

    func firstRow<Value>(_ sql: String, _ arguments: StatementArguments, _ decode: (Row) throws -> Value) throws -> Value? {
        let rows = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        guard let row = try rows.next() else { return nil }
        return try decode(row)
    }

    /// Reads in one transaction. It is rolled back at the end: where a row was damaged SQLite refuses to commit, even what was
    /// only read.
    func snapshot<Value>(_ body: (Database) throws -> Value) throws -> Value {
        var result: Value?
        try inTransaction(.deferred) {
            result = try body(self)
            return .rollback
        }
        guard let result else { preconditionFailure("a transaction that ended has run its body") }
        return result
    }
}

extension Row {
    /// A damaged file can hold a value of another type than its table declares, so no column is taken on trust.
    func integer(_ column: Int) throws -> Int64 {
        guard let value = Int64.fromDatabaseValue(self[column] as DatabaseValue) else {
            throw StoreFailure(.corrupt, "a row of the log store holds no number where one has to be; run `concord verify`")
        }
        return value
    }

    /// A count or an index.
    func natural(_ column: Int) throws -> UInt64 {
        guard let value = UInt64(exactly: try integer(column)) else {
            throw StoreFailure(.corrupt, "a row of the log store holds a negative size; run `concord verify`")
        }
        return value
    }

    /// The bytes of a column, copied.
    func bytes(_ column: Int) throws -> [UInt8] {
        try withUnsafeData(atIndex: column) { data in data.map { [UInt8]($0) } ?? [] }
    }

    /// Hashes one after another; nil where the column does not hold whole ones.
    func digests(_ column: Int) throws -> [Digest]? {
        try withUnsafeData(atIndex: column) { data in
            guard let data, data.count % Digest.byteCount == 0 else { return nil }
            return data.withUnsafeBytes { bytes in
                stride(from: 0, to: bytes.count, by: Digest.byteCount).map {
                    Digest(loading: bytes.baseAddress! + $0)
                }
            }
        }
    }
}

/// Bytes as a value to bind.
func blob(_ bytes: [UInt8]) -> Data { Data(bytes) }

func blob(_ hash: Digest) -> Data { Data(hash.bytes) }

/// Hashes lie in memory as their bytes do on disk.
func blob(_ hashes: some Collection<Digest>) -> Data {
    let flat = ContiguousArray(hashes)
    return flat.withUnsafeBytes { Data($0) }
}
