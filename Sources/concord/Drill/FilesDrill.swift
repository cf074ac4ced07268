internal import Foundation
internal import NodeRuntime

/// Files of nodes damaged on disk, round by round, and what becomes of it.
struct FilesDrill {
    let rounds: Int
    /// Number of the first round: a later one can be repeated alone.
    let first: Int
    let drill: Drill

    private static let firstEvents: UInt64 = 3_000
    private static let roundEvents: ClosedRange<UInt64> = 1...400

    /// What the rounds came to, by what was struck.
    private struct Tally {
        var rows: [String: [FileOutcome: Int]] = [:]
        var order: [String] = []

        mutating func add(_ row: String, _ outcome: FileOutcome) {
            if rows[row] == nil { order.append(row) }
            rows[row, default: [:]][outcome, default: 0] += 1
        }

        func sum(_ outcome: FileOutcome) -> Int { order.reduce(0) { $0 + (rows[$1]?[outcome] ?? 0) } }

        var lines: [String] {
            var table = Table([("fault", .left)] + FileOutcome.allCases.map { ($0.rawValue, .right) })
            for row in order.sorted() {
                table.append([row] + FileOutcome.allCases.map { grouped(rows[row]?[$0] ?? 0) })
            }
            return table.lines
        }
    }

    func run() throws -> DrillReport {
        let federation = try drill.federation(cities: 2)
        return try Fleet.run(federation, drill.signals) { fleet in
            try fleet.startAll()
            let load = DrillLoad(fleet, seed: drill.seed)
            let check = DrillCheck(fleet: fleet, load: load)
            for city in load.cities { try load.record(Self.firstEvents, in: city) }
            try check.arrival("the first events")
            var report = DrillReport("files", "Files of cities and the aggregator damaged on disk")
            var tally = Tally()
            for number in first..<(first + rounds) {
                try drill.signals.check()
                try round(number, fleet, load, check, &tally, &report)
            }
            report.add("rounds", "faults", UInt64(rounds))
            for outcome in FileOutcome.allCases {
                report.add("\(outcome)", outcome.rawValue, UInt64(tally.sum(outcome)))
            }
            for line in tally.lines { report.note(line) }
            drill.note("waiting until all nodes agree")
            try check.all(&report)
            return report
        }
    }

    private func round(
        _ number: Int, _ fleet: Fleet, _ load: DrillLoad, _ check: DrillCheck, _ tally: inout Tally,
        _ report: inout DrillReport
    ) throws {
        var numbers = SeededNumbers(seed: "files \(drill.seed) \(number)")
        var (round, older) = try prepared(fleet, load, check, &numbers)
        while try !round.strike(older: older, &numbers) {
            if !fleet.isRunning(round.victim) { try fleet.start(round.victim) }
            (round, older) = try prepared(fleet, load, check, &numbers)
        }
        let row = "\(round.target.rawValue), \(round.fault.rawValue), \(round.moment.rawValue)"
        drill.note("round \(number): \(round.name), \(row)")
        var outcome = FileOutcome.wrong
        var flaws: [String]
        do {
            outcome = try round.recover()
            flaws = try round.flaws()
        } catch let failure as NodeFailure {
            // Nodes that were told to stop have done nothing wrong.
            try drill.signals.check()
            flaws = [failure.message]
        }
        if !flaws.isEmpty { outcome = .wrong }
        tally.add("\(round.target.rawValue), \(round.fault.rawValue)", outcome)
        try DrillJournal(drill.workspace).add(number, round, row, outcome, flaws)
        guard !flaws.isEmpty else { return }
        report.fail(
            "round \(number), \(round.name), \(row), \(round.description): \(flaws.prefix(3).joined(separator: "; ")) "
                + "[again: concord drill files --seed \(drill.seed) --first \(number) --rounds 1]")
        try putAside(number, round, fleet)
    }

    /// A fault chosen, an earlier state kept, and events recorded since.
    private func prepared(
        _ fleet: Fleet, _ load: DrillLoad, _ check: DrillCheck, _ numbers: inout SeededNumbers
    ) throws -> (FileRound, FileCopies) {
        let round = FileRound(fleet, load, check, &numbers)
        let older = FileCopies(round.folder)
        // The last round may have left a node that is still fetching.
        try check.arrival("a round to begin")
        for city in load.cities { try load.record(UInt64.random(in: Self.roundEvents, using: &numbers), in: city) }
        // What nobody else has yet could not come back.
        try check.arrival("what was recorded before a fault")
        return (round, older)
    }

    /// Keeps the damaged folder for looking at, and gives the node an empty one with its keys, which its peers fill.
    private func putAside(_ number: Int, _ round: FileRound, _ fleet: Fleet) throws {
        fleet.kill(round.victim)
        let path = "\(drill.workspace.path)/damaged-\(number)"
        try makeFolder(path)
        for target in FileTarget.allCases {
            if let bytes = round.damaged.bytes[target] { try writeFile("\(path)/\(target.rawValue)", bytes) }
        }
        for file in [round.folder.logFile, round.folder.standingsFile] {
            for suffix in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: file + suffix) }
        }
        try? FileManager.default.removeItem(atPath: round.folder.publishedFile)
        if let bytes = round.before.bytes[.identity] { try writeFile(round.folder.identityFile, bytes) }
        try fleet.start(round.victim)
    }
}

/// What was done and found in each round, in a file beside the stores.
private struct DrillJournal {
    private let path: String

    init(_ workspace: Workspace) { path = workspace.path + "/rounds.log" }

    func add(_ number: Int, _ round: FileRound, _ row: String, _ outcome: FileOutcome, _ flaws: [String]) throws {
        let lines =
            ["round \(number): \(round.name), \(row): \(round.description): \(outcome.rawValue)"]
            + (round.steps + flaws.map { "WRONG: \($0)" }).map { "    \($0)" }
        let old = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        try writeFile(path, Array((old + lines.joined(separator: "\n") + "\n").utf8))
    }
}
