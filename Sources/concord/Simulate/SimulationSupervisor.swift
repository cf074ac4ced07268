internal import ArgumentParser
internal import Encoding
internal import Foundation
internal import NodeRuntime
internal import Simulation

/// Runs seeds in a process: SQLite's random numbers belong to one. For each seed a line of JSON on the standard output.
enum SimulationWorker {
    static func run(_ seeds: Range<UInt64>, _ options: Simulation.Options) throws {
        for seed in seeds {
            let outcome = try Simulation.run(seed: seed, options)
            try Output.line(
                JSONValue.object([
                    JSONMember("seed", .string("\(seed)")),
                    JSONMember("virtual_ms", .integer(Int64(outcome.virtualMilliseconds))),
                    JSONMember(
                        "counts",
                        .object(
                            outcome.counts.sorted { $0.key < $1.key }.map {
                                JSONMember($0.key.rawValue, .integer(Int64($0.value)))
                            })),
                    JSONMember("failures", .array(outcome.failures.map { .string($0) })),
                ]).text)
        }
    }
}

/// Shares seeds out to processes, a few at a time, and gathers what came of them. A process that dies has failed its seed,
/// and the seeds behind it are given to another.
struct SimulationSupervisor {
    private static let share: UInt64 = 25

    let arguments: [String]
    let workers: Int
    let replay: (UInt64) -> String

    private struct Running {
        let process: ChildProcess
        let seeds: Range<UInt64>
        let output: String
    }

    func run(_ seeds: Range<UInt64>) throws -> SimulationReport {
        let workspace = try Workspace(nil, purpose: "simulate")
        defer { workspace.removeIfTemporary() }
        var report = SimulationReport()
        var waiting: [Range<UInt64>] = stride(from: seeds.lowerBound, to: seeds.upperBound, by: Int(Self.share)).map {
            $0..<min($0 + Self.share, seeds.upperBound)
        }.reversed()
        var running: [Running] = []
        defer { for worker in running { worker.process.send(SIGKILL) } }
        var started = 0
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < workers, let share = waiting.popLast() {
                let output = workspace.path + "/\(started)"
                started += 1
                running.append(Running(process: try start(share, output), seeds: share, output: output))
            }
            usleepMilliseconds(20)
            for place in running.indices.reversed() {
                guard let ending = running[place].process.ending() else { continue }
                let ended = running.remove(at: place)
                let next = try gather(ended, into: &report)
                if next < ended.seeds.upperBound {
                    report.add(seed: next, ["the process ended with \(ending)"], 0, [:], replay: replay)
                    if next + 1 < ended.seeds.upperBound { waiting.append((next + 1)..<ended.seeds.upperBound) }
                }
            }
        }
        return report
    }

    private func start(_ seeds: Range<UInt64>, _ output: String) throws -> ChildProcess {
        try ChildProcess(
            arguments: ["simulate", "--worker", "--seed", "\(seeds.lowerBound)", "--seeds", "\(seeds.count)"] + arguments,
            logPath: output)
    }

    /// Takes what a process has said; returns the first seed that it has said nothing of.
    private func gather(_ ended: Running, into report: inout SimulationReport) throws -> UInt64 {
        var next = ended.seeds.lowerBound
        let bytes = try readFile(ended.output, limit: 64 << 20)
        for line in bytes.split(separator: 0x0a) {
            guard let value = try? JSONValue.parse(Array(line)), var answer = try? Answer(value),
                let seed = UInt64(try answer.text("seed")), case .object(let members)? = try answer.member("counts")?.content
            else { continue }
            var counts: [String: Int64] = [:]
            for member in members { if case .integer(let count) = member.value.content { counts[member.name] = count } }
            report.add(
                seed: seed, try answer.texts("failures"), try answer.number("virtual_ms"), counts, replay: replay)
            next = seed + 1
        }
        return next
    }
}
