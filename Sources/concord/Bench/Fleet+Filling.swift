internal import Encoding
internal import Federation
internal import NodeRuntime

extension Fleet {
    private static let batchEvents: UInt64 = 4_096

    /// Has nodes record events, all at once, and waits until they have published them. Bytes of the entries and bodies.
    ///
    /// - Parameters:
    ///   - isInTurn: whether the subjects come one after another, so that none is left out.
    ///   - told: hears of the percentage that is done.
    func fill(
        _ nodes: [Int], events: [UInt64], population: SyntheticPopulation = BenchFederation.population,
        isInTurn: Bool = false, told: @escaping @Sendable (UInt64) -> Void = { _ in }
    ) throws -> UInt64 {
        let total = events.reduce(0, +)
        let done = Counter()
        let bytes = Counter()
        try inParallel(nodes.count) { [self] place in
            let client = try client(nodes[place])
            var source = BenchEvents(
                seed: "fill \(place)", letter: Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(place % 26))),
                population: population, isInTurn: isInTurn)
            var left = events[place]
            while left > 0 {
                let count = min(left, Self.batchEvents)
                _ = try client.call("record", [("deduplicate", false)], drafts: (0..<count).map { _ in source.next() })
                left -= count
                told(done.add(count) * 100 / max(1, total))
            }
            _ = bytes.add(source.bytes)
            try wait(milliseconds: 60_000, for: "\(federation.names[nodes[place]]) to publish what it recorded") {
                try NodeStanding(client).own?.published ?? 0 >= events[place]
            }
        }
        return bytes.value
    }

    /// Waits until processes use next to no processor time, for half a minute at most.
    func waitUntilAtRest(_ nodes: [Int]) throws {
        let deadline = steadyMilliseconds() + 30_000
        var last: [UInt64?] = []
        try wait(milliseconds: 31_000, every: 300, for: "the nodes to rest") {
            let now = nodes.map { process($0)?.processorTicks }
            defer { last = now }
            // A tick is ten milliseconds: at most one in the time between two looks.
            let isAtRest = last.count == now.count && zip(last, now).allSatisfy { ($1 ?? 0) - ($0 ?? 0) <= 1 }
            return isAtRest || steadyMilliseconds() > deadline
        }
    }
}
