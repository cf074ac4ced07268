internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Simulation

/// Runs each target in a process of its own, watches for crashes, hangs and memory, and keeps what caused them.
struct FuzzSupervisor {
    /// Processor time after which an input that is still running hangs, in milliseconds; and time in all, for one that waits.
    private static let hangMilliseconds: UInt64 = 5_000
    private static let waitMilliseconds: UInt64 = 60_000
    /// Memory that no target may take: inputs are of a few thousand bytes.
    private static let memoryBytes: UInt64 = 1 << 30
    private static let pollMilliseconds: UInt32 = 20

    private let plan: FuzzPlan
    private let targets: [FuzzTarget]
    private let workers: Int
    private let findings: String

    init(_ plan: FuzzPlan, _ targets: [FuzzTarget], workers: Int, findings: String) {
        self.plan = plan
        self.targets = targets
        self.workers = workers
        self.findings = findings
    }

    /// Reports on all targets, in the order in which they ended, each told to `ended` at once.
    func run(_ ended: (FuzzReport) throws -> Void) throws -> [FuzzReport] {
        let workspace = try Workspace(nil, purpose: "fuzz")
        defer { workspace.removeIfTemporary() }
        var waiting = targets[...]
        var running: [Worker] = []
        var reports: [FuzzReport] = []
        defer { for worker in running { worker.process.send(SIGKILL) } }
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < workers, let target = waiting.popFirst() {
                running.append(try Worker(target, plan, folder: workspace.path))
            }
            usleepMilliseconds(Self.pollMilliseconds)
            for place in running.indices.reversed() {
                guard let report = try look(at: &running[place]) else { continue }
                running.remove(at: place)
                reports.append(report)
                try ended(report)
            }
        }
        return reports
    }

    /// What came of a worker; nil while it runs and all is well.
    private func look(at worker: inout Worker) throws -> FuzzReport? {
        worker.peakMemoryBytes = max(worker.peakMemoryBytes, worker.process.peakMemoryBytes ?? 0)
        if let ending = worker.process.ending() {
            let answer = worker.answer
            if ending.isClean, let answer, answer["failure"] == nil { return worker.report(answer) }
            let failure = answer?["failure"].flatMap { if case .string(let text) = $0.content { text } else { nil } }
            return try broken(worker, failure ?? "it crashed (\(ending)): \(worker.lastWords)")
        }
        if worker.isStuck(processor: Self.hangMilliseconds, wall: Self.waitMilliseconds) {
            return try broken(worker, "it hangs: one input takes over \(Self.hangMilliseconds / 1_000) s", isRunning: true)
        }
        guard worker.peakMemoryBytes <= Self.memoryBytes else {
            return try broken(worker, "it took \(worker.peakMemoryBytes >> 20) MiB of memory", isRunning: true)
        }
        return nil
    }

    private func broken(_ worker: Worker, _ failure: String, isRunning: Bool = false) throws -> FuzzReport {
        var report = worker.report(nil)
        report.failure = failure
        report.file = try FuzzCorpus(path: findings).keepFinding(worker.mailbox.input, of: worker.target)
        if isRunning {
            worker.process.send(SIGKILL)
            while worker.process.ending() == nil { usleepMilliseconds(1) }
        }
        return report
    }
}

/// One target's process.
private struct Worker {
    let target: FuzzTarget
    let process: ChildProcess
    let mailbox: FuzzMailbox
    var peakMemoryBytes: UInt64 = 0
    private let logPath: String
    private let started = steadyMilliseconds()
    /// The count of inputs when it was last seen to grow, and what the clocks said.
    private var executions: UInt64 = 0
    private var processorTicks: UInt64 = 0
    private var wallMilliseconds = steadyMilliseconds()

    init(_ target: FuzzTarget, _ plan: FuzzPlan, folder: String) throws {
        self.target = target
        logPath = "\(folder)/\(target.name).log"
        let path = "\(folder)/\(target.name).input"
        guard let mailbox = FuzzMailbox(path: path, maximumBytes: FuzzMailbox.maximumInput) else {
            throw NodeFailure(.storage, "\(path) cannot be mapped: name another folder for temporary files in TMPDIR")
        }
        self.mailbox = mailbox
        process = try ChildProcess(arguments: plan.arguments(target, mailbox: path), logPath: logPath)
    }

    /// Whether no input was finished in the times given, in milliseconds.
    mutating func isStuck(processor: UInt64, wall: UInt64) -> Bool {
        let ticks = process.processorTicks ?? processorTicks
        let now = steadyMilliseconds()
        if mailbox.executions != executions {
            executions = mailbox.executions
            processorTicks = ticks
            wallMilliseconds = now
        }
        return (ticks - min(ticks, processorTicks)) * 10 > processor || now - wallMilliseconds > wall
    }

    private var lines: [Substring] {
        let log = (try? readFile(logPath, limit: 1 << 20)) ?? []
        return String(decoding: log, as: UTF8.self).split(separator: "\n")
    }

    var answer: JSONValue? { lines.last.flatMap { try? JSONValue.parse(Array($0.utf8)) } }

    /// What a crash says of itself: the first line that names an error, or else the first.
    var lastWords: String {
        let words = lines.first { $0.contains("rror") } ?? lines.first ?? "it said nothing"
        return String(words.prefix(300))
    }

    func report(_ answer: JSONValue?) -> FuzzReport {
        var report = FuzzReport(
            target: target.name, executions: mailbox.executions, milliseconds: steadyMilliseconds() - started)
        if case .integer(let milliseconds)? = answer?["milliseconds"]?.content { report.milliseconds = UInt64(milliseconds) }
        if case .integer(let behaviours)? = answer?["behaviours"]?.content { report.behaviours = Int(behaviours) }
        report.peakMemoryBytes = peakMemoryBytes
        return report
    }
}
