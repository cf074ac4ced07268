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
        for line in lines { line.slowness = nil }
        for city in cities {
            city.disk.faults = DiskFaults()
            city.disk.haltMoment = nil
            city.disk.misdirectedSuffix = nil
        }
        let end = now + limit
        var reasons: [String] = []
        while now < end {
            for city in cities where city.life == nil && city.restartsAt == nil { start(city) }
            run(500)
            reasons = disagreements()
            if reasons.isEmpty { return [] }
        }
        return reasons
    }

    private struct Standing: Equatable {
        let size: UInt64
        let root: String
    }

    private func disagreements() -> [String] {
        var reasons: [String] = []
        var first: [OriginName: UInt64]?
        for city in honest {
            guard let node = city.node, let life = city.life, let sync = life.sync else {
                reasons.append("\(city.name) does not run")
                continue
            }
            if !sync.ask({ $0.isConfirmed }) { reasons.append("\(city.name) is not confirmed") }
            if let aside = try? node.log.asideCount(), aside > 0 { reasons.append("\(city.name) keeps \(aside) entries aside") }
            if let own = node.log.state(node.origin), own.checkpoint?.size ?? 0 < own.size {
                reasons.append("\(city.name) has not published all of its log")
            }
            guard let sizes = try? node.visibleSizes() else {
                reasons.append("\(city.name) does not know what it holds")
                continue
            }
            for state in node.log.states where sizes[state.origin] != state.size {
                reasons.append(
                    "\(city.name) holds \(sizes[state.origin] ?? 0) of \(state.size) entries of \(state.origin) whole")
            }
            if let first {
                for origin in Set(first.keys).union(sizes.keys).sorted() where first[origin] ?? 0 != sizes[origin] ?? 0 {
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

    /// Cities that keep to the rules.
    var honest: [City] { cities.filter { !watch.hostile.contains($0.place) } }
}
