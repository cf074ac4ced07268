/// The factor numbers of one store as one thread knows them: asked for once an event, they would otherwise keep the lock of
/// the store's numbers so busy that whoever asks for a score finds it held by a thread that waits for a core.
package struct HistoryFactorNumbers: Sendable {
    private let store: HistoryStore
    private var table = HistoryNumberTable()
    /// By the places of the codes in the table. What the store gave once it never changes.
    private var numbers: [UInt32] = []

    package init(_ store: HistoryStore) { self.store = store }

    /// The number of a factor code, as ``HistoryStore/factorNumber(_:)`` gives it. Does not allocate for codes seen before.
    package mutating func number(_ code: UnsafeRawBufferPointer) -> UInt32 {
        if let place = table.find(code) { return numbers[Int(place)] }
        let number = store.factorNumber(code)
        // Codes beyond the limit are as many as strangers like; they are not kept here either.
        if number == HistoryStore.unknownNumber { return number }
        _ = table.insert(code)
        numbers.append(number)
        return number
    }
}
