internal import Encoding
internal import NodeRuntime
internal import Population

// What happens on the way, while events keep coming.
extension Pilot {
    /// Events of one city that are enough to show something, given how many there will be.
    private var someEvents: UInt64 {
        max(1, min(200, feed.scenario.expectedOccurrences / UInt64(40 * max(1, feed.scenario.cities.count))))
    }

    /// Waits until the residents have lived a part of their days, in hundredths.
    private func waitForDays(_ hundredths: Int) throws {
        try wait(for: "the residents' days to go by") {
            let progress = feed.progress
            return progress.lived * 100 >= progress.days * hundredths
        }
    }

    // MARK: A link is cut

    /// Cuts one city's link to the aggregator: what it records arrives through its neighbours.
    func cutLink() throws {
        try waitForDays(5)
        let city = cast.cut
        let names = federation.names
        try setLink(of: city, isCut: true)
        try wait(for: "the link of \(title(city)) to end") { try !fleet.standing(cast.aggregator).linked.contains(names[city]) }
        let before = try arrivals(from: city)
        let goal = before.size + someEvents
        try board.say(["", "\(title(city))'s link to the \(title(cast.aggregator)) is cut."])
        try wait(for: "events of \(title(city)) to arrive through a neighbour") { try arrivals(from: city).size >= goal }
        let after = try arrivals(from: city)
        guard try !fleet.standing(cast.aggregator).linked.contains(names[city]) else {
            throw NodeFailure(.internal, "the link of \(title(city)) is back though it is cut")
        }
        try board.say(lines(from: city, before, after))
        try setLink(of: city, isCut: false)
        try wait(for: "the link of \(title(city)) to come back") {
            try fleet.standing(cast.aggregator).linked.contains(names[city])
        }
        try board.say("  The link is back.")
    }

    private func setLink(of city: Int, isCut: Bool) throws {
        _ = try fleet.client(city).call(
            "link", [("peer", .string(federation.names[cast.aggregator])), ("cut", .boolean(isCut))])
    }

    /// How many entries of a city the aggregator holds, and through whom each came.
    private struct Arrivals {
        let size: UInt64
        let ways: [String: UInt64]
    }

    private func arrivals(from city: Int) throws -> Arrivals {
        guard let log = try fleet.standing(cast.aggregator).log(federation.origin(city)) else {
            return Arrivals(size: 0, ways: [:])
        }
        return Arrivals(size: log.recorded, ways: Dictionary(log.takenFrom.map { ($0.peer, $0.entries) }, uniquingKeysWith: +))
    }

    private func lines(from city: Int, _ before: Arrivals, _ after: Arrivals) -> [String] {
        let parts = federation.names.indices.compactMap { node -> String? in
            let name = federation.names[node]
            let count = (after.ways[name] ?? 0) - (before.ways[name] ?? 0)
            guard count > 0 || node == city else { return nil }
            return "\(grouped(count)) \(node == city ? "from \(title(node)) itself" : "through \(title(node))")"
        }
        return [
            "  \(counted(after.size - before.size, "entry", "entries")) of \(title(city)) reached the aggregator all the same: "
                + parts.joined(separator: ", ") + "."
        ]
    }

    // MARK: A city is stopped

    /// Stops one city and starts it again: its events wait, others' come in when it is back.
    func stopCity() throws {
        try waitForDays(25)
        let city = cast.stopped
        let before = feed.progress
        let milliseconds = try fleet.stop(city)
        let stoppedAt = steadyMilliseconds()
        try board.say(["", "\(title(city)) is stopped (SIGTERM, \(duration(milliseconds: Int64(milliseconds))))."])
        try wait(for: "events to come while \(title(city)) is away") {
            let away = feed.progress
            return away.allRecorded >= before.allRecorded + someEvents && steadyMilliseconds() >= stoppedAt + 1_000
        }
        let waiting = feed.progress
        try fleet.start(city)
        let missed = try fleet.standing(cast.aggregator).recorded
        try fleet.waitUntilReady(city)
        let backAt = steadyMilliseconds()
        let goal = waiting.recorded[city] + UInt64(waiting.waiting[city])
        try wait(for: "\(title(city)) to catch up") {
            guard feed.progress.recorded[city] >= goal else { return false }
            return try fleet.standing(city).recorded >= missed
        }
        let elapsed = duration(milliseconds: Int64(steadyMilliseconds() - backAt))
        try board.say(
            "  It is back after \(duration(milliseconds: Int64(backAt - stoppedAt))). The others recorded "
                + "\(counted(waiting.allRecorded - before.allRecorded, "event")) meanwhile, and "
                + "\(counted(waiting.waiting[city], "event")) waited for it; all of it was there \(elapsed) later.")
    }

    // MARK: A store is damaged

    /// Damages one city's store on disk; `verify` finds it and `resync` mends it from the peers.
    func damageStore() throws {
        try waitForDays(45)
        let city = cast.damaged
        let before = feed.progress.allRecorded
        feed.hold(city, true)
        // What nobody else has yet could not come back.
        try wait(for: "the aggregator to hold what \(title(city)) recorded") {
            let own = try fleet.standing(city).own?.recorded ?? 0
            return try fleet.standing(cast.aggregator).log(federation.origin(city))?.recorded ?? 0 >= own
        }
        let damage = try StoreDamage(fleet.standing(city), seed: options.seed)
        try fleet.stop(city)
        let copy = try StoreCopy(federation.folders[city])
        do {
            try damage.strike(federation.folders[city])
            try board.say(["", "\(title(city)) is stopped, and its store is damaged on disk: \(damage.description)."])
            try fleet.start(city)
            try fleet.waitUntilReady(city)
            try verify(city)
            try resync(city)
            try checkSound(city)
        } catch {
            // Who interrupts the run gets sound stores, also where there was no time to mend this one.
            guard signals.signal != nil else { throw error }
            fleet.end()
            try copy.restore()
            throw error
        }
        copy.remove()
        feed.hold(city, false)
        let others = feed.progress.allRecorded - before
        try board.say("  Meanwhile \(counted(others, "event")) were recorded elsewhere, and \(title(city)) goes on recording.")
    }

    private func verify(_ city: Int) throws {
        var answer = try Answer(fleet.client(city).call("verify"))
        let count = Int(try answer.number("damage_count"))
        let entries = try answer.number("entries")
        guard count > 0 else {
            throw NodeFailure(.internal, "verify found nothing wrong in the damaged store of \(title(city))")
        }
        try board.say(
            ["  concord verify: \(grouped(entries)) entries hashed, \(counted(count, "place")) damaged:"]
                + limited(try answer.texts("damages"), of: count, to: 6).map { "  " + $0 })
    }

    private func resync(_ city: Int) throws {
        // The peers are linked again when they have been heard.
        try wait(for: "\(title(city)) to be linked with its peers") { try !fleet.standing(city).linked.isEmpty }
        try fleet.waitUntilConfirmed(city)
        var answer = try Answer(fleet.client(city).call("resync"))
        guard try answer.flag("whole") else {
            throw NodeFailure(.refused, (["resync left damage behind:"] + (try answer.texts("left"))).joined(separator: "\n  "))
        }
        try board.say(
            "  concord resync: \(counted(try answer.number("repaired"), "entry", "entries")) fetched from peers and mended, "
                + "\(counted(try answer.number("repaired_locally"), "bundle")) mended from what was stored; "
                + "\(grouped(try answer.number("fetched_bytes"))) bytes fetched in "
                + "\(counted(try answer.number("round_trips"), "round trip")) for \(grouped(try answer.number("missing_bytes"))) missing."
        )
    }

    private func checkSound(_ city: Int) throws {
        var answer = try Answer(fleet.client(city).call("verify"))
        guard try answer.flag("sound") else {
            let left = try answer.texts("damages") + answer.texts("damaged_subjects")
            throw NodeFailure(
                .refused, (["\(title(city)) is not sound after the resync:"] + left.prefix(20)).joined(separator: "\n  "))
        }
        try board.say(
            "  concord verify: \(grouped(try answer.number("entries"))) entries hashed and folded again, all is sound.")
    }
}
