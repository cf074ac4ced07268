/// What is to happen, in the order of time; what is due at the same time happens in the order in which it was scheduled.
struct EventQueue {
    private struct Event {
        let time: UInt64
        let number: UInt64
        let work: () -> Void

        static func < (left: Event, right: Event) -> Bool {
            left.time != right.time ? left.time < right.time : left.number < right.number
        }
    }

    /// A binary heap: no event is before its parent.
    private var heap: [Event] = []
    private var lastNumber: UInt64 = 0

    var nextTime: UInt64? { heap.first?.time }

    mutating func push(at time: UInt64, _ work: @escaping () -> Void) {
        lastNumber += 1
        heap.append(Event(time: time, number: lastNumber, work: work))
        var place = heap.count - 1
        while place > 0, heap[place] < heap[(place - 1) / 2] {
            heap.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    mutating func pop() -> (time: UInt64, work: () -> Void)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return (first.time, first.work)
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
