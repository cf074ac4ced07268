internal import Cryptography
internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Scoring
internal import TransparencyLog

/// Files that operators hand around, and the control socket.
extension FuzzTarget {
    static let fileTargets = [topology, rulebook, nodeFile, publicKeys, keyFile, control]

    private static let topology = FuzzTarget(
        "topology", "a topology", maximumBytes: 4_096,
        tokens: jsonTokens
            + texts(
                "\"tls_key\"", "\"population\":null,", "[::1]:1", ":65535", ":0", "authority", "\"peers\":[\"north\"]",
                "\u{301}",
                "\"$schema\":1,"),
        seeds: { [FuzzFiles.topology] },
        body: { input, trace throws(FuzzFailure) in
            let topology: Topology
            do throws(JSONFailure) { topology = try Topology(input) } catch {
                try trace.require(error.description.utf8.count <= 12 * input.count + 500, "the error is longer than the file")
                return trace.note(error)
            }
            trace.note(topology.nodes.count)
            for node in topology.nodes {
                trace.note(node.roles.count + 8 * node.keys.count + 64 * node.peers.count)
                trace.note(node.tlsKey == nil ? 1 : 2)
                for key in node.keys {
                    let index = topology.index(ofOrigin: key.name)
                    try trace.require(index.map { topology.nodes[$0] } == node, "an origin is not its node's")
                    try trace.require(topology.keys(ofOrigin: key.name).count == 1, "an origin has not one key")
                }
                try trace.require((1...65_535).contains(node.port) && !node.host.isEmpty, "an address is none")
            }
            try trace.require(topology.nodes.contains(where: \.isAuthority), "it has no authority")
            let again = try? Topology(FuzzFiles.json(topology).bytes)
            try trace.require(again?.nodes == topology.nodes, "written and read again its nodes are others")
            try trace.require(again?.population == topology.population, "written and read again its population is another")
        })

    private static let rulebook = FuzzTarget(
        "rulebook", "a rulebook, with the policy of its population", maximumBytes: 4_096,
        tokens: jsonTokens
            + texts(
                "enrolled", "synthetic", "\"purpose\":\"safety\"", "\"category\":\"health\"", "restriction", "review",
                "-1000000", "2147483647", "2147483648", "9999-12-31", "1970-01-01", "2020-02-30", "\"realm\":\"digital\""),
        seeds: { [FuzzFiles.syntheticRulebook, FuzzFiles.enrolledRulebook] },
        body: { input, trace throws(FuzzFailure) in
            for population in [nil, SyntheticPopulation(seed: [1], size: 5)] {
                let rulebook: Rulebook
                do throws(RulebookRefusal) { rulebook = try Rulebook.load(bytes: input, population: population) } catch {
                    let length = error.description.utf8.count
                    try trace.require(
                        length <= 20 * input.count + 2_000, "a file of \(input.count) bytes gives \(length) of error")
                    switch error {
                    case .unreadable(let failure): trace.note(failure)
                    case .outsidePolicy(let refusals): trace.note(size: refusals.count)
                    }
                    continue
                }
                trace.note(rulebook.population == .synthetic ? 1 : 2)
                trace.note(size: rulebook.factors.count)
                trace.note(size: rulebook.tiers.count)
                let isFit = (rulebook.population == .synthetic) == (population != nil)
                try trace.require(isFit, "it is loaded for the other population")
                try check(rulebook, trace)
            }
        })

    private static func check(_ rulebook: Rulebook, _ trace: FuzzTrace) throws(FuzzFailure) {
        try trace.require(rulebook.minimum <= rulebook.base && rulebook.base <= rulebook.maximum, "the base is outside")
        for score in [rulebook.minimum, rulebook.base, rulebook.maximum] {
            let tier = rulebook.tiers[rulebook.tier(of: score)]
            try trace.require(tier.from <= score, "a score has a tier above it")
            try trace.require(tier.effects.allSatisfy { rulebook.effect($0) != nil }, "a tier has an unknown effect")
        }
        try trace.require(RulebookPolicy.refusals(of: rulebook).isEmpty, "a rulebook outside its policy is loaded")
        try trace.require(!rulebook.words.isEmpty, "it says nothing")
    }

    private static let nodeFile = FuzzTarget(
        "node-file", "node.json, who a data folder belongs to", maximumBytes: 1_024, tokens: jsonTokens,
        seeds: {
            let beginning = NodeIdentity.Beginning(epoch: 2, atMilliseconds: 1_700_000_000_000, reason: "restored")
            return [
                NodeIdentity(node: "north", epoch: 3).json.bytes,
                NodeIdentity(node: "north", epoch: 2, beginnings: [beginning]).json.bytes,
            ]
        },
        body: { input, trace throws(FuzzFailure) in
            let identity: NodeIdentity
            do throws(JSONFailure) { identity = try NodeIdentity(decoding: input) } catch { return trace.note(error) }
            let again = try? NodeIdentity(decoding: identity.json.bytes)
            try trace.require(again == identity && identity.epoch >= 1, "written and read again it is another")
        })

    private static let publicKeys = FuzzTarget(
        "public-keys", "a node's file of public keys", maximumBytes: 2_048, tokens: jsonTokens,
        seeds: {
            [PublicKeys(federation: "f", node: "n", keys: FuzzMaterial.keys.map(\.description), linkKey: "k").json.bytes]
        },
        body: { input, trace throws(FuzzFailure) in
            let keys: PublicKeys
            do throws(JSONFailure) { keys = try PublicKeys(decoding: input) } catch { return trace.note(error) }
            let again = try? PublicKeys(decoding: keys.json.bytes)
            try trace.require(again?.json == keys.json, "written and read again they are others")
            trace.note(size: keys.keys.count)
        })

    private static let keyFile = FuzzTarget(
        "key-file", "a file with a private key", maximumBytes: 100, tokens: texts("\n", "+", "-", "0x", "\u{661}"),
        seeds: { [Array((hex(FuzzMaterial.leaves[0].bytes) + "\n").utf8), Array(hex(FuzzMaterial.leaves[1].bytes).utf8)] },
        body: { input, trace throws(FuzzFailure) in
            guard let seed = KeyFile.seed(ofText: input[...]) else { return trace.note(1) }
            let text = String(decoding: input, as: UTF8.self).lowercased()
            try trace.require(hex(seed) == text || hex(seed) + "\n" == text, "the seed is not the one that stands there")
        })

    private static let control = FuzzTarget(
        "control", "a frame of the control socket", maximumBytes: 2_048, tokens: jsonTokens + texts("\"command\":\"status\""),
        seeds: {
            let requests: [JSONValue] = [
                ["command": "status"], ["command": "record", "drafts": true], ["command": "score", "subject": "00", "day": 1],
            ]
            return requests.map { [1] + $0.bytes } + [[2, 7], [3]]
        },
        body: { input, trace throws(FuzzFailure) in
            guard let frame = try? ControlConnection.Frame(decoding: input) else { return trace.note(1) }
            switch frame {
            case .drafts(let bytes): try trace.require(bytes == Array(input.dropFirst()), "drafts are not those sent")
            case .json(let value):
                trace.note(shape: value, depth: 1)
                guard var request = try? JSONObjectReader(value), let command = try? request.string("command") else { return }
                trace.note(size: command.utf8.count)
                let subject = (try? request.optionalString("subject")) ?? nil
                trace.note(subject.flatMap { SubjectID(hex: $0) } == nil ? 2 : 3)
            }
        })
}
