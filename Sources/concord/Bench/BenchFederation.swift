internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

/// A federation for measuring: an aggregator, which dials, and cities that have no other peer. Population, rulebook and
/// events follow from nothing but the numbers here.
enum BenchFederation {
    static let aggregator = 0
    static let population = population(100_000)
    static let factors = (0..<60).map { number in
        Array("conduct.benchmark-0\(number < 10 ? "0" : "")\(number)".utf8)
    }
    /// 2021-01-01; the events lie in the two years from then on.
    static let firstDay: UInt32 = 18_628
    static let days: UInt32 = 730

    static func population(_ size: UInt64) -> SyntheticPopulation {
        SyntheticPopulation(seed: Array("bench".utf8), size: size)
    }

    /// - Parameters:
    ///   - path: a folder that holds nothing, or none yet.
    ///   - cities: none for an aggregator that is by itself.
    static func make(
        at path: String, cities: Int, population: SyntheticPopulation = population
    ) throws -> LocalFederation {
        try LocalFederation(at: path, template: topology(cities).bytes, rulebook: rulebook.bytes, population: population)
    }

    private static func topology(_ cities: Int) -> JSONValue {
        let names = (0..<cities).map { "city-\($0 + 1)" }
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

extension NodeFolder {
    /// Leaves a stopped node with keys and topology only.
    func empty() {
        for file in [logFile, standingsFile] {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
        }
        try? FileManager.default.removeItem(atPath: publishedFile)
    }
}

/// Bytes of a database with its write-ahead log.
func fileBytes(_ path: String) -> UInt64 {
    ["", "-wal"].reduce(0) { sum, suffix in
        let attributes = try? FileManager.default.attributesOfItem(atPath: path + suffix)
        return sum + (attributes?[.size] as? UInt64 ?? 0)
    }
}
