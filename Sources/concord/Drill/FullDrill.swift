internal import Encoding
internal import Federation
internal import Foundation
internal import NodeRuntime

/// A city on a small disk that fills up while it records, and is freed; and one that is started on a full disk.
struct FullDrill {
    let rounds: Int
    let drill: Drill

    private static let city = 0
    private static let megabytes = 96
    private static let firstEvents: UInt64 = 2_000
    private static let patienceMilliseconds: UInt64 = 60_000

    func run() throws -> DrillReport {
        try Mounts.enter()
        let disk = "\(drill.workspace.path)/city-1"
        try Mounts.small(at: disk, megabytes: Self.megabytes)
        // However this ends, the nodes have ended by then: a folder on which something is mounted could not be removed.
        defer { try? Mounts.unmount(disk) }
        let federation = try drill.federation(cities: 2)
        return try Fleet.run(federation, drill.signals, logs: drill.workspace.path, servesHTTP: true) { fleet in
            try fleet.startAll()
            let load = DrillLoad(fleet, seed: drill.seed)
            for city in load.cities { try load.record(Self.firstEvents, in: city) }
            let check = DrillCheck(fleet: fleet, load: load)
            try check.arrival("the first events")
            var report = DrillReport("full", "A disk of \(Self.megabytes) MB that fills up under a city and is freed")
            load.start(seed: drill.seed)
            defer { load.abandon() }
            for number in 1...rounds {
                try fillUp(fleet, load, disk, number, &report)
                try startFull(fleet, load, disk, wasKilled: number.isMultiple(of: 2), &report)
            }
            report.add("rounds", "times that the disk filled up", UInt64(rounds))
            report.add("starts", "starts on a full disk", UInt64(rounds))
            report.add("refused", "requests that the city could not record", load.refusals(Self.city).count)
            if let last = load.refusals(Self.city).last { report.note("it said: \(last)") }
            try check.arrival("full")
            try load.finish()
            try check.all(&report)
            return report
        }
    }

    /// Fills the disk under a city that records, and frees it.
    private func fillUp(
        _ fleet: Fleet, _ load: DrillLoad, _ disk: String, _ number: Int, _ report: inout DrillReport
    ) throws {
        drill.note("round \(number): the disk fills up")
        let before = load.refusals(Self.city).count
        let ballast = try Ballast(in: disk, spare: number.isMultiple(of: 2) ? 0 : 200_000)
        try wait(fleet, load, "the city to say that its disk is full") {
            try load.refusals(Self.city).count > before && fleet.standing(Self.city).trouble != nil
        }
        let log = try String(contentsOfFile: fleet.logPath(Self.city), encoding: .utf8)
        if !log.contains("the store does not take what it should") {
            report.fail("the log does not say that the store is full")
        }
        try serves(fleet, load, &report)
        ballast.remove()
        try resumes(fleet, load)
    }

    /// Starts the city while its disk is full, and frees it then.
    private func startFull(
        _ fleet: Fleet, _ load: DrillLoad, _ disk: String, wasKilled: Bool, _ report: inout DrillReport
    ) throws {
        drill.note("the city is started on a full disk")
        load.hold(Self.city, true)
        usleepMilliseconds(50)
        if wasKilled { fleet.kill(Self.city) } else { try fleet.stop(Self.city) }
        let ballast = try Ballast(in: disk)
        try fleet.start(Self.city)
        try fleet.waitUntilReady(Self.city)
        load.hold(Self.city, false)
        try wait(fleet, load, "the city to say that its disk is full") { try fleet.standing(Self.city).trouble != nil }
        try serves(fleet, load, &report)
        ballast.remove()
        try resumes(fleet, load)
    }

    /// That a city on a full disk answers its own people and its peers: an aggregator that has lost everything takes the
    /// city's log from it alone.
    private func serves(_ fleet: Fleet, _ load: DrillLoad, _ report: inout DrillReport) throws {
        let aggregator = DrillFederation.aggregator(fleet.federation)
        drill.note("the city serves what it has")
        let standing = try fleet.standing(Self.city)
        guard let held = standing.log(fleet.federation.origin(Self.city)) else { return }
        if held.folded == 0 { report.fail("a city on a full disk has no events in its answers") }
        try readiness(fleet, 503, "a city on a full disk")
        let subject = BenchFederation.population.subject(0)
        var answer = try Answer(
            fleet.client(Self.city).call(
                "score", [("subject", .string("\(subject)")), ("day", .integer(Int64(DrillFederation.lastDay)))]))
        if try answer.text("subject") != "\(subject)" { report.fail("a city on a full disk does not answer for a subject") }
        for node in [1, aggregator] { try fleet.stop(node) }
        let folder = fleet.federation.folders[aggregator]
        for file in [folder.logFile, folder.standingsFile] {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
        }
        try fleet.start(aggregator)
        try fleet.waitUntilReady(aggregator)
        try wait(fleet, load, "the aggregator to take the log of the city with the full disk") {
            let log = try fleet.standing(aggregator).log(fleet.federation.origin(Self.city))
            return log?.recorded ?? 0 >= held.published
        }
        try fleet.start(1)
        try fleet.waitUntilReady(1)
    }

    /// That the city records again by itself once there is room.
    private func resumes(_ fleet: Fleet, _ load: DrillLoad) throws {
        let before = load.acknowledged[Self.city]
        try wait(fleet, load, "the city to record again now that there is room") {
            try load.acknowledged[Self.city] > before && fleet.standing(Self.city).trouble == nil
        }
        try readiness(fleet, 200, "a city that has room again")
    }

    /// Waits until `/readyz` answers so, as a load balancer would.
    private func readiness(_ fleet: Fleet, _ status: Int, _ who: String) throws {
        try fleet.wait(milliseconds: Self.patienceMilliseconds, every: 100, for: "\(who) to answer \(status) to /readyz") {
            try fleet.checkAlive(Self.city)
            // From its log: on a full disk the folder has no room for the file that says it.
            let log = try String(contentsOfFile: fleet.logPath(Self.city), encoding: .utf8)
            guard let url = log.split(separator: "\n").last(where: { $0.contains("HTTP at ") })?.split(separator: " ").last,
                let port = url.split(separator: ":").last.flatMap({ UInt16($0.prefix { $0.isNumber }) })
            else { return false }
            // The line may still be of the process before.
            return (try? WebVisitor(port: port, number: 0).get("/readyz"))?.status == status
        }
    }

    private func wait(_ fleet: Fleet, _ load: DrillLoad, _ what: String, _ condition: () throws -> Bool) throws {
        try fleet.wait(milliseconds: Self.patienceMilliseconds, every: 20, for: what) {
            try fleet.checkAlive(Self.city)
            try load.check()
            return try condition()
        }
    }
}
