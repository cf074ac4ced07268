/// What is to happen, in the order of time; what is due at the same time happens in the order in which it was scheduled.
package struct EventQueue<Event> {
    private struct Item {
        let time: UInt64
        let number: UInt64
        let event: Event

        static func < (left: Item, right: Item) -> Bool {
            left.time != right.time ? left.time < right.time : left.number < right.number
        }
    }

    /// A binary heap: no event is before its parent.
    private var heap: [Item] = []
    private var lastNumber: UInt64 = 0

    package init() {}

    package var nextTime: UInt64? { heap.first?.time }

    package mutating func push(_ event: Event, at time: UInt64) {
        lastNumber += 1
        heap.append(Item(time: time, number: lastNumber, event: event))
        var place = heap.count - 1
        while place > 0, heap[place] < heap[(place - 1) / 2] {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    package mutating func pop() -> (time: UInt64, event: Event)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.event)
    }

    private mutating func sink() {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] { least = child }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
