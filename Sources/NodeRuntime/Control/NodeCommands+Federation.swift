internal import Cryptography
package import Encoding
internal import Federation
internal import Replication
package import Scoring

extension NodeCommands {
    package var nodeName: String { node.identity.node }
    package var topologyBytes: [UInt8] { node.topology.bytes }
    package var tierNames: [String] { node.rulebook.tiers.map(\.name) }
    package var folder: NodeFolder { node.folder }
    package var rulebook: Rulebook { node.rulebook }

    /// The bytes of the rulebook that this node scores by.
    package func rulebookBytes() throws -> [UInt8] {
        let bytes = try readFile(node.folder.rulebookFile, limit: Limits.configurationBytes)
        guard sha256(bytes) == node.rulebook.hash else {
            throw NodeFailure(.unavailable, "the rulebook's file was replaced since the node's start: restart the node")
        }
        return bytes
    }

    /// All nodes of the federation as this one sees them.
    func peers() -> JSONValue {
        let open = Set(sync?.ask { $0.openSessions().map(\.peer) } ?? [])
        let nodes = node.topology.nodes.enumerated().map { place, other -> JSONValue in
            let isPeer = place != node.index && node.topology.areLinked(node.index, place)
            return [
                "node": .string(other.name), "title": .string(other.title),
                "roles": .array(other.roles.map { .string($0.rawValue) }), "self": .boolean(place == node.index),
                "peer": .boolean(isPeer), "linked": .boolean(open.contains(other.name)),
                "peers": .array(
                    node.topology.nodes.indices.filter { node.topology.areLinked(place, $0) }.map {
                        .string(node.topology.nodes[$0].name)
                    }),
            ]
        }
        return ["federation": .string(node.topology.federation), "nodes": .array(nodes)]
    }

    /// What is wrong with drafts, each seen behind those before it.
    package func flaws(of drafts: [Draft]) throws -> [(place: Int, reason: String)] {
        var check = DraftCheck(node)
        var flaws: [(Int, String)] = []
        for (place, draft) in drafts.enumerated() {
            if let flaw = try check.flaw(of: draft) { flaws.append((place, flaw)) }
        }
        return flaws
    }

    /// How many subjects have which tier and score; where people are enrolled, counts are rounded down to fives, so that no
    /// single one is told.
    package func distribution(of table: StandingsTable) -> JSONValue {
        let rulebook = node.rulebook
        let step: Int64 = rulebook.population == .enrolled ? 5 : 1
        func count(_ number: Int) -> JSONValue { .integer(Int64(number) / step * step) }
        let span = rulebook.maximum - rulebook.minimum + 1
        let width = max(1, (span + 39) / 40)
        var tiers = [Int](repeating: 0, count: rulebook.tiers.count)
        var scores = [Int](repeating: 0, count: Int((span + width - 1) / width))
        for line in table.lines {
            tiers[line.tier] += 1
            scores[Int((line.score - rulebook.minimum) / width)] += 1
        }
        return [
            "day": .string(Self.name(table.day)), "at_ms": .integer(Int64(clamping: table.atMilliseconds)),
            "subjects": count(table.lines.count), "rounded_to": .integer(step),
            "tiers": .array(
                zip(rulebook.tiers, tiers).map {
                    ["tier": .string($0.name), "from": .integer($0.from), "subjects": count($1)]
                }),
            "scores": .array(
                scores.enumerated().map { place, number in
                    let from = rulebook.minimum + Int64(place) * width
                    return [
                        "from": .integer(from), "to": .integer(min(rulebook.maximum, from + width - 1)),
                        "subjects": count(number),
                    ]
                }),
        ]
    }
}
