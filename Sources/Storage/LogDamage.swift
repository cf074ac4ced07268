package import Federation
internal import GRDB
internal import TransparencyLog

/// Spoils stored entries on purpose, so that verifying and mending can be shown, measured and tested. It works on the file of
/// a store that no process has open, through SQLite: the rows stay in their places, what they hold is no longer what was
/// written.
package enum LogDamage {
    package enum Blow: Equatable, Sendable {
        /// The entry and its body are overwritten with zeros.
        case destroyed
        /// One bit of the entry or its body, counted from its front and around its end.
        case flippedBit(UInt64)
        /// One bit of its stored leaf hash.
        case flippedHashBit(UInt64)
    }

    /// - Parameters:
    ///   - path: `log.sqlite` of a node that is stopped.
    ///   - blows: by index; each index must be stored.
    package static func strike(path: String, _ origin: OriginName, _ blows: [UInt64: Blow]) throws {
        do {
            let queue = try DatabaseQueue(path: path)
            try queue.write { database in
                let number = try database.firstRow("SELECT number FROM origin WHERE line = ?", [blob(origin.line)]) {
                    try $0.integer(0)
                }
                guard let number else { throw StoreFailure(.rejected, "nothing of \(origin) is stored") }
                for index in blows.keys.sorted() {
                    guard let blow = blows[index] else { continue }
                    try strike(database, number, index, blow)
                }
            }
            try queue.close()
        } catch {
            throw StoreFailure.mapping(error, "spoil \(path)")
        }
    }

    private static func strike(_ database: Database, _ number: Int64, _ index: UInt64, _ blow: Blow) throws {
        let (table, key, offset) = try row(database, number, index)
        let column = if case .flippedHashBit = blow { "hashes" } else { "items" }
        let stored = try database.firstRow("SELECT \(column) FROM \(table) WHERE key = ?", [key]) { try $0.bytes(0) }
        guard var bytes = stored else { throw StoreFailure(.rejected, "the row of entry \(index) cannot be read") }
        switch blow {
        case .destroyed:
            for place in try span(of: offset, in: bytes) { bytes[place] = 0 }
        case .flippedBit(let bit):
            let span = try span(of: offset, in: bytes)
            flip(bit, in: span, of: &bytes)
        case .flippedHashBit(let bit):
            flip(bit, in: (32 * offset)..<(32 * offset + 32), of: &bytes)
        }
        try database.run("UPDATE \(table) SET \(column) = ? WHERE key = ?", [blob(bytes), key])
    }

    private static func flip(_ bit: UInt64, in span: Range<Int>, of bytes: inout [UInt8]) {
        let place = Int(bit % UInt64(8 * span.count))
        bytes[span.lowerBound + place / 8] ^= 1 << UInt8(place % 8)
    }

    /// The row that holds an entry, and the entry's place in it.
    private static func row(_ database: Database, _ number: Int64, _ index: UInt64) throws -> (String, Int64, Int) {
        let bundle = RowKey.make(number, index / Tiling.width)
        if try database.firstRow("SELECT 1 FROM bundle WHERE key = ?", [bundle], { _ in true }) == true {
            return ("bundle", bundle, Int(index % Tiling.width))
        }
        let key = try database.firstRow(
            "SELECT key FROM tail WHERE key BETWEEN ? AND ? ORDER BY key DESC LIMIT 1",
            [RowKey.all(number).lowerBound, RowKey.make(number, index)]
        ) { try $0.integer(0) }
        guard let key else { throw StoreFailure(.rejected, "the entry \(index) is not stored") }
        return ("tail", key, Int(index - RowKey.index(key)))
    }

    /// Where an item lies in the bytes of a packed run: found by the lengths in front, which may stand before items that are
    /// spoilt already.
    private static func span(of offset: Int, in bytes: [UInt8]) throws -> Range<Int> {
        func number(_ place: Int) -> Int { Int(bytes[place]) << 8 | Int(bytes[place + 1]) }
        guard bytes.count >= 2, offset < number(0), bytes.count >= 2 + 2 * number(0) else {
            throw StoreFailure(.rejected, "a row does not hold the entry that it should")
        }
        func size(_ item: Int) -> Int {
            let length = number(2 + 2 * item)
            return length & Int(PackedEntries.verbatim) == 0 ? Entry.headerBytes + length : length & 0x7fff
        }
        let start = (0..<offset).reduce(2 + 2 * number(0)) { $0 + size($1) }
        let end = start + size(offset)
        guard end <= bytes.count, start < end else { throw StoreFailure(.rejected, "a row is shorter than its lengths say") }
        return start..<end
    }
}
