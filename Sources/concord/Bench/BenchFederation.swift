internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

/// A federation for measuring: an aggregator, which dials, and cities that have no other peer. Population, rulebook and
/// events follow from nothing but the numbers here.
enum BenchFederation {
    static let aggregator = 0
    static let population = SyntheticPopulation(seed: Array("bench".utf8), size: 100_000)
    static let factors = (0..<60).map { number in
        Array("conduct.benchmark-0\(number < 10 ? "0" : "")\(number)".utf8)
    }
    /// 2021-01-01; the events lie in the two years from then on.
    static let firstDay: UInt32 = 18_628
    static let days: UInt32 = 730

    static func make(at path: String, cities: Int) throws -> LocalFederation {
        try LocalFederation(at: path, template: topology(cities).bytes, rulebook: rulebook.bytes, population: population)
    }

    private static func topology(_ cities: Int) -> JSONValue {
        let names = (1...cities).map { "city-\($0)" }
        func node(_ name: String, _ roles: [JSONValue], _ peers: [String]) -> JSONValue {
            [
                "name": .string(name), "title": .string(name), "roles": .array(roles), "keys": [],
                "address": "127.0.0.1:1", "peers": .array(peers.map { .string($0) }), "quota": 1_000_000_000,
            ]
        }
        let nodes = [node("national", ["aggregator", "authority"], names)] + names.map { node($0, ["city"], []) }
        return ["federation": "bench.example", "version": 1, "rulebook": "rulebook.json", "nodes": .array(nodes)]
    }

    static var rulebook: JSONValue {
        let factors = factors.enumerated().map { number, code -> JSONValue in
            [
                "code": .string(String(decoding: code, as: UTF8.self)), "title": "Synthetic conduct", "realm": "life",
                "points": .integer(number.isMultiple(of: 2) ? -1 - Int64(number % 7) : 1 + Int64(number % 5)),
                "expires_after_days": 365, "yearly_cap": 40,
            ]
        }
        return [
            "name": "bench", "version": 1, "population": "synthetic", "purpose": "To measure; nobody lives here.",
            "start_day": "2021-01-01", "base": 1_000, "minimum": 350, "maximum": 1_300, "factors": .array(factors),
            "streaks": [
                ["code": "streak.clean", "title": "Time without minus points", "points": 5, "every_days": 60, "cap": 60]
            ],
            "tiers": [["name": "A", "from": 950, "effects": []], ["name": "B", "from": 350, "effects": []]], "effects": [],
        ]
    }
}

/// Observations that follow from a name, one after another.
struct BenchEvents {
    private var numbers: SeededNumbers
    private let prefix: [UInt8]
    private var count: UInt64 = 0
    /// Bytes of the entries and bodies made so far.
    private(set) var bytes: UInt64 = 0

    private static let referenceDigits = 8
    /// Bytes of a body but for factor and reference (DESIGN section 3).
    private static let bodyBytes = 44

    /// - Parameter letter: references of different letters differ.
    init(seed: String, letter: Character) {
        numbers = SeededNumbers(seed: seed)
        prefix = Array("\(letter)-".utf8)
    }

    mutating func next() -> Draft {
        let population = BenchFederation.population
        let factor = BenchFederation.factors[Int.random(in: 0..<BenchFederation.factors.count, using: &numbers)]
        let day = BenchFederation.firstDay + UInt32.random(in: 0..<BenchFederation.days, using: &numbers)
        let digits = String(count)
        let reference =
            prefix + Array((String(repeating: "0", count: max(0, Self.referenceDigits - digits.count)) + digits).utf8)
        let subject = population.subject(UInt64.random(in: 0..<population.size, using: &numbers))
        count += 1
        bytes += UInt64(Entry.plainBytes + Self.bodyBytes + factor.count + reference.count)
        return .body(day: day, subject: subject, content: .observation(factor: factor, quantity: 1, reference: reference))
    }
}

extension Fleet {
    private static let batchEvents: UInt64 = 4_096

    /// Has nodes record events, all at once, and waits until they have published them. Bytes of the entries and bodies.
    func fill(_ nodes: [Int], events: [UInt64], told: @escaping @Sendable (UInt64) -> Void) throws -> UInt64 {
        let total = events.reduce(0, +)
        let done = Counter()
        let bytes = Counter()
        try inParallel(nodes.count) { [self] place in
            let client = try client(nodes[place])
            var source = BenchEvents(
                seed: "fill \(place)", letter: Character(UnicodeScalar(UInt8(ascii: "a") + UInt8(place % 26))))
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
