internal import Encoding
internal import Foundation
internal import NodeRuntime

/// How the node was when its file was struck.
enum FileMoment: String, CaseIterable, Sendable {
    /// Stopped in order: all in the database file.
    case stopped
    /// Killed: much of it in the write-ahead log.
    case killed
    case running
}

/// What came of a fault.
enum FileOutcome: String, CaseIterable, Sendable {
    /// Nothing had to be done: every event is there, and every score.
    case harmless
    /// `concord verify` named it, and `concord resync` mended it.
    case mended = "found and mended"
    /// The node did not start, and said what to do, which helped.
    case refused = "refused, advice helped"
    /// Something is lost or differs, and nobody said so; or what was said did not help.
    case wrong
}

/// One fault, and what it takes to have everything back.
struct FileRound {
    let fleet: Fleet
    let load: DrillLoad
    let check: DrillCheck
    let victim: Int
    let moment: FileMoment
    let target: FileTarget
    let fault: FileFault
    /// What was done, in words.
    var description = ""
    /// What the operator was told and did, and what was found.
    var steps: [String] = []
    /// The files before and after the fault.
    private(set) var before = FileCopies()
    private(set) var damaged = FileCopies()

    static let startMilliseconds: UInt64 = 30_000

    var folder: NodeFolder { fleet.federation.folders[victim] }
    var name: String { fleet.federation.names[victim] }

    init(_ fleet: Fleet, _ load: DrillLoad, _ check: DrillCheck, _ numbers: inout SeededNumbers) {
        self.fleet = fleet
        self.load = load
        self.check = check
        victim = Int.random(in: fleet.federation.names.indices, using: &numbers)
        let fault = FileFault.random(&numbers)
        self.fault = fault
        let target = FileTarget.random(&numbers)
        self.target = fault == .olderFolder ? .log : target
        let moment = FileMoment.allCases[Int.random(in: FileMoment.allCases.indices, using: &numbers)]
        // Nobody puts a backup back under a running node.
        self.moment = moment == .running && [.olderFile, .olderFolder].contains(fault) ? .killed : moment
    }

    // MARK: The fault

    /// Strikes; false where the fault would change nothing.
    mutating func strike(older: FileCopies, _ numbers: inout SeededNumbers) throws -> Bool {
        switch moment {
        case .stopped: try fleet.stop(victim)
        case .killed: fleet.kill(victim)
        case .running: break
        }
        before = FileCopies(folder)
        defer { damaged = FileCopies(folder) }
        if fault == .olderFolder {
            try older.restore(folder)
            description = "all files as they were before"
            return true
        }
        if target == .lock {
            // It is empty: whatever stands in it must not matter.
            try FileFault.write(
                folder.lockFile, (0..<100).map { _ in UInt8.random(in: 0...255, using: &numbers) }[...], at: 0, length: nil)
            description = "filled with noise"
            return true
        }
        guard FileManager.default.fileExists(atPath: target.path(folder)),
            let words = try fault.strike(target.path(folder), older: older.bytes[target], &numbers)
        else { return false }
        description = words
        return true
    }

    // MARK: What an operator does

    /// Brings the node back as its own words say.
    mutating func recover() throws -> FileOutcome {
        var outcome = FileOutcome.harmless
        if moment == .running {
            if try mendRunning() { outcome = .mended }
            fleet.kill(victim)
        }
        try fleet.start(victim)
        if let refusal = try refusal() {
            outcome = .refused
            steps.append(refusal)
            try follow(refusal)
            try fleet.start(victim)
            if let again = try self.refusal() { throw NodeFailure(.refused, "refused again: \(again)") }
        }
        try waitForLinks()
        if try mend() == true, outcome == .harmless { outcome = .mended }
        return outcome
    }

    /// Lets a running node meet its damage: it records, serves and verifies; true where it found and mended some.
    private mutating func mendRunning() throws -> Bool {
        if victim < load.cities.upperBound {
            do {
                try load.record(8, in: victim)
                // What only a damaged disk holds can be lost with it: it has to leave the node first.
                try waitUntilReplicated()
            } catch let failure as NodeFailure where failure.code == .storage { steps.append("record: \(failure)") }
        }
        guard fleet.isRunning(victim) else { throw NodeFailure(.refused, "it died under the fault: see its log") }
        do { return try mend(isFinal: false) ?? false } catch let failure as NodeFailure {
            steps.append("while running: \(failure)")
            return false
        }
    }

    /// Waits until another node holds all that the struck one has acknowledged.
    private func waitUntilReplicated() throws {
        let origin = fleet.federation.origin(victim)
        let other = DrillFederation.aggregator(fleet.federation)
        let client = try fleet.client(other)
        try fleet.wait(milliseconds: 20_000, for: "what \(name) recorded on a damaged disk to leave it") {
            try NodeStanding(client).log(origin)?.recorded ?? 0 >= load.acknowledged[victim]
        }
    }

    /// Waits until the node answers; what it said where it ended instead.
    private func refusal() throws -> String? {
        let deadline = steadyMilliseconds() + Self.startMilliseconds
        while try NodeClient(running: folder) == nil {
            guard fleet.isRunning(victim) else {
                let log = (try? String(contentsOfFile: fleet.logPath(victim), encoding: .utf8)) ?? ""
                let line = log.split(separator: "\n").last.map(String.init) ?? "it said nothing"
                guard fleet.ending(victim)?.status == 1 << 8 else {
                    throw NodeFailure(
                        .refused, "it ended with \(fleet.ending(victim).map { "\($0)" } ?? "nothing") at its start: \(line)")
                }
                return line
            }
            guard steadyMilliseconds() < deadline else { throw NodeFailure(.unavailable, "it neither starts nor ends") }
            usleepMilliseconds(5)
        }
        return nil
    }

    /// Does what a refusal asks for.
    private mutating func follow(_ refusal: String) throws {
        if refusal.contains("concord rescue --data") {
            let output = "\(fleet.logPath(victim)).rescue"
            let process = try ChildProcess(arguments: ["rescue", "--data", folder.path], logPath: output)
            var ending = process.ending()
            while ending == nil {
                usleepMilliseconds(5)
                ending = process.ending()
            }
            let said = ((try? String(contentsOfFile: output, encoding: .utf8)) ?? "").split(separator: "\n").suffix(4)
            guard ending?.isClean == true else {
                throw NodeFailure(.refused, "concord rescue failed: \(said.joined(separator: " / "))")
            }
            steps += said.map(String.init)
        } else if refusal.contains("put the file back from a backup"), let bytes = before.bytes[target] {
            // Configuration that only the operator has.
            try writeFile(target.path(folder), bytes)
        } else {
            throw NodeFailure(.refused, "it does not start and does not say what to do: \(refusal)")
        }
    }

    private func waitForLinks() throws {
        let client = try fleet.client(victim)
        try fleet.wait(milliseconds: 60_000, for: "\(name) to be linked with all peers") {
            try fleet.checkAlive(victim)
            return try NodeStanding(client).linked.count == fleet.federation.names.count - 1
        }
    }

    /// Verifies and, where something is damaged, resynchronises; true where that was so and all is sound now.
    ///
    /// - Parameter isFinal: what is left must be nothing.
    private mutating func mend(isFinal: Bool = true) throws -> Bool? {
        let client = try fleet.client(victim)
        let (isSound, damages) = try check.verification(client)
        if isSound { return false }
        steps += damages.prefix(3).map { "verify: \($0)" } + ["verify: \(damages.count) in all"]
        var answer = try Answer(client.call("resync"))
        let isWhole = try answer.flag("whole")
        let left = try answer.texts("left")
        if !isWhole { steps += left.prefix(3).map { "resync left: \($0)" } }
        if let advice = left.first(where: { $0.contains("concord rescue --data") }) {
            try fleet.stop(victim)
            try follow(advice)
            try fleet.start(victim)
            if let again = try refusal() { throw NodeFailure(.refused, "refused after the rescue: \(again)") }
            try waitForLinks()
            return try mend(isFinal: isFinal)
        }
        guard isFinal else { return isWhole }
        guard isWhole else { throw NodeFailure(.refused, "resync left damage: \(left.first ?? "")") }
        return true
    }

    /// Whether everything is as it was: at every node every event, every store sound, one verdict.
    func flaws() throws -> [String] {
        try check.arrival("round")
        return try check.sizes() + check.soundness(of: victim) + check.verdict()
    }
}
