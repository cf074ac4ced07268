internal import Encoding
internal import Federation
internal import NodeRuntime
internal import Replication
internal import Storage
internal import TransparencyLog

// After the faults: everything is repaired, and what was sown has to come up.
extension World {
    /// Ends all faults, lets every node run, and waits until all agree; what stands in the way where they do not.
    func heal(limit: UInt64) -> [String] {
        isFaulty = false
        network.liftAll()
        endHostility()
        for line in lines { line.slowness = nil }
        for city in cities {
            city.disk.faults = DiskFaults()
            city.disk.haltMoment = nil
            city.disk.misdirectedSuffix = nil
            city.helloVersions = nil
        }
        let end = now + limit
        var reasons: [String] = []
        var hasLookedAgain = false
        while now < end {
            // What was damaged under a running node may have come to light after its operator had looked.
            if !hasLookedAgain, now > end - limit / 2 {
                hasLookedAgain = true
                for city in honest where city.isUndermined { city.isDamaged = true }
            }
            for city in cities where city.life == nil && city.restartsAt == nil { start(city) }
            run(500)
            mend()
            decide()
            reasons = disagreements()
            // What is agreed now may be the moment before something that is still on its way.
            if reasons.isEmpty {
                run(1_000)
                reasons = disagreements()
                if reasons.isEmpty { return [] }
            }
        }
        return reasons
    }

    private struct Standing: Equatable {
        let size: UInt64
        let root: String
    }

    private func disagreements() -> [String] {
        stranded = Set(cities.filter(isStranded).map(\.place))
        var reasons = unheardForks()
        var first: [OriginName: UInt64]?
        for city in honest {
            guard let node = city.node, city.life?.sync != nil else {
                reasons.append("\(city.name) does not run")
                continue
            }
            if !stranded.contains(city.place) { reasons += unfinished(city, node) }
            guard var sizes = try? node.visibleSizes() else {
                reasons.append("\(city.name) does not know what it holds")
                continue
            }
            // Part of what a hostile city once signed over is in nobody's frontier, and it may have given more of it to one. What
            // it withholds may hold erasures of what some have dropped for their age, and others have not yet.
            for state in node.log.states where !isHonest(state.origin) {
                sizes[state.origin] = min((try? node.complete(state).complete) ?? 0, state.checkpoint?.size ?? 0)
            }
            // A hostile city may have kept bodies back from everybody: its own log stops there.
            for state in node.log.states where sizes[state.origin] != state.size && isHonest(state.origin) {
                reasons.append(
                    "\(city.name) holds \(sizes[state.origin] ?? 0) of \(state.size) entries of \(state.origin) whole")
            }
            for state in node.log.states where state.origin != node.origin {
                guard let decision = state.decision else { continue }
                if state.size != decision.size || (try? node.log.root(state.origin, at: decision.size)) != decision.root {
                    reasons.append("\(city.name) has not brought \(state.origin) to its decided end")
                }
            }
            if let first {
                for origin in Set(first.keys).union(sizes.keys).sorted()
                where first[origin] ?? 0 != sizes[origin] ?? 0 && !isStranded(origin) {
                    reasons.append(
                        "of \(origin) \(honest[0].name) holds \(first[origin] ?? 0) entries, \(city.name) \(sizes[origin] ?? 0)"
                    )
                }
            } else {
                first = sizes
            }
        }
        return reasons
    }

    /// What a city has not done yet with its own log.
    private func unfinished(_ city: City, _ node: Node) -> [String] {
        var reasons: [String] = []
        if !node.isConfirmed { reasons.append("\(city.name) is not confirmed") }
        if let aside = try? node.log.asideCount(), aside > 0 { reasons.append("\(city.name) keeps \(aside) entries aside") }
        if let own = node.log.state(node.origin), own.checkpoint?.size ?? 0 < own.size {
            reasons.append("\(city.name) has not published all of its log")
        }
        return reasons
    }

    /// Whether a city has published more than anybody can show it: one that lost its disk, or a hostile one, whose twin did.
    private func isStranded(_ city: City) -> Bool {
        guard city.lostAt != nil || !isHonest(city.origin), let past = city.life?.sync?.ask({ $0.pastStanding }),
            past.shown > past.stored
        else {
            return false
        }
        return !machines.contains { $0.node?.log.state(city.origin)?.checkpoint?.size ?? 0 >= past.shown }
    }

    func isStranded(_ origin: OriginName) -> Bool {
        federation.topology.index(ofOrigin: origin.line).map { stranded.contains($0) } ?? false
    }

    /// The authority decides about every fork that is proven: the log ends with a checkpoint that it signed, or is empty.
    /// What has been decided and can be shown by nobody is decided anew, for what the authority itself holds.
    private func decide() {
        guard let authority = cities.last, !watch.hostile.contains(authority.place),
            let forks = command(authority, "forks")?["forks"]?.array
        else { return }
        for fork in forks {
            guard let origin = fork["origin"], let name = origin.string, let choices = fork["choices"]?.array else { continue }
            if fork["decision"]?["number"] == nil {
                let choice = random.chance(80) ? draw(choices) : nil
                decide(authority, origin, choice, isRevision: false)
            } else if fork["settled"]?.boolean == true {
                decidedAt[name] = nil
            } else if decidedAt[name, default: now] + 60_000 < now {
                // Not again for what nobody had; in the end for nothing of it.
                let isFirst = fork["decision"]?["number"]?.integer ?? 0 < 2
                let held = choices.first {
                    isFirst && $0["size"]?.integer == fork["stored"]?.integer
                        && $0["root"]?.string != fork["decision"]?["root"]?.string
                }
                decide(authority, origin, held, isRevision: true)
            }
        }
    }

    /// Has the authority decide about forks that have come to light since all agreed; whether there were any.
    func settleLateForks() -> Bool {
        guard let authority = cities.last, let forks = command(authority, "forks")?["forks"]?.array,
            forks.contains(where: { $0["settled"]?.boolean != true })
        else { return false }
        _ = heal(limit: 60_000)
        return true
    }

    private func decide(_ authority: City, _ origin: JSONValue, _ choice: JSONValue?, isRevision: Bool) {
        var members: [(String, JSONValue)] = [("origin", origin), ("size", choice?["size"] ?? .integer(0))]
        if let root = choice?["root"] { members.append(("root", root)) }
        if isRevision { members.append(("revise", .boolean(true))) }
        if let name = origin.string { decidedAt[name] = now }
        if command(authority, "decide", members) != nil { count(.decision) }
    }

    func isHonest(_ origin: OriginName) -> Bool {
        federation.topology.index(ofOrigin: origin.line).map { !watch.hostile.contains($0) } ?? true
    }

    /// Cities that keep to the rules.
    var honest: [City] { cities.filter { !watch.hostile.contains($0.place) } }
}
