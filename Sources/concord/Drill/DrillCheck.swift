internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime
internal import Storage

/// What has to hold after the faults: nothing acknowledged is lost or doubled at any node, every store is sound, nobody is
/// accused of a fork, and all attest the same standings.
struct DrillCheck {
    let fleet: Fleet
    let load: DrillLoad

    private static let patienceMilliseconds: UInt64 = 180_000

    /// All of it, with every node running; they are stopped in the end.
    func all(_ report: inout DrillReport) throws {
        try arrival(report.drill)
        report.fail(try sizes())
        report.fail(try soundness())
        report.fail(try verdict())
        for node in fleet.federation.names.indices { try fleet.stop(node) }
        report.fail(try stored())
        report.add("events", "events acknowledged", load.allAcknowledged)
    }

    /// Waits until every node holds what the cities have acknowledged, and may publish.
    func arrival(_ what: String) throws {
        let acknowledged = load.acknowledged
        let origins = load.cities.map { fleet.federation.origin($0) }
        for node in fleet.federation.names.indices {
            try fleet.waitUntilReady(node)
            try fleet.waitUntilConfirmed(node)
        }
        for node in fleet.federation.names.indices {
            let client = try fleet.client(node)
            try fleet.wait(
                milliseconds: Self.patienceMilliseconds, every: 20,
                for: "\(fleet.federation.names[node]) to hold what was acknowledged (\(what))"
            ) {
                try fleet.checkAlive(node)
                let standing = try NodeStanding(client)
                return zip(origins, acknowledged).allSatisfy { origin, size in
                    let log = standing.log(origin)
                    return log?.folded ?? 0 >= size && log?.published ?? 0 >= size
                }
            }
        }
    }

    /// That every log has exactly the acknowledged entries at every node.
    func sizes() throws -> [String] {
        var flaws: [String] = []
        let acknowledged = load.acknowledged
        for node in fleet.federation.names.indices {
            let standing = try fleet.standing(node)
            for city in load.cities {
                let size = standing.log(fleet.federation.origin(city))?.recorded ?? 0
                if size != acknowledged[city] {
                    flaws.append(
                        "\(fleet.federation.names[node]) holds \(size) entries of \(load.events[city].name), which acknowledged "
                            + "\(acknowledged[city])")
                }
            }
        }
        return flaws
    }

    /// That every store verifies, and nobody is accused of a fork.
    func soundness() throws -> [String] {
        try fleet.federation.names.indices.flatMap { node in try soundness(of: node) }
    }

    func soundness(of node: Int) throws -> [String] {
        let name = fleet.federation.names[node]
        let client = try fleet.client(node)
        let (isSound, damages) = try verification(client)
        var status = try Answer(client.call("status"))
        let forks = try status.texts("forks")
        return (isSound ? [] : damages.prefix(5).map { "\(name): \($0)" })
            + forks.map { "\(name) accuses \($0) of a fork" }
    }

    func verification(_ client: NodeClient) throws -> (isSound: Bool, damages: [String]) {
        var answer = try Answer(client.call("verify"))
        let damages = try answer.texts("damages") + answer.texts("damaged_subjects")
        return (try answer.flag("sound"), damages)
    }

    /// That all nodes attest the same standings.
    func verdict() throws -> [String] {
        let value = try fleet.client(DrillFederation.aggregator(fleet.federation)).call(
            "converge", [("day", .integer(Int64(DrillFederation.lastDay))), ("timeout_ms", 60_000)])
        let table = try ConvergenceTable(value)
        return table.hasConverged
            ? [] : table.rows.filter { $0.verdict != "agrees" }.map { "converge: \($0.node) \($0.verdict)" }
    }

    /// That the stores of the stopped nodes hold every acknowledged event once, at its index.
    func stored() throws -> [String] {
        var flaws: [String] = []
        var options = LogStoreOptions()
        options.isReadOnly = true
        for (node, folder) in fleet.federation.folders.enumerated() {
            let store = try LogStore(path: folder.logFile, options: options)
            for city in load.cities {
                if let flaw = try flaw(of: city, in: store) { flaws.append("\(fleet.federation.names[node]): \(flaw)") }
            }
            try store.close()
        }
        return flaws
    }

    private func flaw(of city: Int, in store: LogStore) throws -> String? {
        let events = load.events[city]
        let expected = load.acknowledged[city]
        guard let origin = OriginName(fleet.federation.origin(city)) else { return "\(events.name) has no log" }
        let size = store.state(origin)?.size ?? 0
        guard size == expected else { return "\(size) entries of \(events.name) are stored, \(expected) were acknowledged" }
        var index: UInt64 = 0
        while index < size {
            let end = min(size, index + 16_384)
            for piece in try store.packed(origin, index..<end) {
                for (entry, body) in piece.unpacked {
                    guard let kind = try? Entry(decoding: entry).kind, let event = try? Body(decoding: body, kind: kind),
                        case .observation(_, _, let reference) = event.content, reference == events.reference(index)
                    else { return "entry \(index) of \(events.name) is not the event that was acknowledged" }
                    index += 1
                }
            }
        }
        return nil
    }
}
