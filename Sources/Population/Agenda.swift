/// What is to happen on later days: a ring of days, so that the stream holds nothing older or later than its span.
struct Agenda<Item: Sendable>: Sendable {
    /// Largest delay, in days.
    static var span: Int { 127 }

    private var days: [[Item]] = Array(repeating: [], count: span + 1)
    private var today = 0
    /// Items that wait.
    private(set) var count = 0

    mutating func add(_ item: Item, afterDays delay: Int) {
        precondition((1...Self.span).contains(delay), "an item waits for 1 to \(Self.span) days")
        days[(today + delay) % days.count].append(item)
        count += 1
    }

    /// The items of today, in the order in which they were added.
    mutating func takeToday() -> [Item] {
        let items = days[today]
        days[today] = []
        count -= items.count
        return items
    }

    mutating func endDay() { today = (today + 1) % days.count }
}
