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
                    JSONMember("trace", .string("\(outcome.trace)")),
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
    /// Seeds that one process runs.
    private static let most: UInt64 = 25

    /// Seeds with the options that they are run with.
    struct Portion {
        var seeds: Range<UInt64>
        let arguments: [String]
    }

    let workers: Int
    let replay: (UInt64, [String]) -> String

    private struct Running {
        let process: ChildProcess
        let portion: Portion
        let output: String
    }

    /// Runs portions in their order.
    func run(_ portions: [Portion]) throws -> SimulationReport {
        let workspace = try Workspace(nil, purpose: "simulate")
        defer { workspace.removeIfTemporary() }
        var report = SimulationReport()
        var waiting: [Portion] = portions.flatMap(Self.shares).reversed()
        var running: [Running] = []
        defer { for worker in running { worker.process.send(SIGKILL) } }
        var started = 0
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < workers, let portion = waiting.popLast() {
                let output = workspace.path + "/\(started)"
                started += 1
                running.append(Running(process: try start(portion, output), portion: portion, output: output))
            }
            usleepMilliseconds(20)
            for place in running.indices.reversed() {
                guard let ending = running[place].process.ending() else { continue }
                let ended = running.remove(at: place)
                var rest = ended.portion
                let next = try gather(ended, into: &report)
                guard next < rest.seeds.upperBound else { continue }
                report.add(
                    seed: next, ["the process ended with \(ending)"], 0, [:], trace: 0, replay: replay(next, rest.arguments))
                rest.seeds = (next + 1)..<rest.seeds.upperBound
                if !rest.seeds.isEmpty { waiting.append(rest) }
            }
        }
        return report
    }

    private static func shares(_ portion: Portion) -> [Portion] {
        stride(from: portion.seeds.lowerBound, to: portion.seeds.upperBound, by: Int(most)).map {
            Portion(seeds: $0..<min($0 + most, portion.seeds.upperBound), arguments: portion.arguments)
        }
    }

    private func start(_ portion: Portion, _ output: String) throws -> ChildProcess {
        let seeds = ["--seed", "\(portion.seeds.lowerBound)", "--seeds", "\(portion.seeds.count)"]
        return try ChildProcess(arguments: ["simulate", "--worker"] + seeds + portion.arguments, logPath: output)
    }

    /// Takes what a process has said; returns the first seed that it has said nothing of.
    private func gather(_ ended: Running, into report: inout SimulationReport) throws -> UInt64 {
        var next = ended.portion.seeds.lowerBound
        let bytes = try readFile(ended.output, limit: 64 << 20)
        for line in bytes.split(separator: 0x0a) {
            guard let value = try? JSONValue.parse(Array(line)), var answer = try? Answer(value),
                let seed = UInt64(try answer.text("seed")), case .object(let members)? = try answer.member("counts")?.content
            else { continue }
            var counts: [String: Int64] = [:]
            for member in members { if case .integer(let count) = member.value.content { counts[member.name] = count } }
            report.add(
                seed: seed, try answer.texts("failures"), try answer.number("virtual_ms"), counts,
                trace: UInt64(try answer.text("trace")) ?? 0, replay: replay(seed, ended.portion.arguments))
            next = seed + 1
        }
        return next
    }
}
