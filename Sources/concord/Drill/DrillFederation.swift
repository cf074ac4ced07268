internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

/// A federation for drills, shaped like the pilot's: cities in a ring, each linked with the aggregator too, so that what one
/// node has lost another one has.
enum DrillFederation {
    /// 2021-12-31: behind every event.
    static let lastDay = BenchFederation.firstDay + BenchFederation.days

    static func make(at path: String, cities: Int) throws -> LocalFederation {
        try LocalFederation(
            at: path, template: topology(cities).bytes, rulebook: BenchFederation.rulebook.bytes,
            population: BenchFederation.population)
    }

    /// Index of the aggregator; the cities come before it.
    static func aggregator(_ federation: LocalFederation) -> Int { federation.names.count - 1 }

    private static func topology(_ cities: Int) -> JSONValue {
        let names = (1...cities).map { "city-\($0)" }
        func node(_ name: String, _ roles: [JSONValue], _ peers: [String]) -> JSONValue {
            [
                "name": .string(name), "title": .string(name), "roles": .array(roles), "keys": [],
                "address": "127.0.0.1:1", "peers": .array(peers.map { .string($0) }), "quota": 1_000_000_000,
            ]
        }
        let nodes = names.enumerated().map { place, name in
            // Each names its successor, which is enough for both to be linked.
            let next = names[(place + 1) % cities]
            let isDouble = cities == 2 && place == 1
            return node(name, ["city"], (next == name || isDouble ? [] : [next]) + ["national"])
        }
        return [
            "federation": "drill.example", "version": 1, "rulebook": "rulebook.json",
            "nodes": .array(nodes + [node("national", ["aggregator", "authority"], names)]),
        ]
    }
}

/// The events of a city in a drill: which one stands at an index of its log follows from the seed.
struct DrillEvents: Sendable {
    let seed: String
    let name: String

    func reference(_ number: UInt64) -> [UInt8] { Array("\(name)-\(number)".utf8) }

    func draft(_ number: UInt64) -> Draft {
        var numbers = SeededNumbers(seed: "drill \(seed) \(name) \(number)")
        let population = BenchFederation.population
        let factor = BenchFederation.factors[Int.random(in: 0..<BenchFederation.factors.count, using: &numbers)]
        let day = BenchFederation.firstDay + UInt32.random(in: 0..<BenchFederation.days, using: &numbers)
        let subject = population.subject(UInt64.random(in: 0..<population.size / 100, using: &numbers))
        return .body(
            day: day, subject: subject,
            content: .observation(factor: factor, quantity: 1, reference: reference(number)))
    }
}
