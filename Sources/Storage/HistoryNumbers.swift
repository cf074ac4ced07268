import Foundation

/// Numbers for byte strings, in the order of their coming: open addressing over one array of bytes, so that looking up
/// does not allocate. The hash is seeded anew in each process; nobody outside can aim at it.
struct HistoryNumberTable {
    /// Number + 1 of the string that starts to be looked for here; 0 is free. At most half are taken.
    private var slots = [UInt32](repeating: 0, count: 64)
    private var ends: [UInt32] = []
    private var bytes: [UInt8] = []
    /// Number + 1 of the string last found for a cheap hash: most events name one of a few dozen factors. Whoever chooses
    /// strings that meet here gains nothing: they are looked up the long way, as without it.
    private var recent = [UInt32](repeating: 0, count: 256)

    var count: Int { ends.count }

    mutating func find(_ key: UnsafeRawBufferPointer) -> UInt32? {
        let shortcut = Self.cheapHash(key)
        let known = recent[shortcut]
        if known != 0, holds(key, at: known - 1) { return known - 1 }
        let slot = slots[place(of: key)]
        if slot == 0 { return nil }
        recent[shortcut] = slot
        return slot - 1
    }

    /// Of the length and the last eight bytes, where names that are alike differ.
    @inline(__always)
    private static func cheapHash(_ key: UnsafeRawBufferPointer) -> Int {
        guard key.count >= 8 else { return key.count }
        let end = key.loadUnaligned(fromByteOffset: key.count - 8, as: UInt64.self)
        return Int(((end ^ UInt64(key.count)) &* 0x9e37_79b9_7f4a_7c15) >> 56)
    }

    private func holds(_ key: UnsafeRawBufferPointer, at number: UInt32) -> Bool {
        let end = Int(ends[Int(number)])
        let start = number == 0 ? 0 : Int(ends[Int(number) - 1])
        guard end - start == key.count else { return false }
        if start == end { return true }
        return bytes.withUnsafeBytes { memcmp($0.baseAddress! + start, key.baseAddress!, end - start) == 0 }
    }

    /// Adds a string that is not in the table and returns its number.
    mutating func insert(_ key: UnsafeRawBufferPointer) -> UInt32 {
        if (count + 1) * 2 > slots.count { grow() }
        let number = UInt32(count)
        slots[place(of: key)] = number + 1
        bytes.append(contentsOf: key)
        ends.append(UInt32(bytes.count))
        return number
    }

    subscript(number: UInt32) -> ArraySlice<UInt8> {
        let start = number == 0 ? 0 : Int(ends[Int(number) - 1])
        return bytes[start..<Int(ends[Int(number)])]
    }

    /// The slot that holds the string, or the free one where it belongs.
    private func place(of key: UnsafeRawBufferPointer) -> Int {
        var hasher = Hasher()
        hasher.combine(bytes: key)
        var place = hasher.finalize() & (slots.count - 1)
        while slots[place] != 0 {
            if holds(key, at: slots[place] - 1) { break }
            place = (place + 1) & (slots.count - 1)
        }
        return place
    }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: slots.count * 2)
        for number in 0..<UInt32(count) {
            let slot = self[number].withUnsafeBytes { place(of: $0) }
            slots[slot] = number + 1
        }
    }
}

/// A number table with a limit on what strangers may put into it, and what of it is not in the file yet.
struct HistoryLimitedNumbers {
    private(set) var table = HistoryNumberTable()
    /// How many of the table's strings are in the file.
    var persisted = 0
    /// Whether a string was ever left out: then "not in the table" no longer means "never seen".
    var overflowed = false
    var overflowPersisted = false
    let limit: Int

    init(limit: Int) { self.limit = limit }

    /// The number of a string that a log brought along, new ones while the limit allows.
    mutating func number(_ key: UnsafeRawBufferPointer) -> UInt32 {
        if let number = table.find(key) { return number }
        guard table.count < limit else {
            overflowed = true
            return HistoryStore.unknownNumber
        }
        return table.insert(key)
    }

    /// The number of a string that matters; nil if it may have been seen and left out before.
    mutating func reserve(_ key: UnsafeRawBufferPointer) -> UInt32? {
        if let number = table.find(key) { return number }
        return overflowed ? nil : table.insert(key)
    }

    /// Takes a row of the file, in the order of the numbers.
    mutating func restore(_ number: Int64, _ key: [UInt8]) throws(HistoryFailure) {
        let isKnown = key.withUnsafeBytes { table.find($0) != nil }
        guard number == table.count, !isKnown else { throw .damaged("a number table has a gap or a double") }
        _ = key.withUnsafeBytes { table.insert($0) }
        persisted = table.count
    }

    /// All strings by number.
    var all: [[UInt8]] { (0..<table.count).map { [UInt8](table[UInt32($0)]) } }

    /// The strings that are not in the file yet, with their numbers.
    var unpersisted: [(number: UInt32, bytes: [UInt8])] {
        (persisted..<table.count).map { (UInt32($0), [UInt8](table[UInt32($0)])) }
    }
}
