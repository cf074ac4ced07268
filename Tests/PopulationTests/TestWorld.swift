import Federation
import Foundation
import Population
import Scoring

/// The federations as they lie in the repository.
enum Repository {
    static func file(_ path: String) throws -> [UInt8] {
        let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        return Array(try Data(contentsOf: tests.deletingLastPathComponent().appending(path: "Topology/\(path)")))
    }

    static func topology(_ federation: String) throws -> Topology { try Topology(file("\(federation)/topology.json")) }

    static func rulebook(_ federation: String) throws -> Rulebook {
        try Rulebook.load(bytes: file("\(federation)/rulebook.json"), population: topology(federation).population)
    }

    static func pilot(residents: Int, years: Int) throws -> Scenario {
        try Scenario(topology: topology("pilot"), rulebook: rulebook("pilot"), residents: residents, years: years)
    }
}

/// A small federation of its own, so that what is expected of it does not move when the pilot does.
enum SmallWorld {
    static func topology(seed: String? = "small", cities: Int = 3, roles: String = #""aggregator", "authority""#) throws
        -> Topology
    {
        let names = (0..<cities).map { "c\($0)" } + ["hall"]
        let nodes = names.map { name in
            let roles = name == "hall" ? roles : #""city""#
            return """
                {"name": "\(name)", "title": "\(name)", "roles": [\(roles)], "keys": [], "address": "\(name).example:1",
                 "peers": [], "quota": 1000000}
                """
        }
        let population = seed.map { #""population": {"seed": "\#($0)", "size": 5000},"# } ?? ""
        let text = """
            {"federation": "small.example", "version": 1, "rulebook": "rulebook.json", \(population)
             "nodes": [\(nodes.joined(separator: ","))]}
            """
        return try Topology(Array(text.utf8))
    }

    static let factors = """
        {"code": "a", "title": "a", "realm": "life", "category": "roads", "points": -5},
        {"code": "b", "title": "b", "realm": "digital", "category": "posts", "points": -20},
        {"code": "c", "title": "c", "realm": "life", "category": "employment", "points": 10},
        {"code": "d", "title": "d", "realm": "life", "points": 2}
        """

    static func rulebook(
        population: String = "synthetic", factors: String = factors, startDay: String = "2020-02-29"
    ) throws -> Rulebook {
        let text = """
            {"name": "small", "version": 1, "population": "\(population)", "purpose": "test", "start_day": "\(startDay)",
             "base": 1000, "minimum": 0, "maximum": 2000, "factors": [\(factors)], "streaks": [],
             "tiers": [{"name": "all", "from": 0, "effects": []}], "effects": []}
            """
        return try Rulebook.parse(bytes: Array(text.utf8))
    }

    static func scenario(
        seed: String = "small", cities: Int = 3, residents: Int = 400, years: Int = 1
    ) throws -> Scenario {
        try Scenario(
            topology: topology(seed: seed, cities: cities), rulebook: rulebook(), residents: residents, years: years)
    }
}

/// Walks a stream with the position of each occurrence in its node's log.
func walk(_ scenario: Scenario, _ visit: (Occurrence, Target) throws -> Void) rethrows {
    var counts = Array(repeating: UInt64(0), count: scenario.nodes.count)
    for day in ResidentStream(scenario) {
        for occurrence in day {
            try visit(occurrence, Target(node: occurrence.node, ordinal: counts[occurrence.node]))
            counts[occurrence.node] += 1
        }
    }
}

func occurrences(_ scenario: Scenario) -> [Occurrence] { ResidentStream(scenario).flatMap { $0 } }
