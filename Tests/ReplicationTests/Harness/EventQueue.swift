/// What is to happen, by virtual time; what is due at the same time happens in the order in which it was put in.
struct EventQueue<Event> {
    private var heap: [(at: UInt64, number: UInt64, event: Event)] = []
    private var lastNumber: UInt64 = 0

    var nextTime: UInt64? { heap.first?.at }

    mutating func push(_ event: Event, at time: UInt64) {
        lastNumber += 1
        heap.append((time, lastNumber, event))
        var child = heap.count - 1
        while child > 0, isBefore(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func pop() -> (at: UInt64, event: Event)? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let (time, _, event) = heap.removeLast()
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) { least = child }
            if least == parent { break }
            heap.swapAt(parent, least)
            parent = least
        }
        return (time, event)
    }

    private func isBefore(_ first: Int, _ second: Int) -> Bool {
        (heap[first].at, heap[first].number) < (heap[second].at, heap[second].number)
    }
}
